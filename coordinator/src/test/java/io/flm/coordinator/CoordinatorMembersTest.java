package io.flm.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.flm.coordinator.GenerationsView.GenerationView;
import io.flm.coordinator.GenerationsView.MemberView;
import io.flm.worker.FailureKind;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Who trains, on which lanes and from which step on, while workers come, are lost, are slow or are of no use. */
class CoordinatorMembersTest extends ClusterTest {
    /** What w1 and w2 committed, w1 alone still holds, and nothing is heard of it; a newcomer holds nothing. */
    private TestCluster step20IsHeldByW1WhichIsSilent() {
        TestCluster c = training("w1", "w2");
        c.steps(20);
        c.add("newcomer");
        c.pass(200);
        c.mute("w1");
        c.killAndNotice("w2");
        return c;
    }

    @Test
    void afterALossTheOthersGoOnFromTheCommittedStep() {
        TestCluster c = training("w1", "w2", "w3");
        c.steps(10);
        c.kill("w2");
        c.expectAfter(500, "training");
        assertThat(c.trainer("w1").entered).containsExactly(1L, 2L);
        c.steps(1);
        assertThat(c.view().step()).isEqualTo(11);
        assertThat(c.generations()).hasSize(2);
        GenerationView second = c.generation(2);
        assertThat(second.firstStep()).isEqualTo(10);
        assertThat(second.why()).startsWith("lost nw2: 2 workers, 8 lanes, from step 10");
        assertThat(second.tookMs()).isBetween(300L, 600L);
        assertThat(second.members())
                .containsExactly(new MemberView("w1", "nw1", "[0, 4)"), new MemberView("w3", "nw3", "[4, 8)"));
    }

    @Test
    void theStepThatOneMemberCommittedBeforeTheLossIsNotDoneAgain() {
        TestCluster c = training("w1", "w2", "w3");
        c.steps(10);
        c.trainer("w3").commit(false); // w1 had not received all of step 10 when w2 died
        c.kill("w2");
        c.expectAfter(500, "training");
        assertThat(c.generation(2).firstStep()).isEqualTo(11);
        assertThat(c.trainer("w1").committedSteps()).isEqualTo(11);
    }

    @Test
    void twoLostAtOnceAreOneChange() {
        TestCluster c = training("w1", "w2", "w3", "w4");
        c.steps(5);
        c.killAndNotice("w2", "w3");
        c.expectAfter(500, "training");
        assertThat(c.generations()).hasSize(2);
        assertThat(c.members(2)).containsExactly("w1", "w4");
    }

    @Test
    void aLossWhileAGenerationIsFormedIsAnotherGeneration() {
        TestCluster c = forming("w2", "w1", "w3");
        assertThat(c.view().reason()).endsWith("not joined yet: w2");
        c.kill("w2");
        c.expectAfter(500, "training");
        assertThat(c.members(2)).containsExactly("w1", "w3");
    }

    @Test
    void aLossThatOnlyTheListingTellsOfIsEnough() {
        TestCluster c = forming("w1", "w2");
        c.trainer("w1").finishEntry();
        c.pass(200);
        c.trainer("w1").generation = null; // its exchange stays silent
        c.killAndNotice("w2");
        assertThat(c.view().reason()).startsWith("lost w2: ended or cannot be reached");
    }

    @Test
    void fewerThanTheLeastNumberWaitUntilAnotherComes() {
        TestCluster c = cluster("w1", "w2").submit(TestCluster.plan(2, 0));
        c.pass(200);
        c.steps(7);
        c.killAndNotice("w2");
        c.expectAfter(1000, "waiting");
        assertThat(c.view().reason()).isEqualTo("1 of 2 workers are ready");
        c.add("w3");
        c.expectAfter(200, "training");
        assertThat(c.generation(2).firstStep()).isEqualTo(7);
        assertThat(c.trainer("w3").committedSteps()).isEqualTo(7);
    }

    @Test
    void whatASilentMemberHoldsIsNotDoneAgainBeforeItHadItsTime() {
        TestCluster c = step20IsHeldByW1WhichIsSilent();
        c.expectAfter(1500, "waiting");
        assertThat(c.view().reason())
                .isEqualTo("the others hold step 0 at most; waits up to 30 s for w1, which may hold step 20");
        c.unmute("w1");
        c.expectAfter(500, "training");
        assertThat(c.generation(2).firstStep()).isEqualTo(20);
        assertThat(c.trainer("newcomer").committedSteps()).isEqualTo(20);
    }

    @Test
    void aMemberThatStaysSilentIsGivenUpAndWhatItHeldIsDoneAgain() {
        TestCluster c = step20IsHeldByW1WhichIsSilent();
        c.expectAfter(c.settings.holderTimeoutMs() + 2000, "training");
        assertThat(c.generation(2).firstStep()).isZero();
        assertThat(c.view().notes()).containsExactly("nobody holds step 20 any more: steps from 0 are done again");
    }

    @Test
    void whoComesLateIsPreparedWhileTheOthersTrainAndThenTakenIn() {
        TestCluster c = training("w1", "w2");
        c.steps(5);
        TestCluster.Node late = c.add("w3", "1", new StubTrainer("w3").slowly());
        c.expectAfter(10_000, "training");
        assertThat(c.worker("w3").state()).isEqualTo("preparing");
        late.trainer.finishPreparation();
        c.expectAfter(200, "halting");
        assertThat(c.view().reason()).isEqualTo("w3 joins");
        c.steps(1);
        c.expectAfter(200, "training");
        GenerationView second = c.generation(2);
        assertThat(second.firstStep()).isEqualTo(6);
        assertThat(second.members()).extracting(MemberView::lanes).containsExactly("[0, 3)", "[3, 6)", "[6, 8)");
        assertThat(late.trainer.committedSteps()).isEqualTo(6);
    }

    @Test
    void whoComesWhileTheMembersHaltIsTakenInWithTheNextGeneration() {
        TestCluster c = training("w1", "w2");
        c.pass(6000);
        c.add("w3");
        c.expectAfter(200, "halting");
        c.add("w4");
        c.steps(1);
        c.expectAfter(300, "training");
        assertThat(c.generation(2).members()).hasSize(4);
    }

    @Test
    void aNodeThatComesAndGoesStopsTheOthersAtMostOncePerPause() {
        TestCluster c = training("w1");
        for (int i = 0; i < 20; i++) {
            c.add("flapping" + i);
            c.pass(500);
            c.steps(1);
            c.killAndNotice("flapping" + i);
            c.pass(500);
            c.steps(1);
        }
        // 20 s with a pause of 5 s: at most 4 times in, each followed by a loss
        assertThat(c.generations().size()).isBetween(3, 9);
        c.expect("training");
    }

    @Test
    void moreWorkersThanLanesAreSpares() {
        TestCluster c = cluster("a", "b", "c");
        c.submit(TestCluster.plan(1, 2));
        c.expectAfter(200, "training");
        List<String> members = c.members(1);
        assertThat(members).hasSize(2).isSubsetOf("a", "b", "c");
        String spare = Stream.of("a", "b", "c")
                .filter(name -> !members.contains(name))
                .findFirst()
                .orElseThrow();
        assertThat(c.worker(spare).state()).isEqualTo("spare");
        c.pass(10_000);
        assertThat(c.generations()).as("a spare is no reason for a change").hasSize(1);
        c.kill(members.get(0));
        c.pass(500);
        assertThat(c.members(2)).containsExactlyInAnyOrder(members.get(1), spare);
    }

    @Test
    void aDrainedWorkerIsLeftOutUntilItIsAdmittedOrStartedAgain() {
        TestCluster c = training("w1", "w2");
        assertThat(c.drain("w9", "hot").reason()).isEqualTo("there is no worker w9; there are: w1, w2");
        assertThat(c.drain("w2", "hot").accepted()).isTrue();
        assertThat(c.view().reason()).isEqualTo("worker w2 is drained: hot");
        c.steps(1);
        c.expectAfter(300, "training");
        assertThat(c.members(2)).containsExactly("w1");
        assertThat(c.worker("w2").state()).isEqualTo("drained");
        assertThat(c.worker("w2").reason()).isEqualTo("drained: hot");

        c.moveCoordinator();
        assertThat(c.worker("w2").reason()).as("a moved coordinator knows it").isEqualTo("drained: hot");

        assertThat(c.admit("w2").accepted()).isTrue();
        c.pass(6000);
        c.steps(1);
        c.pass(300);
        assertThat(c.worker("w2").lanes()).isEqualTo("[4, 8)");

        c.drain("w2", "hot again");
        c.steps(1);
        c.killAndNotice("w2");
        c.add("w2");
        c.pass(300);
        assertThat(c.worker("w2").state()).as("another process of the name").isNotEqualTo("drained");
    }

    @Test
    void whereAllAreDrainedAStopSavesWhatTheyHold() {
        TestCluster c = training("w1", "w2");
        c.steps(5);
        c.drain("w1", "maintenance");
        c.drain("w2", "maintenance");
        c.steps(1);
        c.pass(1000);
        c.expect("waiting");
        assertThat(c.view().reason()).contains("step 6 is held by drained workers only");
        c.stop("done");
        c.expectAfter(500, "finished");
        c.expectCheckpoint(6, "w1");
    }

    @Test
    void aStepThatOnlyADrainedWorkerHoldsIsNotDoneAgain() {
        TestCluster c = cluster("w1", "w2");
        c.submit(TestCluster.plan(1, 1));
        c.expectAfter(200, "training");
        String member = c.members(1).get(0);
        c.steps(5);
        c.drain(member, "hot");
        c.steps(1);
        c.expectAfter(300, "halting");
        assertThat(c.members(2)).containsExactly("w1", "w2");
        assertThat(c.generation(2).why()).contains("step 6 is held by drained workers only: the others take it over");
        assertThat(c.generation(2).firstStep()).isEqualTo(6);
        c.steps(1);
        c.expectAfter(300, "training");
        assertThat(c.members(3)).hasSize(1).doesNotContain(member);
        assertThat(c.generation(3).firstStep()).isEqualTo(7);
        assertThat(c.worker(member).state()).isEqualTo("drained");
    }

    @Test
    void aMemberThatDoesNotJoinInTimeIsSetAside() {
        TestCluster c = forming("w2", "w1");
        c.expectAfter(c.settings.formingTimeoutMs() + 300, "training");
        assertThat(c.members(2)).containsExactly("w1");
        assertThat(c.worker("w2").state()).isEqualTo("set aside");
        assertThat(c.worker("w2").reason()).contains("flm.coordinator.forming-timeout");
    }

    /** Control messages reach w3, gradients do not. */
    private static void failSinceW3IsNotHeard(TestCluster c) {
        c.trainer("w1").fail(FailureKind.MEMBER_LOST, "nw3 did not answer", "nw3");
        c.trainer("w3").fail(FailureKind.MEMBER_LOST, "nw1 did not answer", "nw1", "nw2");
        c.expectAfter(500, "training");
    }

    @Test
    void aMemberThatAnswersTheCoordinatorButNotTheOthersIsSetAsideForLongerEachTime() {
        TestCluster c = training("w1", "w2", "w3");
        failSinceW3IsNotHeard(c);
        assertThat(c.members(2)).containsExactly("w1", "w2");
        assertThat(c.worker("w3").state()).isEqualTo("set aside");
        String why = "did not hear nw1, nw2, or was not heard there, in generation 1, which committed no step;"
                + " let UDP pass between them (flm.exchange.port)";
        assertThat(c.worker("w3").reason()).isEqualTo("left out for up to 10 s: " + why);
        assertThat(c.view().notes()).containsExactly("w3 " + why);

        c.steps(1);
        c.expectAfter(c.settings.setAsideMs(), "halting");
        c.steps(1);
        c.expectAfter(300, "training");
        assertThat(c.members(3)).containsExactly("w1", "w2", "w3");
        assertThat(c.view().notes()).as("not known yet").containsExactly("w3 " + why);
        failSinceW3IsNotHeard(c);
        assertThat(c.worker("w3").reason()).startsWith("left out for up to 20 s");

        c.expectAfter(2 * c.settings.setAsideMs(), "halting");
        c.steps(1);
        c.expectAfter(300, "training");
        c.steps(1);
        assertThat(c.view().notes()).as("it trains with the others").isEmpty();
        c.trainer("w1").fail(FailureKind.MEMBER_LOST, "rank 1 left");
        c.expectAfter(500, "training");
        failSinceW3IsNotHeard(c);
        assertThat(c.worker("w3").reason()).as("it has trained since").startsWith("left out for up to 10 s");
    }

    @Test
    void whereThereAreTooFewWithoutThemThoseThatAreSetAsideAreTriedAgainSoon() {
        TestCluster c = cluster("w1", "w2", "w3").submit(TestCluster.plan(3, 0));
        for (int generation = 1; generation <= 8; generation++) {
            c.expectAfter(300 + 64 * c.settings.retryPauseMs(), "training");
            c.trainer("w1").fail(FailureKind.MEMBER_LOST, "nw3 did not answer", "nw3");
            c.expectAfter(500, "waiting");
            assertThat(c.view().reason()).startsWith("2 of 3 workers are ready; set aside: w3 (left out for up to ");
            c.pass(c.settings.setAsideMs());
        }
    }

    @Test
    void whatOnlyAWorkerHoldsThatIsSetAsideIsNotDoneAgain() {
        TestCluster c = training("w1", "w2", "w3");
        c.steps(20);
        c.trainer("w1").fail(FailureKind.MEMBER_LOST, "rank 1 left");
        c.expectAfter(500, "training");
        failSinceW3IsNotHeard(c);
        c.add("newcomer");
        c.pass(200);
        c.killAndNotice("w1", "w2");
        c.expectAfter(500, "training");
        assertThat(c.generation(4).firstStep()).isEqualTo(20);
        assertThat(c.members(4)).containsExactly("newcomer", "w3");
    }

    @Test
    void aBrokenDeviceIsLeftOutByNameAndTheOthersGoOn() {
        TestCluster c = training("w1", "w2");
        c.steps(5);
        c.trainer("w2").fail(FailureKind.BROKEN, "worker w2: the device fell off the bus");
        c.trainer("w1").fail(FailureKind.MEMBER_LOST, "rank 1 left");
        c.actors.settle();
        c.expectAfter(1500, "training");
        assertThat(c.view().notes()).containsExactly("worker w2 is left out: worker w2: the device fell off the bus");
        assertThat(c.worker("w2").state()).isEqualTo("unfit");
        c.pass(60_000);
        assertThat(c.generations()).hasSize(2);
    }

    @Test
    void aWorkerThatCannotBeReachedForAWhileLeavesTheGenerationThatTheOthersHaveGivenUp() {
        TestCluster c = training("w1", "w2", "w3");
        c.steps(5);
        c.mute("w3");
        c.trainer("w1").fail(FailureKind.MEMBER_LOST, "lost nw3", "nw3");
        c.expectAfter(1500, "training");
        assertThat(c.generation(2).members()).hasSize(2);
        c.unmute("w3");
        c.pass(8000);
        c.steps(1);
        c.pass(500);
        assertThat(c.generation(3).members()).hasSize(3);
    }

    @Test
    void workersOfAnotherVersionOrOtherDataAreRefusedByName() {
        TestCluster c = cluster("w1");
        c.add("w2", "0.9", new StubTrainer("w2"));
        StubTrainer other = new StubTrainer("w3");
        other.hashes = Map.of("data", "d2");
        c.add("w3", "1", other);
        c.submit(TestCluster.plan(1, 0).withHashes(Map.of("data", "d1")));
        c.expectAfter(300, "training");
        assertThat(c.members(1)).containsExactly("w1");
        assertThat(c.worker("w2").state()).isEqualTo("refused");
        assertThat(c.worker("w2").reason())
                .isEqualTo("has version 0.9 of the program, the run's is 1; install that on nw2");
        assertThat(c.worker("w3").reason()).startsWith("reads another content of data (SHA-256 d2");
    }

    @Test
    void theFirstPreparedWorkerDecidesOnTheDataWhereTheSubmitterDidNot() {
        TestCluster c = cluster("w1");
        c.submit();
        c.pass(300);
        StubTrainer other = new StubTrainer("w2");
        other.hashes = Map.of("data", "d2");
        c.add("w2", "1", other);
        c.pass(10_000);
        assertThat(c.worker("w2").state()).isEqualTo("refused");
        assertThat(c.generations()).hasSize(1);
    }

    @Test
    void slowWorkersGetFewerLanesWhereThatIsWorthAHalt() {
        TestCluster c = training("w1", "w2");
        c.trainer("w2").laneMs = 3;
        c.steps(10);
        c.pass(c.settings.redealPauseMs() - 1000);
        assertThat(c.generations()).hasSize(1);
        c.expectAfter(2000, "halting");
        assertThat(c.view().reason()).startsWith("lanes are dealt anew by speed: a step gets 50 % shorter");
        c.steps(1);
        c.pass(300);
        assertThat(c.generation(2).members()).extracting(MemberView::lanes).containsExactly("[0, 6)", "[6, 8)");
        c.steps(10);
        c.pass(2 * c.settings.redealPauseMs());
        assertThat(c.generations()).as("even enough now").hasSize(2);
    }

    @Test
    void aRunWithoutProgressIsGatheredAnew() {
        TestCluster c = training("w1", "w2");
        c.steps(2);
        c.pass(c.settings.stallTimeoutMs() + 500);
        assertThat(c.generations()).hasSize(2);
        assertThat(c.generation(2).why()).contains("flm.coordinator.stall-timeout");
    }
}
