package io.flm.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.flm.worker.ShownSamples;
import io.flm.worker.ShownSamples.Prediction;
import io.flm.worker.ShownSamples.Predictions;
import io.flm.worker.ShownSamples.Sample;
import java.util.List;
import org.junit.jupiter.api.Test;

class SampleHistoryTest {
    private final SampleHistory history = new SampleHistory();

    private static Sample sample(String name) {
        return new Sample("s:" + name, name, List.of(name), "", List.of(), "iVBORw0KGgo=");
    }

    private static Predictions at(long step) {
        return new Predictions(step, List.of(new Prediction("after " + step, 1.0, List.of())));
    }

    private List<Long> steps() {
        return history.view("r", 0).steps();
    }

    @Test
    void theFirstAndTheNewestPredictionsAreKeptHoweverLongARunTrains() {
        for (long step = 10; step <= 100_000; step += 10) {
            history.add(at(step));
            assertThat(history.predictions()).hasSizeLessThanOrEqualTo(SampleHistory.MOST);
        }
        assertThat(steps())
                .startsWith(10L)
                .endsWith(99_990L, 100_000L)
                .isSorted()
                .hasSizeGreaterThan(SampleHistory.MOST / 2);
        assertThat(steps().get(1)).as("the older, the fewer").isGreaterThan(1000);
    }

    @Test
    void predictionsOfStepsThatAreDoneAgainAreDropped() {
        List.of(10L, 20L, 30L, 40L).forEach(step -> history.add(at(step)));
        history.add(at(20));
        assertThat(steps()).containsExactly(10L, 20L);
    }

    @Test
    void whoeverAsksForAStepIsToldOfTheLastWeightsBeforeIt() {
        history.show(0, sample("cat"));
        assertThat(history.view("r", 5).step()).isNull();
        assertThat(history.view("r", 5).samples().get(0).prediction()).isNull();
        List.of(10L, 20L, 30L).forEach(step -> history.add(at(step)));
        assertThat(history.view("r", Long.MAX_VALUE).step()).isEqualTo(30);
        assertThat(history.view("r", 29).step()).isEqualTo(20);
        assertThat(history.view("r", 0).step()).as("none is older").isEqualTo(10);
        Prediction told = history.view("r", 29).samples().get(0).prediction();
        assertThat(told).isNotNull().extracting(Prediction::caption).isEqualTo("after 20");
    }

    @Test
    void aSampleThatWasNotHeardOfIsLeftOutAndOnesBeyondTheBoundArePassedOver() {
        history.show(1, sample("dog"));
        history.show(-1, sample("no"));
        history.show(ShownSamples.MOST, sample("no"));
        history.add(at(10));
        assertThat(history.view("r", 10).samples()).singleElement().satisfies(shown -> {
            assertThat(shown.number()).isEqualTo(1);
            assertThat(shown.prediction()).as("fewer predictions than samples").isNull();
        });
        assertThat(history.picture(1).png()).isEqualTo("iVBORw0KGgo=");
        assertThat(history.picture(0).png()).isNull();
        assertThat(history.picture(ShownSamples.MOST).png()).isNull();
    }

    @Test
    void whatCameBeforeIsPutInFront() {
        SampleHistory before = new SampleHistory();
        before.show(0, sample("old cat"));
        before.show(1, sample("dog"));
        List.of(10L, 20L, 30L).forEach(step -> before.add(at(step)));
        history.show(0, sample("cat"));
        history.add(at(25));
        history.prepend(before);
        assertThat(steps()).containsExactly(10L, 20L, 25L);
        assertThat(history.view("r", 25).samples())
                .extracting(SamplesView.Shown::name)
                .containsExactly("cat", "dog");
    }
}
