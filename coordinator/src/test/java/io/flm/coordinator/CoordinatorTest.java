package io.flm.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.SerializationTestKit;
import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.Behaviors;
import io.flm.coordinator.GenerationsView.GenerationView;
import io.flm.coordinator.GenerationsView.MemberView;
import io.flm.worker.FailureKind;
import io.flm.worker.RunPlan;
import io.flm.worker.Trainee;
import io.flm.worker.WireMessage;
import io.flm.worker.Worker;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A run from its submission to its end, and what may go wrong on the way. */
@Timeout(60)
class CoordinatorTest {
    private @Nullable TestCluster open;

    private TestCluster cluster(String... workers) {
        return configured("", workers);
    }

    private TestCluster configured(String settings, String... workers) {
        TestCluster cluster = TestCluster.with(settings, workers);
        open = cluster;
        return cluster;
    }

    /** A run that trains on all of these. */
    private TestCluster training(String... workers) {
        TestCluster cluster = cluster(workers).submit(TestCluster.plan(1, 0));
        cluster.pass(200);
        cluster.expect("training");
        return cluster;
    }

    @AfterEach
    void close() {
        if (open != null) {
            open.close();
        }
    }

    @Test
    void aRunGoesFromItsSubmissionToItsEnd() {
        TestCluster c = training("w1", "w2");
        c.steps(42);
        RunView view = c.view();
        assertThat(view.step()).isEqualTo(42);
        assertThat(view.loss()).isEqualTo(2.5);
        assertThat(view.heads()).containsExactly(new Trainee.Head("rec", 2, 1));
        assertThat(view.samplesPerSecond()).isEqualTo(100);
        assertThat(view.workers()).extracting(RunView.WorkerView::lanes).containsExactly("[0, 4)", "[4, 8)");
        c.steps(100);
        c.pass(200);
        RunView last = c.view();
        assertThat(last.state()).isEqualTo("finished");
        assertThat(last.reason()).isEqualTo("all 100 steps are committed");
        assertThat(last.weightsSha256()).isEqualTo("weights of 100");
        assertThat(last.checkpoint()).isEqualTo(new RunView.CheckpointView(100, "/w1/100", "w1"));
        assertThat(last.samplesPerSecond()).isZero();
        assertThat(c.ask(to -> new Coordinator.Stop("too late", to)).reason()).isEqualTo("there is no run to stop");
        c.moveCoordinator();
        RunView recalled = c.view();
        assertThat(recalled.state()).isEqualTo("finished");
        assertThat(recalled.step()).isEqualTo(100);
        assertThat(recalled.loss()).isEqualTo(2.5);
        assertThat(recalled.weightsSha256()).isEqualTo("weights of 100");
        assertThat(recalled.checkpoint()).isEqualTo(last.checkpoint());
    }

    @Test
    void theLossOfTheLastStepIsKnownThoughAnotherMemberHaltsBeforeRank0() {
        TestCluster c = training("w1", "w2");
        c.trainee("w2").commit(true);
        c.actors.settle();
        assertThat(c.view().loss()).isNull();
        c.trainee("w1").commit(true);
        c.actors.settle();
        assertThat(c.view().loss()).isEqualTo(2.5);
    }

    @Test
    void whoeverAwaitsTheEndIsToldOnce() {
        TestCluster c = training("w1");
        List<RunView> before = c.awaitEnd("r-1");
        c.steps(100);
        c.pass(200);
        assertThat(before).singleElement().extracting(RunView::state).isEqualTo("finished");
        assertThat(c.awaitEnd("r-1"))
                .singleElement()
                .extracting(RunView::weightsSha256)
                .isEqualTo("weights of 100");
    }

    @Test
    void waitsForTheLeastNumberOfWorkersAndSaysWhoIsMissing() {
        TestCluster c = cluster("w1").submit(TestCluster.plan(2, 0));
        c.expect("waiting");
        assertThat(c.view().reason()).isEqualTo("1 of 2 workers are ready");
        TestCluster.Node second = c.add("w2", "1", new StubTrainee("w2").slowly());
        c.pass(200);
        assertThat(c.view().reason()).isEqualTo("1 of 2 workers are ready; preparing: w2");
        second.trainee.finishPreparation();
        c.pass(200);
        c.expect("training");
    }

    @Test
    void beforeTheFirstStepWorkersThatAreNearlyReadyAreWaitedForOnlySoLong() {
        TestCluster c = cluster("w1");
        c.add("w2", "1", new StubTrainee("w2").slowly());
        c.submit(TestCluster.plan(1, 0));
        c.pass(1000);
        c.expect("waiting");
        assertThat(c.view().reason()).isEqualTo("1 worker ready; waits up to 30 s for w2");
        c.pass(30_000);
        c.expect("training");
    }

    @Test
    void aRunThatWaitsTooLongFails() {
        TestCluster c = configured("flm.coordinator.wait-limit = 60 s", "w1").submit(TestCluster.plan(2, 0));
        c.pass(61_000);
        c.expect("failed");
        assertThat(c.view().reason()).contains("1 of 2 workers are ready").contains("flm.coordinator.wait-limit");
    }

    @Test
    void afterALossTheOthersGoOnFromTheCommittedStep() {
        TestCluster c = training("w1", "w2", "w3");
        c.steps(10);
        c.kill("w2");
        c.pass(500);
        c.expect("training");
        assertThat(c.trainee("w1").entered).containsExactly(1L, 2L);
        c.steps(1);
        assertThat(c.view().step()).isEqualTo(11);
        List<GenerationView> generations = c.generations();
        assertThat(generations).hasSize(2);
        GenerationView second = generations.get(1);
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
        c.trainee("w3").commit(false); // w1 had not received all of step 10 when w2 died
        c.kill("w2");
        c.pass(500);
        c.expect("training");
        assertThat(c.generations().get(1).firstStep()).isEqualTo(11);
        assertThat(c.trainee("w1").committedSteps()).isEqualTo(11);
    }

    @Test
    void twoLostAtOnceAreOneChange() {
        TestCluster c = training("w1", "w2", "w3", "w4");
        c.steps(5);
        c.kill("w2", "w3");
        c.noticeLosses();
        c.pass(500);
        c.expect("training");
        assertThat(c.generations()).hasSize(2);
        assertThat(c.generations().get(1).members())
                .extracting(MemberView::worker)
                .containsExactly("w1", "w4");
    }

    @Test
    void aLossWhileAGenerationIsFormedIsAnotherGeneration() {
        TestCluster c = cluster("w1", "w2", "w3");
        c.trainee("w2").holdsEntry = true;
        c.submit(TestCluster.plan(1, 0));
        c.pass(200);
        c.expect("forming");
        assertThat(c.view().reason()).endsWith("not joined yet: w2");
        c.kill("w2");
        c.pass(500);
        c.expect("training");
        assertThat(c.generations().get(1).members())
                .extracting(MemberView::worker)
                .containsExactly("w1", "w3");
    }

    @Test
    void aLossThatOnlyTheListingTellsOfIsEnough() {
        TestCluster c = cluster("w1", "w2");
        c.trainee("w1").holdsEntry = true;
        c.submit(TestCluster.plan(1, 0));
        c.pass(200);
        c.trainee("w1").finishEntry();
        c.pass(200);
        c.trainee("w1").generation = null; // its exchange stays silent
        c.kill("w2");
        c.noticeLosses();
        assertThat(c.view().reason()).startsWith("lost w2: ended or cannot be reached");
    }

    @Test
    void fewerThanTheLeastNumberWaitUntilAnotherComes() {
        TestCluster c = cluster("w1", "w2").submit(TestCluster.plan(2, 0));
        c.pass(200);
        c.steps(7);
        c.kill("w2");
        c.noticeLosses();
        c.pass(1000);
        c.expect("waiting");
        assertThat(c.view().reason()).isEqualTo("1 of 2 workers are ready");
        c.add("w3");
        c.pass(200);
        c.expect("training");
        assertThat(c.generations().get(1).firstStep()).isEqualTo(7);
        assertThat(c.trainee("w3").committedSteps()).isEqualTo(7);
    }

    @Test
    void whatASilentMemberHoldsIsNotDoneAgainBeforeItHadItsTime() {
        TestCluster c = training("w1", "w2");
        c.steps(20);
        c.add("newcomer");
        c.pass(200);
        c.mute("w1");
        c.kill("w2");
        c.noticeLosses();
        c.pass(1500);
        c.expect("waiting");
        assertThat(c.view().reason())
                .isEqualTo("the others hold step 0 at most; waits up to 30 s for w1, which may hold step 20");
        c.unmute("w1");
        c.pass(500);
        c.expect("training");
        assertThat(c.generations().get(1).firstStep()).isEqualTo(20);
        assertThat(c.trainee("newcomer").committedSteps()).isEqualTo(20);
    }

    @Test
    void aMemberThatStaysSilentIsGivenUpAndWhatItHeldIsDoneAgain() {
        TestCluster c = training("w1", "w2");
        c.steps(20);
        c.add("newcomer");
        c.pass(200);
        c.mute("w1");
        c.kill("w2");
        c.noticeLosses();
        c.pass(c.settings.holderTimeoutMs() + 2000);
        c.expect("training");
        assertThat(c.generations().get(1).firstStep()).isZero();
        assertThat(c.view().notes()).containsExactly("nobody holds step 20 any more: steps from 0 are done again");
    }

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
    void whoComesLateIsPreparedWhileTheOthersTrainAndThenTakenIn() {
        TestCluster c = training("w1", "w2");
        c.steps(5);
        TestCluster.Node late = c.add("w3", "1", new StubTrainee("w3").slowly());
        c.pass(10_000);
        c.expect("training");
        assertThat(c.worker("w3").state()).isEqualTo("preparing");
        late.trainee.finishPreparation();
        c.pass(200);
        c.expect("halting");
        assertThat(c.view().reason()).isEqualTo("w3 joins");
        c.steps(1);
        c.pass(200);
        c.expect("training");
        GenerationView second = c.generations().get(1);
        assertThat(second.firstStep()).isEqualTo(6);
        assertThat(second.members()).extracting(MemberView::lanes).containsExactly("[0, 3)", "[3, 6)", "[6, 8)");
        assertThat(late.trainee.committedSteps()).isEqualTo(6);
    }

    @Test
    void whoComesWhileTheMembersHaltIsTakenInWithTheNextGeneration() {
        TestCluster c = training("w1", "w2");
        c.pass(6000);
        c.add("w3");
        c.pass(200);
        c.expect("halting");
        c.add("w4");
        c.steps(1);
        c.pass(300);
        c.expect("training");
        assertThat(c.generations().get(1).members()).hasSize(4);
    }

    @Test
    void aNodeThatComesAndGoesStopsTheOthersAtMostOncePerPause() {
        TestCluster c = training("w1");
        for (int i = 0; i < 20; i++) {
            c.add("flapping" + i);
            c.pass(500);
            c.steps(1);
            c.kill("flapping" + i);
            c.noticeLosses();
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
        c.pass(200);
        c.expect("training");
        List<String> members = c.generations().get(0).members().stream()
                .map(MemberView::worker)
                .toList();
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
        assertThat(c.generations().get(1).members())
                .extracting(MemberView::worker)
                .containsExactlyInAnyOrder(members.get(1), spare);
    }

    @Test
    void aDrainedWorkerIsLeftOutUntilItIsAdmittedOrStartedAgain() {
        TestCluster c = training("w1", "w2");
        assertThat(c.ask(to -> new Coordinator.Drain("w9", "hot", to)).reason())
                .isEqualTo("there is no worker w9; there are: w1, w2");
        assertThat(c.ask(to -> new Coordinator.Drain("w2", "hot", to)).accepted())
                .isTrue();
        assertThat(c.view().reason()).isEqualTo("worker w2 is drained: hot");
        c.steps(1);
        c.pass(300);
        c.expect("training");
        assertThat(c.generations().get(1).members())
                .extracting(MemberView::worker)
                .containsExactly("w1");
        assertThat(c.worker("w2").state()).isEqualTo("drained");
        assertThat(c.worker("w2").reason()).isEqualTo("drained: hot");

        c.moveCoordinator();
        assertThat(c.worker("w2").reason()).as("a moved coordinator knows it").isEqualTo("drained: hot");

        assertThat(c.ask(to -> new Coordinator.Admit("w2", to)).accepted()).isTrue();
        c.pass(6000);
        c.steps(1);
        c.pass(300);
        assertThat(c.worker("w2").lanes()).isEqualTo("[4, 8)");

        c.ask(to -> new Coordinator.Drain("w2", "hot again", to));
        c.steps(1);
        c.kill("w2");
        c.noticeLosses();
        c.add("w2");
        c.pass(300);
        assertThat(c.worker("w2").state()).as("another process of the name").isNotEqualTo("drained");
    }

    @Test
    void aPausedRunIsSavedAndGoesOnWhenToldTo() {
        TestCluster c = training("w1", "w2");
        c.steps(4);
        assertThat(c.ask(to -> new Coordinator.Continue(to)).reason()).isEqualTo("run r is not paused, but training");
        assertThat(c.ask(to -> new Coordinator.Pause("for the night", to)).accepted())
                .isTrue();
        c.expect("halting");
        c.steps(1);
        c.pass(300);
        c.expect("paused");
        assertThat(c.view().reason()).isEqualTo("for the night");
        assertThat(c.view().checkpoint()).isEqualTo(new RunView.CheckpointView(5, "/w1/5", "w1"));
        c.add("w3");
        c.pass(60_000);
        c.expect("paused");

        c.moveCoordinator();
        c.pass(500);
        c.expect("paused");

        assertThat(c.ask(to -> new Coordinator.Continue(to)).accepted()).isTrue();
        c.pass(300);
        c.expect("training");
        assertThat(c.trainee("w3").committedSteps()).isEqualTo(5);
    }

    @Test
    void aStopEndsTheRunWithACheckpointAndItsReason() {
        TestCluster c = training("w1", "w2");
        c.steps(4);
        c.ask(to -> new Coordinator.Stop("Ctrl-C", to));
        c.steps(1);
        c.pass(300);
        c.expect("finished");
        assertThat(c.view().reason()).isEqualTo("Ctrl-C");
        assertThat(c.view().checkpoint()).isEqualTo(new RunView.CheckpointView(5, "/w1/5", "w1"));
        c.moveCoordinator();
        c.expect("finished");
    }

    @Test
    void aStopWhileAGenerationIsFormedIsCarriedByTheFirstStep() {
        TestCluster c = cluster("w1", "w2");
        c.trainee("w2").holdsEntry = true;
        c.submit(TestCluster.plan(1, 0));
        c.pass(200);
        c.ask(to -> new Coordinator.Stop("Ctrl-C", to));
        c.expect("halting");
        c.trainee("w2").finishEntry();
        c.steps(1);
        c.pass(300);
        c.expect("finished");
        assertThat(c.view().step()).isEqualTo(1);
    }

    @Test
    void theTimeLimitStopsTheRun() {
        TestCluster c = cluster("w1");
        c.submit(TestCluster.plan(1, 0).withDeadline(TestCluster.BEGAN_AT + 20_000));
        c.pass(300);
        c.steps(3);
        c.pass(20_000);
        c.steps(1);
        c.pass(300);
        c.expect("finished");
        assertThat(c.view().reason()).isEqualTo("the time limit is reached");
    }

    @Test
    void aCheckpointIsWrittenWhenAskedFor() {
        TestCluster c = training("w1", "w2");
        c.steps(4);
        assertThat(c.ask(to -> new Coordinator.SaveNow(to)).accepted()).isTrue();
        assertThat(c.view().checkpoint()).isEqualTo(new RunView.CheckpointView(4, "/w1/4", "w1"));
        c.trainee("w1").saveFailure = "/w1: the disk is full";
        c.ask(to -> new Coordinator.SaveNow(to));
        assertThat(c.view().notes()).containsExactly("/w1: the disk is full");
        c.expect("training");
    }

    @Test
    void anOrderToSaveThatWasLostIsGivenAgain() {
        TestCluster c = training("w1", "w2");
        c.lose(o -> o instanceof Worker.Save);
        c.ask(to -> new Coordinator.SaveNow(to));
        c.lose(o -> false);
        assertThat(c.view().checkpoint()).isNull();
        c.pass(3000);
        assertThat(c.view().checkpoint()).isNotNull();
    }

    @Test
    void atTheEndAnotherWorkerSavesWhereTheDiskOfTheFirstIsFull() {
        TestCluster c = training("w1", "w2");
        c.trainee("w1").saveFailure = "/w1: the disk is full";
        c.steps(100);
        c.pass(1000);
        c.expect("finished");
        assertThat(c.view().checkpoint()).isEqualTo(new RunView.CheckpointView(100, "/w2/100", "w2"));
        assertThat(c.view().notes()).containsExactly("/w1: the disk is full");
    }

    @Test
    void whereNobodyCanSaveTheRunFailsAndSaysWhy() {
        TestCluster c = training("w1", "w2");
        c.trainee("w1").saveFailure = "/w1: the disk is full";
        c.trainee("w2").saveFailure = "/w2: the disk is full";
        c.steps(100);
        c.pass(1000);
        c.expect("failed");
        assertThat(c.view().reason()).contains("/w1: the disk is full").contains("/w2: the disk is full");
    }

    @Test
    void aWorkerKilledWhileItSavesIsFollowedByAnother() {
        TestCluster c = training("w1", "w2");
        c.trainee("w1").silentSave = true;
        c.steps(100);
        c.pass(500);
        c.expect("saving");
        c.kill("w1");
        c.noticeLosses();
        c.pass(500);
        c.expect("finished");
        assertThat(c.view().checkpoint()).isEqualTo(new RunView.CheckpointView(100, "/w2/100", "w2"));
    }

    @Test
    void aWorkerThatNeverEndsItsCheckpointIsGivenUpInTime() {
        TestCluster c = training("w1", "w2");
        c.trainee("w1").silentSave = true;
        c.steps(100);
        c.pass(c.settings.saveTimeoutMs() + 1000);
        c.expect("finished");
        assertThat(c.view().checkpoint()).isEqualTo(new RunView.CheckpointView(100, "/w2/100", "w2"));
    }

    @Test
    void differentWeightsFailTheRunAndNameTheRanks() {
        TestCluster c = training("w1", "w2");
        c.trainee("w2").weights = " with a flipped bit";
        c.steps(100);
        c.pass(500);
        c.expect("failed");
        assertThat(c.view().reason())
                .contains("rank 0 (w1) weights of 100")
                .contains("rank 1 (w2) weights of 100 with a flipped bit");
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
        c.kill("w2");
        c.noticeLosses();
        c.pass(500);
        c.expect("training");
        assertThat(c.view().generation()).isEqualTo(2);
        assertThat(c.trainee("w1").halts).isZero();
        assertThat(c.trainee("w1").entered).containsExactly(1L, 2L);
    }

    @Test
    void aCoordinatorThatMovedWhileAGenerationWasFormedGoesOnFormingIt() {
        TestCluster c = cluster("w1", "w2");
        c.trainee("w2").holdsEntry = true;
        c.submit(TestCluster.plan(1, 0));
        c.pass(200);
        c.moveCoordinator();
        c.expect("forming");
        c.trainee("w2").finishEntry();
        c.pass(200);
        c.expect("training");
        assertThat(c.trainee("w1").entered).containsExactly(1L);
    }

    @Test
    void aCoordinatorThatMovedBeforeAllHadJoinedFormsAnotherGeneration() {
        TestCluster c = cluster("w1", "w2");
        c.lose(o -> o instanceof Worker.Join j && j.generation().rankOf("w2") == 1 && j.epoch() == 1);
        c.submit(TestCluster.plan(1, 0));
        c.pass(200);
        c.lose(o -> false);
        c.moveCoordinator();
        c.pass(500);
        c.expect("training");
        assertThat(c.view().generation()).isLessThanOrEqualTo(2);
    }

    @Test
    void aCoordinatorThatMovedWhileTheMembersHaltedForAPausePausesThem() {
        TestCluster c = training("w1", "w2");
        c.ask(to -> new Coordinator.Pause("for the night", to));
        c.moveCoordinator();
        c.expect("halting");
        c.steps(1);
        c.pass(300);
        c.expect("paused");
        assertThat(c.view().reason()).isEqualTo("for the night");
    }

    @Test
    void aMemberLostTogetherWithTheCoordinatorIsMissed() {
        TestCluster c = training("w1", "w2");
        c.steps(5);
        c.kill("w2");
        c.moveCoordinator();
        c.pass(1500);
        c.expect("training");
        assertThat(c.generations()).last().extracting(GenerationView::firstStep).isEqualTo(5L);
    }

    @Test
    void aJoinThatWasLostIsGivenAgain() {
        TestCluster c = cluster("w1", "w2");
        c.lose(o -> o instanceof Worker.Join);
        c.submit(TestCluster.plan(1, 0));
        c.pass(1000);
        c.expect("forming");
        c.lose(o -> false);
        c.pass(500);
        c.expect("training");
    }

    @Test
    void aHaltThatWasLostIsGivenAgain() {
        TestCluster c = training("w1", "w2");
        c.lose(o -> o instanceof Worker.Halt);
        c.ask(to -> new Coordinator.Pause("for the night", to));
        c.steps(5);
        c.lose(o -> false);
        c.expect("halting");
        c.pass(500);
        c.steps(1);
        c.pass(300);
        c.expect("paused");
        assertThat(c.view().step()).isEqualTo(6);
    }

    @Test
    void reportsThatWereLostAreFoundOut() {
        TestCluster c = cluster("w1", "w2");
        c.loseReports(r -> r instanceof Worker.GenerationReport);
        c.submit(TestCluster.plan(1, 0));
        c.pass(3000);
        c.expect("training");
        c.steps(100);
        c.loseReports(r -> false);
        c.pass(4000);
        c.expect("finished");
        assertThat(c.view().step()).isEqualTo(100);
    }

    @Test
    void aFailureWhoseReportWasLostIsFoundOut() {
        TestCluster c = training("w1", "w2");
        c.loseReports(r -> true);
        c.kill("w2");
        c.loseReports(r -> false);
        c.pass(4000);
        c.expect("training");
        assertThat(c.view().generation()).isEqualTo(2);
    }

    @Test
    void doubledReportsCountOnce() {
        TestCluster c = cluster("w1", "w2", "w3");
        c.doubleAll();
        c.submit(TestCluster.plan(1, 0));
        c.pass(200);
        c.steps(5);
        c.kill("w2");
        c.pass(500);
        assertThat(c.generations()).hasSize(2);
        c.steps(100);
        c.pass(500);
        c.expect("finished"); // w2, still listed, was given up before: nobody waits for it again
        assertThat(c.view().checkpoint()).isNotNull();
    }

    @Test
    void aMemberThatDoesNotJoinInTimeIsSetAside() {
        TestCluster c = cluster("w1", "w2");
        c.trainee("w2").holdsEntry = true;
        c.submit(TestCluster.plan(1, 0));
        c.pass(c.settings.formingTimeoutMs() + 500);
        c.expect("training");
        assertThat(c.generations().get(1).members())
                .extracting(MemberView::worker)
                .containsExactly("w1");
        assertThat(c.worker("w2").state()).isEqualTo("set aside");
        assertThat(c.worker("w2").reason()).contains("flm.coordinator.forming-timeout");
    }

    @Test
    void aBrokenDeviceIsLeftOutByNameAndTheOthersGoOn() {
        TestCluster c = training("w1", "w2");
        c.steps(5);
        c.trainee("w2").fail(FailureKind.BROKEN, "worker w2: the device fell off the bus");
        c.trainee("w1").fail(FailureKind.MEMBER_LOST, "rank 1 left");
        c.actors.settle();
        c.pass(1500);
        c.expect("training");
        assertThat(c.view().notes()).containsExactly("worker w2 is left out: worker w2: the device fell off the bus");
        assertThat(c.worker("w2").state()).isEqualTo("unfit");
        c.pass(60_000);
        assertThat(c.generations()).hasSize(2);
    }

    @Test
    void aFailureOfTheUsersEndsTheRunWithItsCauseWhoeverTellsFirst() {
        TestCluster c = training("w1", "w2");
        c.steps(3);
        c.trainee("w1").fail(FailureKind.MEMBER_LOST, "rank 1 left");
        c.actors.settle();
        c.trainee("w2").fail(FailureKind.USER, "step 3, lane 5: the loss is NaN");
        c.actors.settle();
        c.expect("failed");
        assertThat(c.view().reason()).isEqualTo("step 3, lane 5: the loss is NaN");
        c.moveCoordinator();
        c.expect("failed");
    }

    @Test
    void whereAllThatTrainedAreLostAStoppedRunFailsSinceNothingIsSaved() {
        TestCluster c = training("w1");
        c.steps(5);
        c.kill("w1");
        c.noticeLosses();
        c.ask(to -> new Coordinator.Stop("Ctrl-C", to));
        c.pass(500);
        c.expect("failed");
        assertThat(c.view().reason()).isEqualTo("step 5 could not be saved: nobody holds it any more");
    }

    @Test
    void aRunThatFailedStaysFailedThoughAMemberHasNotHeardOfItWhenTheCoordinatorMoves() {
        TestCluster c = training("w1", "w2");
        c.mute("w2");
        c.trainee("w1").fail(FailureKind.USER, "step 0, lane 5: the loss is NaN");
        c.actors.settle();
        c.expect("failed");
        c.unmute("w2");
        c.moveCoordinator();
        c.expect("failed");
        c.pass(3000);
        assertThat(c.trainee("w2").running).isFalse();
    }

    @Test
    void aRunThatWasJustSubmittedIsTakenUpByACoordinatorThatMovedThoughAWorkerOnlyKnowsTheOneBefore() {
        TestCluster c = training("w1", "w2");
        c.steps(100);
        c.pass(500);
        c.expect("finished");
        c.mute("w2");
        c.lose(o -> o instanceof Worker.Join);
        c.submit(RunPlan.of("next", "a-1", "", "1", 8, 100));
        c.lose(o -> false);
        c.unmute("w2");
        c.moveCoordinator();
        c.pass(500);
        c.expect("training");
        assertThat(c.view().run()).isEqualTo("next");
    }

    @Test
    void aWorkerThatCannotBeReachedForAWhileLeavesTheGenerationThatTheOthersHaveGivenUp() {
        TestCluster c = training("w1", "w2", "w3");
        c.steps(5);
        c.mute("w3");
        c.trainee("w1").fail(FailureKind.MEMBER_LOST, "lost nw3", "nw3");
        c.pass(1500);
        c.expect("training");
        assertThat(c.generations().get(1).members()).hasSize(2);
        c.unmute("w3");
        c.pass(8000);
        c.steps(1);
        c.pass(500);
        assertThat(c.generations().get(2).members()).hasSize(3);
    }

    @Test
    void workersOfAnotherVersionOrOtherDataAreRefusedByName() {
        TestCluster c = cluster("w1");
        c.add("w2", "0.9", new StubTrainee("w2"));
        StubTrainee other = new StubTrainee("w3");
        other.hashes = Map.of("data", "d2");
        c.add("w3", "1", other);
        c.submit(TestCluster.plan(1, 0).withHashes(Map.of("data", "d1")));
        c.pass(300);
        c.expect("training");
        assertThat(c.generations().get(0).members())
                .extracting(MemberView::worker)
                .containsExactly("w1");
        assertThat(c.worker("w2").state()).isEqualTo("refused");
        assertThat(c.worker("w2").reason())
                .isEqualTo("has version 0.9 of the program, the run's is 1; install that on nw2");
        assertThat(c.worker("w3").reason()).startsWith("reads another content of data (SHA-256 d2");
    }

    @Test
    void theFirstPreparedWorkerDecidesOnTheDataWhereTheSubmitterDidNot() {
        TestCluster c = cluster("w1");
        c.submit(TestCluster.plan(1, 0));
        c.pass(300);
        StubTrainee other = new StubTrainee("w2");
        other.hashes = Map.of("data", "d2");
        c.add("w2", "1", other);
        c.pass(10_000);
        assertThat(c.worker("w2").state()).isEqualTo("refused");
        assertThat(c.generations()).hasSize(1);
    }

    @Test
    void whereNoWorkerCanCarryOutThePlanTheRunFailsAtOnce() {
        TestCluster c = cluster();
        c.pass(c.settings.discoverTimeoutMs());
        StubTrainee refusing = new StubTrainee("w1");
        refusing.refusal = "/data/x: no such file";
        c.add("w1", "1", refusing);
        c.submit(TestCluster.plan(1, 0));
        c.pass(200);
        c.expect("failed");
        assertThat(c.view().reason()).isEqualTo("/data/x: no such file");
    }

    @Test
    void slowWorkersGetFewerLanesWhereThatIsWorthAHalt() {
        TestCluster c = training("w1", "w2");
        c.trainee("w2").laneMs = 3;
        c.steps(10);
        c.pass(c.settings.redealPauseMs() - 1000);
        assertThat(c.generations()).hasSize(1);
        c.pass(2000);
        c.expect("halting");
        assertThat(c.view().reason()).startsWith("lanes are dealt anew by speed: a step gets 50 % shorter");
        c.steps(1);
        c.pass(300);
        assertThat(c.generations().get(1).members())
                .extracting(MemberView::lanes)
                .containsExactly("[0, 6)", "[6, 8)");
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
        assertThat(c.generations().get(1).why()).contains("flm.coordinator.stall-timeout");
    }

    @Test
    void membersThatDoNotStopAreGivenUpInTime() {
        TestCluster c = training("w1", "w2");
        c.ask(to -> new Coordinator.Pause("for the night", to));
        c.pass(c.settings.haltTimeoutMs() + 1000);
        c.expect("paused");
    }

    @Test
    void aSecondRunIsRefusedWhileOneIsUnderWayAndTakenAfterwards() {
        TestCluster c = training("w1");
        assertThat(c.ask(to -> new Coordinator.Submit(TestCluster.plan(1, 0), to))
                        .accepted())
                .as("the same submission, doubled")
                .isTrue();
        RunPlan second = RunPlan.of("s", "s-1", "", "1", 8, 100);
        assertThat(c.ask(to -> new Coordinator.Submit(second, to)).reason())
                .isEqualTo("run r is training; stop it first");
        c.steps(100);
        c.pass(500);
        c.expect("finished");
        assertThat(c.ask(to -> new Coordinator.Submit(second.withWorkers(9, 0), to))
                        .reason())
                .contains("at least 9 workers, but at most 8 have a lane");
        c.submit(second);
        c.pass(300);
        c.expect("training");
        assertThat(c.view().generation()).as("numbers grow over all runs").isEqualTo(2);
    }

    @Test
    void everyMessageCrossesNodesUnchanged() {
        TestCluster c = cluster("w1");
        ActorRef<Coordinator.Answer> answer = c.actors.spawn(Behaviors.ignore(), "answer");
        ActorRef<RunView> run = c.actors.spawn(Behaviors.ignore(), "run");
        ActorRef<GenerationsView> generations = c.actors.spawn(Behaviors.ignore(), "generations");
        c.submit(TestCluster.plan(1, 0));
        c.pass(200);
        c.steps(3);
        List<WireMessage> messages = List.of(
                new Coordinator.GetRun(run),
                new Coordinator.GetGenerations(generations),
                new Coordinator.AwaitEnd("r", run),
                new Coordinator.Submit(TestCluster.plan(1, 0), answer),
                new Coordinator.Pause("why", answer),
                new Coordinator.Continue(answer),
                new Coordinator.SaveNow(answer),
                new Coordinator.Stop("why", answer),
                new Coordinator.Drain("w", "why", answer),
                new Coordinator.Admit("w", answer),
                new Coordinator.Answer(true, "training", "why"),
                c.view(),
                new GenerationsView(c.generations()));
        SerializationTestKit serialization = new SerializationTestKit(c.actors.system());
        messages.forEach(m -> serialization.verifySerialization(m, true));
    }
}
