package io.flm.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.flm.worker.FailureKind;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the coordinator does where the exchange of members fails, while all of them answer it. */
class CoordinatorExchangeTest extends ClusterTest {
    private static final String OWN = "rank 2, generation %d: this node's exchange ended, its transport closed itself";

    /** The others see it only later. */
    private static void failByItself(TestCluster c, String worker, long generation) {
        c.trainer(worker).fail(FailureKind.MEMBER_LOST, OWN.formatted(generation), "n" + worker);
        c.actors.settle();
    }

    @Test
    void aNodeWhoseOwnExchangeFailsAtOnceIsLeftOutByNameAndTheOthersGoOn() {
        TestCluster c = training("w1", "w2", "w3");
        failByItself(c, "w3", 1);
        assertThat(c.view().reason()).startsWith(OWN.formatted(1));
        c.expectAfter(500, "training");
        assertThat(c.members(2)).containsExactly("w1", "w2");
        String why = "left generation 1, which committed no step: " + OWN.formatted(1);
        assertThat(c.worker("w3").state()).isEqualTo("set aside");
        assertThat(c.worker("w3").reason()).isEqualTo("left out for up to 10 s: " + why);
        assertThat(c.view().notes()).containsExactly("w3 " + why);
    }

    @Test
    void whomOthersNamedBesidesIsNotLeftOutForIt() {
        TestCluster c = training("w1", "w2", "w3");
        c.trainer("w3").fail(FailureKind.MEMBER_LOST, OWN.formatted(1), "nw3", "nw1", "nw2");
        c.trainer("w1").fail(FailureKind.MEMBER_LOST, "nw3 was silent", "nw3");
        c.expectAfter(500, "training");
        assertThat(c.members(2)).containsExactly("w1", "w2");
    }

    @Test
    void aNodeWhoseExchangeFailsAfterStepsIsNamedAndTakenInAgainAtOnce() {
        TestCluster c = training("w1", "w2", "w3");
        c.steps(5);
        failByItself(c, "w3", 1);
        c.expectAfter(500, "training");
        assertThat(c.members(2)).containsExactly("w1", "w2", "w3");
        assertThat(c.view().notes()).containsExactly("node nw3: " + OWN.formatted(1));
    }

    @Test
    void whereTheExchangesOfAllFailOneThatHoldsTheStateGoesOnAlone() {
        TestCluster c = training("w1", "w2", "w3");
        c.steps(5);
        for (int tries = 0; tries < 5 && c.members(newest(c)).size() > 1; tries++) {
            failByItself(c, c.members(newest(c)).get(0), newest(c));
            c.expectAfter(2000, "training");
        }
        assertThat(c.members(newest(c))).hasSize(1);
        c.steps(1);
        assertThat(c.view().step()).isEqualTo(6);
    }

    @Test
    void whatOnlyANodeWithoutExchangeHoldsIsDoneAgainOnceItHadItsTime() {
        TestCluster c = training("w1", "w2", "w3");
        c.steps(20);
        for (String newcomer : new String[] {"w4", "w5"}) {
            c.add(newcomer).trainer.holdsEntry = true; // nobody gives them the state
        }
        c.trainer("w3").holdsEntry = true;
        c.killAndNotice("w1", "w2");
        List<String> without = List.of("w4", "w5");
        int passedMs = 0;
        for (; passedMs < 120_000 && !c.members(newest(c)).equals(without); passedMs += 100) {
            if (c.view().state().equals("forming")) {
                failByItself(c, "w3", newest(c));
            }
            c.pass(100);
        }
        assertThat((long) passedMs)
                .isBetween(
                        c.settings.holderTimeoutMs() - 2000,
                        c.settings.holderTimeoutMs() + 64 * c.settings.retryPauseMs() + 5000);
        assertThat(c.generation(newest(c)).firstStep()).isZero();
        assertThat(c.view().notes()).contains("nobody holds step 20 any more: steps from 0 are done again");
        without.forEach(name -> c.trainer(name).finishEntry());
        c.expectAfter(200, "training");
        assertThat(c.generations().size()).isLessThan(12);
    }

    private static long newest(TestCluster c) {
        return c.view().generation();
    }

    @Test
    void generationsWithoutAStepComeAtGrowingIntervalsWhateverEndsThem() {
        TestCluster c = training("w1", "w2");
        int seconds = 120;
        for (int tenth = 0; tenth < 10 * seconds; tenth++) {
            if (c.view().state().equals("training")) {
                c.trainer("w1").fail(FailureKind.MEMBER_LOST, "a cosmic ray");
            }
            c.pass(100);
        }
        // After 0, 0.5, 1, 2, 4, 8, 16, 32 and 32 s, and what each takes.
        assertThat(c.generations().size()).isBetween(8, 10);
        c.expect("waiting");
        assertThat(c.view().reason())
                .startsWith("the last " + c.generations().size()
                        + " generations committed no step (a cosmic ray); the next one is formed after a pause of ")
                .endsWith(" s (flm.coordinator.retry-pause), or as soon as another worker is ready");
        c.expectAfter(33_000, "training");
        c.steps(1);
        c.trainer("w1").fail(FailureKind.MEMBER_LOST, "a cosmic ray");
        c.expectAfter(300, "training");
    }

    /** Until the pause is longer than this. */
    private static void failUntilThePauseIs(TestCluster c, int seconds) {
        String pause = "after a pause of " + seconds + " s";
        for (int passedMs = 0; passedMs < 120_000 && !c.view().reason().contains(pause); passedMs += 100) {
            if (c.view().state().equals("training")) {
                c.trainer("w1").fail(FailureKind.MEMBER_LOST, "a cosmic ray");
            }
            c.pass(100);
        }
        assertThat(c.view().reason()).contains(pause);
    }

    @Test
    void thePauseIsToldOnce() {
        TestCluster c = training("w1", "w2");
        failUntilThePauseIs(c, 16);
        String told = c.view().reason();
        c.pass(10_000);
        assertThat(c.view().state()).isEqualTo("waiting");
        assertThat(c.view().reason()).isEqualTo(told);
    }

    @Test
    void aWorkerThatWasInNoneOfTheGenerationsWithoutAStepEndsThePauseOnce() {
        TestCluster c = training("w1", "w2");
        failUntilThePauseIs(c, 16);
        c.add("w3");
        c.expectAfter(500, "training");
        assertThat(c.members(newest(c))).containsExactly("w1", "w2", "w3");
        failUntilThePauseIs(c, 32);
        c.list("w3");
        c.pass(500);
        c.list();
        c.pass(500);
        c.expect("waiting"); // it changes nothing, as the others have seen
    }

    @Test
    void aWorkerThatWasLostBeforeAndReturnsEndsThePause() {
        TestCluster c = training("w1", "w2", "w3");
        c.steps(5);
        c.list("w3");
        c.expectAfter(1_500, "training");
        assertThat(c.members(newest(c))).containsExactly("w1", "w2");
        failUntilThePauseIs(c, 16);
        c.list();
        c.expectAfter(500, "training");
        assertThat(c.members(newest(c))).containsExactly("w1", "w2", "w3");
    }

    @Test
    void theWaitLimitCountsWhileARequiredWorkerIsTriedAgainAndAgain() {
        TestCluster c = configured("flm.coordinator.wait-limit = 60s", "w1", "w2", "w3");
        c.submit(TestCluster.plan(3, 0));
        c.pass(200);
        int passedMs = 0;
        for (; passedMs < 200_000 && !c.view().state().equals("failed"); passedMs += 100) {
            if (c.view().state().equals("training")) {
                c.trainer("w1").fail(FailureKind.MEMBER_LOST, "nw3 did not answer", "nw3");
            }
            c.pass(100);
        }
        assertThat(passedMs).isBetween(59_000, 62_000);
        assertThat(c.view().reason())
                .startsWith(
                        "too few workers for 60 s (flm.coordinator.wait-limit): 2 of 3 workers are ready; set aside:"
                                + " w3 (left out for up to ");
        assertThat(c.generations().size()).isGreaterThan(2);
    }

    @Test
    void theWaitLimitCountsWhileGenerationsCommitNoStep() {
        TestCluster c = configured("flm.coordinator.wait-limit = 20s", "w1", "w2");
        c.submit(TestCluster.plan(2, 0));
        c.pass(200);
        int passedMs = 0;
        for (; passedMs < 200_000 && !c.view().state().equals("failed"); passedMs += 100) {
            if (c.view().state().equals("training")) {
                c.trainer("w1").fail(FailureKind.MEMBER_LOST, "a cosmic ray");
            }
            c.pass(100);
        }
        assertThat(passedMs).isBetween(19_000, 22_000);
        assertThat(c.view().reason())
                .startsWith(
                        "no generation committed a step for 20 s (flm.coordinator.wait-limit), the last one: a cosmic"
                                + " ray");
    }

    @Test
    void theWaitLimitDoesNotCountWhatWasBeforeAStepOrAPause() {
        TestCluster c = configured("flm.coordinator.wait-limit = 20s", "w1", "w2");
        c.submit(TestCluster.plan(2, 0));
        c.pass(200);
        c.steps(3);
        c.killAndNotice("w2");
        c.expectAfter(15_000, "waiting");
        c.add("w2");
        c.expectAfter(1_000, "training");
        c.pass(30_000); // a long step
        c.steps(1);
        c.killAndNotice("w2");
        c.expectAfter(15_000, "waiting");
        c.pause("the operator wants it");
        c.expectAfter(60_000, "paused");
        c.goOn();
        c.expectAfter(15_000, "waiting");
        c.expectAfter(6_000, "failed");
    }
}
