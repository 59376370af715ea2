package io.flm.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import akka.actor.testkit.typed.javadsl.SerializationTestKit;
import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.Behaviors;
import io.flm.worker.AsyncTrainer;
import io.flm.worker.FailureKind;
import io.flm.worker.RunPlan;
import io.flm.worker.ShownSamples;
import io.flm.worker.WireMessage;
import io.flm.worker.Worker;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A run from its submission to its end: what the operator asks for, what is saved, and how it ends. */
class CoordinatorTest extends ClusterTest {
    @Test
    void aRunGoesFromItsSubmissionToItsEnd() {
        TestCluster c = training("w1", "w2");
        c.steps(42);
        RunView view = c.view();
        assertThat(view.step()).isEqualTo(42);
        assertThat(view.loss()).isEqualTo(2.5);
        assertThat(view.heads()).containsExactly(new AsyncTrainer.Head("rec", 2, 1, null, null));
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
        assertThat(c.stop("too late").reason()).isEqualTo("there is no run to stop");
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
        c.trainer("w2").commit(true);
        c.actors.settle();
        assertThat(c.view().loss()).isNull();
        c.trainer("w1").commit(true);
        c.actors.settle();
        assertThat(c.view().loss()).isEqualTo(2.5);
    }

    @Test
    void waitsForTheLeastNumberOfWorkersAndSaysWhoIsMissing() {
        TestCluster c = cluster("w1").submit(TestCluster.plan(2, 0));
        c.expect("waiting");
        assertThat(c.view().reason()).isEqualTo("1 of 2 workers are ready");
        TestCluster.Node second = c.add("w2", "1", new StubTrainer("w2").slowly());
        c.pass(200);
        assertThat(c.view().reason()).isEqualTo("1 of 2 workers are ready; preparing: w2");
        second.trainer.finishPreparation();
        c.expectAfter(200, "training");
    }

    @Test
    void beforeTheFirstStepWorkersThatAreNearlyReadyAreWaitedForOnlySoLong() {
        TestCluster c = cluster("w1");
        c.add("w2", "1", new StubTrainer("w2").slowly());
        c.submit();
        c.expectAfter(1000, "waiting");
        assertThat(c.view().reason()).isEqualTo("1 worker ready; waits up to 30 s for w2");
        c.expectAfter(30_000, "training");
    }

    @Test
    void aRunThatWaitsTooLongFails() {
        TestCluster c = configured("flm.coordinator.wait-limit = 60 s", "w1").submit(TestCluster.plan(2, 0));
        c.expectAfter(61_000, "failed");
        assertThat(c.view().reason()).contains("1 of 2 workers are ready").contains("flm.coordinator.wait-limit");
    }

    @Test
    void aPausedRunIsSavedAndGoesOnWhenToldTo() {
        TestCluster c = training("w1", "w2");
        c.steps(4);
        assertThat(c.goOn().reason()).isEqualTo("run r is not paused, but training");
        assertThat(c.pause("for the night").accepted()).isTrue();
        c.expect("halting");
        c.steps(1);
        c.expectAfter(300, "paused");
        assertThat(c.view().reason()).isEqualTo("for the night");
        c.expectCheckpoint(5, "w1");
        c.add("w3");
        c.expectAfter(60_000, "paused");

        c.moveCoordinator();
        c.expectAfter(500, "paused");

        assertThat(c.goOn().accepted()).isTrue();
        c.expectAfter(300, "training");
        assertThat(c.trainer("w3").committedSteps()).isEqualTo(5);
    }

    @Test
    void anOrderAboutTheRunAsItWasIsNotGiven() {
        TestCluster c = training("w1", "w2");
        String tag = c.tag();
        c.steps(2);
        assertThat(c.tag()).as("after steps").isEqualTo(tag);
        assertThat(c.onlyIf(List.of("other", tag), to -> new Coordinator.Drain("w2", "hot", to)))
                .isInstanceOfSatisfying(
                        Coordinator.Answer.class,
                        answer -> assertThat(answer.accepted()).isTrue());
        assertThat(c.tag()).as("after an order").isNotEqualTo(tag);
        assertThat(c.onlyIf(List.of(tag), to -> new Coordinator.Stop("too late", to)))
                .isInstanceOfSatisfying(
                        Coordinator.Changed.class,
                        changed -> assertThat(changed.reason()).isNotEmpty());
        c.steps(1);
        c.expectAfter(300, "training");
        assertThat(c.view().generation()).isEqualTo(2);
    }

    @Test
    void aStopEndsTheRunWithACheckpointAndItsReason() {
        TestCluster c = training("w1", "w2");
        c.steps(4);
        c.stop("Ctrl-C");
        c.steps(1);
        c.expectAfter(300, "finished");
        assertThat(c.view().reason()).isEqualTo("Ctrl-C");
        c.expectCheckpoint(5, "w1");
        c.moveCoordinator();
        c.expect("finished");
    }

    @Test
    void aStopWhileAGenerationIsFormedIsCarriedByTheFirstStep() {
        TestCluster c = forming("w2", "w1");
        c.stop("Ctrl-C");
        c.expect("halting");
        c.trainer("w2").finishEntry();
        c.steps(1);
        c.expectAfter(300, "finished");
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
        c.expectAfter(300, "finished");
        assertThat(c.view().reason()).isEqualTo("the time limit is reached");
    }

    @Test
    void aCheckpointIsWrittenWhenAskedFor() {
        TestCluster c = training("w1", "w2");
        c.steps(4);
        assertThat(c.saveNow().accepted()).isTrue();
        c.expectCheckpoint(4, "w1");
        c.trainer("w1").saveFailure = "/w1: the disk is full";
        c.saveNow();
        assertThat(c.view().notes()).containsExactly("/w1: the disk is full");
        c.expect("training");
        c.trainer("w1").saveFailure = "";
        c.saveNow();
        c.expectCheckpoint(4, "w1");
        assertThat(c.view().notes()).as("there is room again").isEmpty();
    }

    @Test
    void theTimeThatIsLeftIsThatOfTheGenerationsSteps() {
        TestCluster c = training("w1", "w2");
        assertThat(c.view().secondsLeft()).isNull();
        c.steps(1);
        c.pass(10_000);
        c.steps(10);
        assertThat(c.view().secondsLeft()).isCloseTo(89, within(2.0));
    }

    @Test
    void atTheEndAnotherWorkerSavesWhereTheDiskOfTheFirstIsFull() {
        TestCluster c = training("w1", "w2");
        c.trainer("w1").saveFailure = "/w1: the disk is full";
        c.steps(100);
        c.expectAfter(1000, "finished");
        c.expectCheckpoint(100, "w2");
        assertThat(c.view().notes()).containsExactly("/w1: the disk is full; another worker has written it");
    }

    @Test
    void whereNobodyCanSaveTheRunFailsAndSaysWhy() {
        TestCluster c = training("w1", "w2");
        c.trainer("w1").saveFailure = "/w1: the disk is full";
        c.trainer("w2").saveFailure = "/w2: the disk is full";
        c.steps(100);
        c.expectAfter(1000, "failed");
        assertThat(c.view().reason()).contains("/w1: the disk is full").contains("/w2: the disk is full");
    }

    @Test
    void aWorkerKilledWhileItSavesIsFollowedByAnother() {
        TestCluster c = training("w1", "w2");
        c.trainer("w1").silentSave = true;
        c.steps(100);
        c.expectAfter(500, "saving");
        c.killAndNotice("w1");
        c.expectAfter(500, "finished");
        c.expectCheckpoint(100, "w2");
    }

    @Test
    void aStoppedRunWaitsForItsOnlyHolderThatCannotBeReachedForAWhile() {
        TestCluster c = training("w1");
        c.steps(4);
        c.lose(o -> o instanceof Worker.Save);
        c.stop("Ctrl-C");
        c.steps(1);
        c.expectAfter(300, "saving");
        c.list("w1");
        c.expectAfter(5000, "saving");
        assertThat(c.view().reason())
                .isEqualTo("Ctrl-C; nobody that holds step 5 can be reached, waits up to 30 s"
                        + " (flm.coordinator.holder-timeout)");
        c.loseNothing();
        c.list();
        c.expectAfter(1000, "finished");
        c.expectCheckpoint(5, "w1");
    }

    @Test
    void aStoppedRunWhoseHoldersStayAwayFailsInTime() {
        TestCluster c = training("w1");
        c.steps(4);
        c.lose(o -> o instanceof Worker.Save);
        c.stop("Ctrl-C");
        c.steps(1);
        c.expectAfter(300, "saving");
        c.killAndNotice("w1");
        c.expectAfter(c.settings.holderTimeoutMs() + 500, "failed");
        assertThat(c.view().reason()).contains("step 5 could not be saved");
    }

    @Test
    void aWorkerThatNeverEndsItsCheckpointIsGivenUpInTime() {
        TestCluster c = training("w1", "w2");
        c.trainer("w1").silentSave = true;
        c.steps(100);
        c.expectAfter(c.settings.saveTimeoutMs() + 1000, "finished");
        c.expectCheckpoint(100, "w2");
    }

    @Test
    void aRunThatNobodyCanSaveNamesEachReasonOnce() {
        TestCluster c = training("w1", "w2");
        c.trainer("w1").saveFailure = "no checkpoint of step 100: /r: the disk is full; make room";
        c.trainer("w2").saveFailure = c.trainer("w1").saveFailure;
        c.steps(100);
        c.expectAfter(2000, "failed");
        assertThat(c.view().reason()).isEqualTo("step 100 could not be saved: " + c.trainer("w1").saveFailure);
        assertThat(c.view().notes()).isEmpty();
    }

    @Test
    void differentWeightsFailTheRunAndNameTheRanks() {
        TestCluster c = training("w1", "w2");
        c.trainer("w2").weights = " with a flipped bit";
        c.steps(100);
        c.expectAfter(500, "failed");
        assertThat(c.view().reason())
                .contains("rank 0 (w1) weights of 100")
                .contains("rank 1 (w2) weights of 100 with a flipped bit");
    }

    @Test
    void aFailureOfTheUsersEndsTheRunWithItsCauseWhoeverTellsFirst() {
        TestCluster c = training("w1", "w2");
        c.steps(3);
        c.trainer("w1").fail(FailureKind.MEMBER_LOST, "rank 1 left");
        c.actors.settle();
        c.trainer("w2").fail(FailureKind.USER, "step 3, lane 5: the loss is NaN");
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
        c.killAndNotice("w1");
        c.stop("Ctrl-C");
        c.expectAfter(500, "failed");
        assertThat(c.view().reason()).isEqualTo("step 5 could not be saved: nobody holds it any more");
    }

    @Test
    void whereNoWorkerCanCarryOutThePlanTheRunFailsAtOnce() {
        TestCluster c = cluster();
        c.pass(c.settings.discoverTimeoutMs());
        StubTrainer refusing = new StubTrainer("w1");
        refusing.refusal = "/data/x: no such file";
        c.add("w1", "1", refusing);
        c.submit();
        c.expectAfter(200, "failed");
        assertThat(c.view().reason()).isEqualTo("/data/x: no such file");
    }

    @Test
    void membersThatDoNotStopAreGivenUpInTime() {
        TestCluster c = training("w1", "w2");
        c.pause("for the night");
        c.expectAfter(c.settings.haltTimeoutMs() + 1000, "paused");
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
        c.expectAfter(500, "finished");
        assertThat(c.ask(to -> new Coordinator.Submit(second.withWorkers(9, 0), to))
                        .reason())
                .contains("at least 9 workers, but at most 8 have a lane");
        c.submit(second);
        c.expectAfter(300, "training");
        assertThat(c.view().generation()).as("numbers grow over all runs").isEqualTo(2);
    }

    @Test
    void everyMessageCrossesNodesUnchanged() {
        TestCluster c = cluster("w1");
        ActorRef<Coordinator.Answer> answer = c.actors.spawn(Behaviors.ignore(), "answer");
        ActorRef<Coordinator.Tagged> tagged = c.actors.spawn(Behaviors.ignore(), "tagged");
        ActorRef<Coordinator.Changed> changed = c.actors.spawn(Behaviors.ignore(), "changed");
        ActorRef<RunView> run = c.actors.spawn(Behaviors.ignore(), "run");
        ActorRef<GenerationsView> generations = c.actors.spawn(Behaviors.ignore(), "generations");
        ActorRef<RunEvents> events = c.actors.spawn(Behaviors.ignore(), "events");
        ActorRef<MetricsView> metrics = c.actors.spawn(Behaviors.ignore(), "metrics");
        ActorRef<SamplesView> samples = c.actors.spawn(Behaviors.ignore(), "samples");
        ActorRef<PictureView> picture = c.actors.spawn(Behaviors.ignore(), "picture");
        c.submit();
        c.pass(200);
        c.steps(3);
        List<WireMessage> messages = List.of(
                new Coordinator.GetRun(run),
                new Coordinator.GetGenerations(generations),
                new Coordinator.Submit(TestCluster.plan(1, 0), answer),
                new Coordinator.Pause("why", answer),
                new Coordinator.Continue(answer),
                new Coordinator.SaveNow(answer),
                new Coordinator.Stop("why", answer),
                new Coordinator.Drain("w", "why", answer),
                new Coordinator.Admit("w", answer),
                new Coordinator.Answer(true, "training", "why"),
                new Coordinator.GetTagged(tagged),
                new Coordinator.Tagged(c.tag(), c.view()),
                new Coordinator.OnlyIf(List.of("a", "b"), new Coordinator.Drain("w", "why", answer), changed),
                new Coordinator.Changed("training", "why"),
                c.view(),
                new GenerationsView(c.generations()),
                new Coordinator.GetMetrics(0, 100, 10, metrics),
                new MetricsView(
                        "r",
                        0,
                        3,
                        2,
                        List.of(0L, 2L),
                        List.of(2, 1),
                        Map.of(
                                "loss",
                                new MetricsView.Figure(
                                        Arrays.asList(2.5f, null), Arrays.asList(2f, null), Arrays.asList(3f, null)))),
                new Coordinator.GetSamples(7, samples),
                new SamplesView("r", List.of(4L, 8L), 8L, List.of(shown())),
                new Coordinator.GetPicture(1, picture),
                new PictureView("iVBORw0KGgo="),
                new PictureView(null),
                new Coordinator.Subscribe("a", 7, events),
                new RunEvents("a", 8, c.view(), List.of()),
                new RunEvents("a", 9, null, everyEvent(c.view(), c.generations().get(0))));
        SerializationTestKit serialization = new SerializationTestKit(c.actors.system());
        messages.forEach(m -> serialization.verifySerialization(m, true));
    }

    private static SamplesView.Shown shown() {
        return new SamplesView.Shown(
                1,
                "shard:key",
                "a cat",
                List.of("a", "cat"),
                "span rate 0.3",
                List.of(new ShownSamples.View("l2r", List.of("l-", "ll"))),
                new ShownSamples.Prediction(null, 2.5, List.of(new ShownSamples.Guess(1, "dog", false, 0.25))));
    }

    private static List<RunEvents.Numbered> everyEvent(RunView view, GenerationsView.GenerationView generation) {
        AsyncTrainer.Rates rates = new AsyncTrainer.Rates(
                1, 2, 3, new AsyncTrainer.Shares(0.25, 0.125, 0.125, 0.25, 0.25), AsyncTrainer.Traffic.NONE);
        List<RunEvent> events = List.of(
                new RunEvent.Entered("training", "why"),
                new RunEvent.Stepped(1, 2, 2.5, view.heads(), rates, 1e-3, null),
                new RunEvent.Formed(generation),
                new RunEvent.WorkersChanged(view.workers(), List.of("w2")),
                new RunEvent.NotesChanged(List.of("a note")),
                new RunEvent.Sampled(40),
                new RunEvent.Saved(new RunView.CheckpointView(5, "/c", "w1")),
                new RunEvent.Compared("ab"));
        assertThat(events).hasSize(RunEvent.class.getPermittedSubclasses().length);
        return events.stream().map(event -> new RunEvents.Numbered(1, 2, event)).toList();
    }
}
