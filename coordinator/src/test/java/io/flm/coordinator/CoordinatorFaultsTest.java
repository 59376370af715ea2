package io.flm.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.flm.coordinator.GenerationsView.GenerationView;
import io.flm.worker.FailureKind;
import io.flm.worker.RunPlan;
import io.flm.worker.Worker;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The coordinator moves to another node; orders and reports are lost, doubled or late on their way. */
class CoordinatorFaultsTest extends ClusterTest {
    @Test
    void aReportOfAnOldGenerationChangesNothing() {
        TestCluster c = training("w1", "w2", "w3");
        c.steps(3);
        c.kill("w2");
        c.pass(500);
        c.steps(3);
        c.report(new Worker.Halted("w1", 1, 100, "a zombie's"));
        c.report(new Worker.Failed("w3", 1, 3, FailureKind.USER, "a zombie's", List.of()));
        c.report(new Worker.Failed("w9", 2, 3, FailureKind.USER, "no member's", List.of()));
        c.expect("training");
        assertThat(c.view().step()).isEqualTo(6);
    }

    @Test
    void anOrderToSaveThatWasLostIsGivenAgain() {
        TestCluster c = training("w1", "w2");
        c.lose(o -> o instanceof Worker.Save);
        c.saveNow();
        c.loseNothing();
        assertThat(c.view().checkpoint()).isNull();
        c.pass(3000);
        assertThat(c.view().checkpoint()).isNotNull();
    }

    @Test
    void aCoordinatorThatMovedAdoptsTheRunningGenerationWithoutStoppingIt() {
        TestCluster c = training("w1", "w2");
        c.steps(5);
        c.moveCoordinator();
        c.expect("training");
        assertThat(c.view().step()).isEqualTo(5);
        assertThat(c.view().generation()).isEqualTo(1);
        c.steps(5);
        assertThat(c.view().step()).isEqualTo(10);
        c.killAndNotice("w2");
        c.expectAfter(500, "training");
        assertThat(c.view().generation()).isEqualTo(2);
        assertThat(c.trainer("w1").halts).isZero();
        assertThat(c.trainer("w1").entered).containsExactly(1L, 2L);
    }

    @Test
    void aCoordinatorThatMovedWhileAGenerationWasFormedGoesOnFormingIt() {
        TestCluster c = forming("w2", "w1");
        c.moveCoordinator();
        c.expect("forming");
        c.trainer("w2").finishEntry();
        c.expectAfter(200, "training");
        assertThat(c.trainer("w1").entered).containsExactly(1L);
    }

    @Test
    void aCoordinatorThatMovedBeforeAllHadJoinedFormsAnotherGeneration() {
        TestCluster c = cluster("w1", "w2");
        c.lose(o -> o instanceof Worker.Join j && j.generation().rankOf("w2") == 1 && j.epoch() == 1);
        c.submit();
        c.pass(200);
        c.loseNothing();
        c.moveCoordinator();
        c.expectAfter(500, "training");
        assertThat(c.view().generation()).isLessThanOrEqualTo(2);
    }

    @Test
    void aCoordinatorThatMovedWhileTheMembersHaltedForAPausePausesThem() {
        TestCluster c = training("w1", "w2");
        c.pause("for the night");
        c.moveCoordinator();
        c.expect("halting");
        c.steps(1);
        c.expectAfter(300, "paused");
        assertThat(c.view().reason()).isEqualTo("for the night");
    }

    @Test
    void aMemberLostTogetherWithTheCoordinatorIsMissed() {
        TestCluster c = training("w1", "w2");
        c.steps(5);
        c.kill("w2");
        c.moveCoordinator();
        c.expectAfter(1500, "training");
        assertThat(c.generations()).last().extracting(GenerationView::firstStep).isEqualTo(5L);
    }

    @Test
    void aJoinThatWasLostIsGivenAgain() {
        TestCluster c = cluster("w1", "w2");
        c.lose(o -> o instanceof Worker.Join);
        c.submit();
        c.expectAfter(1000, "forming");
        c.loseNothing();
        c.expectAfter(500, "training");
    }

    @Test
    void aHaltThatWasLostIsGivenAgain() {
        TestCluster c = training("w1", "w2");
        c.lose(o -> o instanceof Worker.Halt);
        c.pause("for the night");
        c.steps(5);
        c.loseNothing();
        c.expect("halting");
        c.pass(500);
        c.steps(1);
        c.expectAfter(300, "paused");
        assertThat(c.view().step()).isEqualTo(6);
    }

    @Test
    void reportsThatWereLostAreFoundOut() {
        TestCluster c = cluster("w1", "w2");
        c.loseReports(r -> r instanceof Worker.GenerationReport);
        c.submit();
        c.expectAfter(3000, "training");
        c.steps(100);
        c.loseNothing();
        c.expectAfter(4000, "finished");
        assertThat(c.view().step()).isEqualTo(100);
    }

    @Test
    void aFailureWhoseReportWasLostIsFoundOut() {
        TestCluster c = training("w1", "w2");
        c.loseReports(r -> true);
        c.kill("w2");
        c.loseNothing();
        c.expectAfter(4000, "training");
        assertThat(c.view().generation()).isEqualTo(2);
    }

    @Test
    void doubledReportsCountOnce() {
        TestCluster c = cluster("w1", "w2", "w3");
        c.doubleAll();
        c.submit();
        c.pass(200);
        c.steps(5);
        c.kill("w2");
        c.pass(500);
        assertThat(c.generations()).hasSize(2);
        c.steps(100);
        c.expectAfter(500, "finished"); // w2, still listed, was given up before: nobody waits for it again
        assertThat(c.view().checkpoint()).isNotNull();
    }

    @Test
    void aRunThatFailedStaysFailedThoughAMemberHasNotHeardOfItWhenTheCoordinatorMoves() {
        TestCluster c = training("w1", "w2");
        c.mute("w2");
        c.trainer("w1").fail(FailureKind.USER, "step 0, lane 5: the loss is NaN");
        c.actors.settle();
        c.expect("failed");
        c.unmute("w2");
        c.moveCoordinator();
        c.expect("failed");
        c.pass(3000);
        assertThat(c.trainer("w2").running).isFalse();
    }

    @Test
    void aRunThatWasJustSubmittedIsTakenUpByACoordinatorThatMovedThoughAWorkerOnlyKnowsTheOneBefore() {
        TestCluster c = training("w1", "w2");
        c.steps(100);
        c.expectAfter(500, "finished");
        c.mute("w2");
        c.lose(o -> o instanceof Worker.Join);
        c.submit(RunPlan.of("next", "a-1", "", "1", 8, 100));
        c.loseNothing();
        c.unmute("w2");
        c.moveCoordinator();
        c.expectAfter(500, "training");
        assertThat(c.view().run()).isEqualTo("next");
    }
}
