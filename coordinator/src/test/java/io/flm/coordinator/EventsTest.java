package io.flm.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.flm.coordinator.RunEvents.Numbered;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Who follows the events knows the run as it stands: that is all they need to be. */
class EventsTest extends ClusterTest {
    /** A listener that makes the run of what it hears. */
    private static final class Follower {
        private final TestCluster cluster;
        private final List<RunEvent> heard = new ArrayList<>();
        private RunEvents last = new RunEvents("", 0, null, List.of());
        private int anew;
        private String id = "";
        private String state = "";
        private String reason = "";
        private long step;
        private long generation;
        private @Nullable Double loss;
        private List<String> notes = List.of();
        private RunView.@Nullable CheckpointView checkpoint;
        private @Nullable String weightsSha256;
        private final Map<String, RunView.WorkerView> workers = new TreeMap<>();

        Follower(TestCluster cluster) {
            this.cluster = cluster;
        }

        /** Asks until nothing new is told. */
        void follow() {
            List<RunEvents> answers = new ArrayList<>();
            do {
                answers.forEach(this::hear);
                answers.clear();
                cluster.subscribe(last.source(), last.last(), answers::add);
            } while (!answers.isEmpty());
        }

        private void hear(RunEvents answer) {
            RunView view = answer.run();
            if (view != null) {
                anew++;
                id = view.id();
                state = view.state();
                reason = view.reason();
                step = view.step();
                generation = view.generation();
                loss = view.loss();
                notes = view.notes();
                checkpoint = view.checkpoint();
                weightsSha256 = view.weightsSha256();
                workers.clear();
                view.workers().forEach(worker -> workers.put(worker.name(), worker));
            }
            long number = last.last();
            for (Numbered each : answer.events()) {
                assertThat(each.number()).as("no event is missed").isEqualTo(++number);
                hear(each.event());
            }
            last = answer;
        }

        private void hear(RunEvent event) {
            heard.add(event);
            if (event instanceof RunEvent.Entered e) {
                state = e.state();
                reason = e.reason();
            } else if (event instanceof RunEvent.Stepped e) {
                step = e.step() + 1;
                loss = e.loss();
            } else if (event instanceof RunEvent.Formed e) {
                generation = e.generation().number();
                step = Math.max(e.generation().firstStep(), e.generation().tookMs() < 0 ? 0 : step);
            } else if (event instanceof RunEvent.WorkersChanged e) {
                e.changed().forEach(worker -> workers.put(worker.name(), worker));
                e.gone().forEach(workers::remove);
            } else if (event instanceof RunEvent.NotesChanged e) {
                notes = e.notes();
            } else if (event instanceof RunEvent.Saved e) {
                checkpoint = e.checkpoint();
            } else if (event instanceof RunEvent.Compared e) {
                weightsSha256 = e.weightsSha256();
            }
        }

        void assertKnowsAll() {
            RunView now = cluster.view();
            assertThat(id).isEqualTo(now.id());
            assertThat(state).isEqualTo(now.state());
            assertThat(reason).isEqualTo(now.reason());
            assertThat(step).isEqualTo(now.step());
            assertThat(generation).isEqualTo(now.generation());
            assertThat(loss).isEqualTo(now.loss());
            assertThat(notes).isEqualTo(now.notes());
            assertThat(checkpoint).isEqualTo(now.checkpoint());
            assertThat(weightsSha256).isEqualTo(now.weightsSha256());
            assertThat(standing(List.copyOf(workers.values()))).isEqualTo(standing(now.workers()));
        }

        /** But for what changes with every step. */
        private static Map<String, List<Object>> standing(List<RunView.WorkerView> workers) {
            Map<String, List<Object>> standing = new HashMap<>();
            workers.forEach(
                    w -> standing.put(w.name(), List.of(w.state(), w.rank(), w.lanes(), w.generation(), w.reason())));
            return standing;
        }

        <T extends RunEvent> List<T> heard(Class<T> type) {
            return heard.stream().filter(type::isInstance).map(type::cast).toList();
        }
    }

    @Test
    void aRunIsKnownByItsEventsFromItsSubmissionToItsEnd() {
        TestCluster c = cluster("w1", "w2");
        Follower follower = new Follower(c);
        follower.follow();
        follower.assertKnowsAll();
        c.submit();
        for (int part = 0; part < 10; part++) {
            c.pass(500);
            c.steps(10);
            follower.follow();
        }
        c.pass(500);
        follower.follow();
        follower.assertKnowsAll();
        assertThat(follower.state).isEqualTo("finished");
        assertThat(follower.anew)
                .as("at the beginning, and when the run was submitted")
                .isEqualTo(2);
        assertThat(follower.heard(RunEvent.Stepped.class))
                .extracting(RunEvent.Stepped::step)
                .contains(99L)
                .isSorted();
        assertThat(follower.heard(RunEvent.Entered.class))
                .extracting(RunEvent.Entered::state)
                .contains("saving", "finished");
        assertThat(follower.weightsSha256).isEqualTo("weights of 100");
    }

    @Test
    void theFiguresOfAllStepsAreKept() {
        TestCluster c = training("w1", "w2");
        c.steps(5);
        MetricsView metrics = c.metrics(1, 3, 10);
        assertThat(metrics.run()).isEqualTo("r");
        assertThat(metrics.last()).isEqualTo(4);
        assertThat(metrics.steps()).containsExactly(1L, 2L, 3L);
        assertThat(metrics.figures().get("loss"))
                .isEqualTo(new MetricsView.Figure(
                        List.of(2.5f, 2.5f, 2.5f), List.of(2.5f, 2.5f, 2.5f), List.of(2.5f, 2.5f, 2.5f)));
        assertThat(metrics.figures())
                .containsKeys("recLoss", "recAccuracy", "learningRate", "gradientNorm", "exchangeMs");
    }

    @Test
    void aLossAndWhatFollowsIsKnown() {
        TestCluster c = training("w1", "w2", "w3");
        Follower follower = new Follower(c);
        follower.follow();
        c.steps(5);
        c.killAndNotice("w2");
        c.pass(3000);
        c.steps(5);
        c.pass(3000);
        follower.follow();
        follower.assertKnowsAll();
        assertThat(follower.heard(RunEvent.WorkersChanged.class))
                .anySatisfy(e -> assertThat(e.gone()).containsExactly("w2"));
        assertThat(follower.heard(RunEvent.Formed.class)).anySatisfy(e -> {
            assertThat(e.generation().number()).isEqualTo(2);
            assertThat(e.generation().tookMs()).isNotNegative();
        });
        assertThat(follower.anew).isEqualTo(1);
    }

    @Test
    void afterTheCoordinatorMovedTheRunIsToldAnew() {
        TestCluster c = training("w1", "w2");
        Follower follower = new Follower(c);
        follower.follow();
        c.steps(5);
        c.moveCoordinator();
        c.pass(1000);
        follower.follow();
        follower.assertKnowsAll();
        assertThat(follower.anew).isGreaterThan(1);
    }

    /** A bounded log: who was away for too long is not told half of it. */
    @Test
    void whoWasAwayForTooLongGetsTheRunAsItStands() {
        TestCluster c = training("w1", "w2");
        Follower follower = new Follower(c);
        follower.follow();
        for (int saved = 0; saved < EventLog.MOST; saved++) {
            c.saveNow();
            c.steps(1 - Math.min(1, saved)); // the first one after a step
        }
        int before = follower.heard.size();
        c.saveNow();
        follower.follow();
        follower.assertKnowsAll();
        assertThat(follower.anew).isEqualTo(2);
        assertThat(follower.heard).hasSize(before);
    }

    @Test
    void anAnswerComesWithTheNextEventOrAfterAWhile() {
        TestCluster c = training("w1", "w2");
        c.steps(1);
        c.pass(3000);
        Follower follower = new Follower(c);
        follower.follow();
        List<RunEvents> answers = new ArrayList<>();
        c.subscribe(follower.last.source(), follower.last.last(), answers::add);
        c.pass(EventLog.WAIT_MS / 2);
        assertThat(answers).isEmpty();
        c.pass(EventLog.WAIT_MS);
        assertThat(answers).singleElement().satisfies(answer -> {
            assertThat(answer.events()).isEmpty();
            assertThat(answer.run()).isNull();
            assertThat(answer.last()).isEqualTo(follower.last.last());
        });
        c.subscribe(follower.last.source(), follower.last.last(), answers::add);
        c.steps(1);
        assertThat(answers).hasSize(2);
        assertThat(answers.get(1).events())
                .singleElement()
                .satisfies(event -> assertThat(event.event()).isInstanceOf(RunEvent.Stepped.class));
    }
}
