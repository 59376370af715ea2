package io.flm.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.flm.worker.AsyncTrainer.Shares;
import io.flm.worker.AsyncTrainer.Traffic;
import io.flm.worker.ShownSamples;
import io.flm.worker.ShownSamples.Prediction;
import io.flm.worker.ShownSamples.Predictions;
import io.flm.worker.ShownSamples.Sample;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What members tell beside their steps: held-out samples that people look at, and where their time goes. */
class CoordinatorSamplesTest extends ClusterTest {
    private static ShownSamples after(long step) {
        return new ShownSamples(
                List.of(new Sample("s:1", "a cat", List.of("cat"), "", List.of(), "iVBORw0KGgo=")),
                new Predictions(step, List.of(new Prediction("after " + step, 1.0, List.of()))));
    }

    private static void show(TestCluster c, String worker, long step) {
        c.trainer(worker).show(after(step));
        c.actors.settle();
    }

    @Test
    void whatRankZeroShowsIsToldAndListenersHearOfIt() {
        TestCluster c = training("w1", "w2");
        List<RunEvents> told = new ArrayList<>();
        c.subscribe("", 0, told::add);
        c.actors.settle();
        show(c, "w1", 20);
        show(c, "w1", 40);
        assertThat(c.samples(Long.MAX_VALUE).steps()).containsExactly(20L, 40L);
        assertThat(c.samples(30).samples()).singleElement().satisfies(shown -> {
            assertThat(shown.name()).isEqualTo("a cat");
            assertThat(shown.prediction()).isEqualTo(new Prediction("after 20", 1.0, List.of()));
        });
        assertThat(c.picture(0).png()).isEqualTo("iVBORw0KGgo=");
        c.subscribe(told.get(0).source(), told.get(0).last(), told::add);
        c.actors.settle();
        assertThat(told.get(1).events())
                .extracting(RunEvents.Numbered::event)
                .contains(new RunEvent.Sampled(20), new RunEvent.Sampled(40));
    }

    @Test
    void aCoordinatorThatHasJustBegunHearsOfTheSamplesAgain() {
        TestCluster c = training("w1", "w2");
        show(c, "w1", 20);
        c.moveCoordinator();
        c.expect("training");
        assertThat(c.samples(40).samples()).isEmpty();
        show(c, "w1", 40);
        assertThat(c.samples(40).steps()).containsExactly(40L);
        assertThat(c.picture(0).png()).isEqualTo("iVBORw0KGgo=");
    }

    @Test
    void anotherRunBeginsWithoutThem() {
        TestCluster c = training("w1");
        show(c, "w1", 20);
        c.stop("enough");
        c.steps(1);
        c.expectAfter(2000, "finished");
        assertThat(c.samples(20).steps())
                .as("of a run that has ended they stay")
                .containsExactly(20L);
        c.submit(TestCluster.plan(1, 0).withId("another"));
        assertThat(c.samples(20).steps()).isEmpty();
    }

    @Test
    void eachMemberTellsWhereItsTimeGoes() {
        TestCluster c = training("w1", "w2");
        assertThat(c.worker("w2").timeShares()).isNull();
        c.steps(10);
        Shares shares = new Shares(0.1, 0.2, 0.4, 0.2, 0.1);
        assertThat(c.worker("w1").timeShares()).isEqualTo(shares);
        assertThat(c.worker("w1").traffic()).isEqualTo(new Traffic(3e6, 2e6));
        assertThat(c.worker("w2").timeShares()).isEqualTo(shares);
        c.drain("w2", "hot");
        c.steps(1);
        c.expectAfter(2000, "training");
        assertThat(c.worker("w2").timeShares()).as("it is no member any more").isNull();
        assertThat(c.worker("w2").traffic()).isNull();
    }
}
