package io.flm.worker;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.engine.EngineException;
import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.FishingOutcomes;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import io.flm.data.BrokenShards;
import io.flm.data.UserException;
import io.flm.exchange.ExchangeNode;
import io.flm.worker.Worker.Phase;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class WorkerTest {
    private static final ActorTestKit KIT = ActorTestKit.create();

    private final TestProbe<Worker.Report> reports = KIT.createTestProbe();
    private final List<Long> observed = new CopyOnWriteArrayList<>();

    @AfterAll
    static void shutDown() {
        KIT.shutdownTestKit();
    }

    private static RunPlan plan(long totalSteps) {
        return RunPlan.of("run", "run-1", "flm {}", "1", 2, totalSteps);
    }

    /** A worker that is prepared for a run of so many steps. */
    private ActorRef<Worker.Command> prepared(String name, FakeTrainer trainer, long totalSteps) {
        ActorRef<Worker.Command> worker = spawn(name, p -> trainer);
        prepare(worker, plan(totalSteps));
        assertThat(described(Phase.WAITING).hashes()).containsEntry("data", "d1");
        return worker;
    }

    private ActorRef<Worker.Command> spawn(String name, TrainerThread.Factory factory) {
        TrainerThread thread = new TrainerThread(
                name,
                factory,
                (generation, rank, r) -> observed.add(r.step()),
                System::nanoTime,
                ExchangeNode.inMemory()::counters);
        return KIT.spawn(Worker.create(new Worker.Identity(name, "node", "cpu", "", "1"), thread), name);
    }

    private void prepare(ActorRef<Worker.Command> worker, RunPlan plan) {
        worker.tell(new Worker.Prepare(1, plan, reports.getRef()));
    }

    private void join(ActorRef<Worker.Command> worker, Generation generation) {
        worker.tell(new Worker.Join(1, generation, reports.getRef()));
    }

    private void describe(ActorRef<Worker.Command> worker) {
        worker.tell(new Worker.Describe(1, false, reports.getRef()));
    }

    private <T extends Worker.Report> T expect(Class<T> type) {
        while (true) {
            Worker.Report report = reports.receiveMessage();
            if (type.isInstance(report)) {
                return type.cast(report);
            }
        }
    }

    /** The next description of a worker in this phase. */
    private Worker.Described described(Phase phase) {
        while (true) {
            Worker.Described d = expect(Worker.Described.class);
            if (d.phase() == phase) {
                return d;
            }
        }
    }

    @Test
    void runsItsGenerationToTheLastStepWithoutFurtherOrders() {
        FakeTrainer trainer = new FakeTrainer(-1, -1, new IllegalStateException());
        ActorRef<Worker.Command> worker = prepared("a", trainer, 5);
        join(worker, FakeTrainer.alone(1, "a", 0));
        assertThat(expect(Worker.Joined.class).generation()).isEqualTo(1);
        Worker.Progressed progressed = expect(Worker.Progressed.class);
        assertThat(progressed.heads()).containsExactly(new AsyncTrainer.Head("mlm", 2, 0.25, 0.4, 0.25));
        assertThat(progressed.rates().laneMs()).isEqualTo(3e-6 / 2);
        assertThat(progressed.rates().shares()).isEqualTo(new AsyncTrainer.Shares(0.1, 0.1, 0.1, 0.3, 0.4));
        assertThat(expect(Worker.Halted.class).committedSteps()).isEqualTo(5);
        assertThat(observed).containsExactly(0L, 1L, 2L, 3L, 4L);
        assertThat(trainer.calls()).containsExactly("enter 1", "leave");
    }

    @Test
    void savesAndHashesWhatItHoldsAfterTheGeneration() {
        FakeTrainer trainer = new FakeTrainer(-1, -1, new IllegalStateException());
        ActorRef<Worker.Command> worker = prepared("saves", trainer, 5);
        join(worker, FakeTrainer.alone(1, "saves", 0));
        expect(Worker.Halted.class);
        worker.tell(new Worker.Save(1, reports.getRef()));
        assertThat(expect(Worker.Saved.class)).isEqualTo(new Worker.Saved("saves", 5, "/checkpoints/5"));
        worker.tell(new Worker.Hash(1, reports.getRef()));
        assertThat(expect(Worker.Hashed.class)).isEqualTo(new Worker.Hashed("saves", 5, "hash of 5"));
    }

    @Test
    void aWantOfMemoryForACheckpointIsAnsweredAndTheNextOneIsWritten() {
        FakeTrainer trainer = new FakeTrainer(-1, -1, new IllegalStateException());
        ActorRef<Worker.Command> worker = prepared("full", trainer, 5);
        join(worker, FakeTrainer.alone(1, "full", 0));
        expect(Worker.Halted.class);
        trainer.saveFailure = new OutOfMemoryError("Java heap space");
        worker.tell(new Worker.Save(1, reports.getRef()));
        assertThat(expect(Worker.SaveFailed.class).reason())
                .contains("worker full, step 5: the checkpoint failed: out of memory (Java heap space): start ");
        trainer.saveFailure = null;
        worker.tell(new Worker.Save(1, reports.getRef()));
        assertThat(expect(Worker.Saved.class).step()).isEqualTo(5);
    }

    @Test
    void savesAtTheNextCommitWhileStepsRun() {
        FakeTrainer trainer = new FakeTrainer(3, -1, new IllegalStateException());
        ActorRef<Worker.Command> worker = prepared("running", trainer, 1000);
        join(worker, FakeTrainer.alone(1, "running", 0));
        expect(Worker.Joined.class);
        worker.tell(new Worker.Save(1, reports.getRef()));
        describe(worker); // answered after the order was taken up
        described(Phase.TRAINING);
        trainer.held.countDown();
        assertThat(expect(Worker.Saved.class).step()).isBetween(1L, 4L);
    }

    @Test
    void haltsAfterTheStepThatCarriesTheFlag() throws InterruptedException {
        FakeTrainer trainer = new FakeTrainer(3, -1, new IllegalStateException());
        ActorRef<Worker.Command> worker = prepared("b", trainer, 1_000_000);
        join(worker, FakeTrainer.alone(1, "b", 0));
        expect(Worker.Joined.class);
        assertThat(trainer.awaitHold()).isTrue();
        worker.tell(new Worker.Halt(1, 1, "the operator asked", reports.getRef()));
        describe(worker); // answered after the halt was taken up
        expect(Worker.Described.class);
        trainer.held.countDown();
        Worker.Halted halted = expect(Worker.Halted.class);
        assertThat(halted.reason()).isEqualTo("the operator asked");
        // step 3 may have begun before the flag was up; then step 4 carries it
        assertThat(halted.committedSteps()).isBetween(4L, 5L);
    }

    @Test
    void aHaltOfAnotherGenerationIsNotObeyed() {
        FakeTrainer trainer = new FakeTrainer(2, -1, new IllegalStateException());
        ActorRef<Worker.Command> worker = prepared("c", trainer, 6);
        join(worker, FakeTrainer.alone(4, "c", 0));
        expect(Worker.Joined.class);
        worker.tell(new Worker.Halt(1, 3, "late order", reports.getRef()));
        assertThat(expect(Worker.Described.class).phase()).isEqualTo(Phase.TRAINING);
        trainer.held.countDown();
        assertThat(expect(Worker.Halted.class).committedSteps()).isEqualTo(6);
    }

    @Test
    void anAbandonedGenerationIsLeftAtOnceAndNotEnteredAgain() throws InterruptedException {
        FakeTrainer trainer = new FakeTrainer(2, -1, new IllegalStateException());
        ActorRef<Worker.Command> worker = prepared("abandons", trainer, 6);
        join(worker, FakeTrainer.alone(1, "abandons", 0));
        expect(Worker.Joined.class);
        assertThat(trainer.awaitHold()).isTrue();
        worker.tell(new Worker.Abandon(1, 1, "node n2 was lost", reports.getRef()));
        described(Phase.LEAVING);
        Worker.Failed failed = expect(Worker.Failed.class);
        assertThat(failed.kind()).isEqualTo(FailureKind.MEMBER_LOST);
        assertThat(failed.cause()).isEqualTo("node n2 was lost");
        assertThat(described(Phase.WAITING).steps()).isEqualTo(2);
        join(worker, FakeTrainer.alone(1, "abandons", 2));
        assertThat(described(Phase.WAITING).lastGeneration()).isEqualTo(1);
    }

    @Test
    void aJoinThatTheAbandonOvertookIsRefused() {
        ActorRef<Worker.Command> worker =
                prepared("overtaken", new FakeTrainer(-1, -1, new IllegalStateException()), 6);
        worker.tell(new Worker.Abandon(1, 7, "regrouping", reports.getRef()));
        assertThat(described(Phase.WAITING).lastGeneration()).isEqualTo(7);
        join(worker, FakeTrainer.alone(7, "overtaken", 0));
        assertThat(described(Phase.WAITING).reason()).startsWith("prepared");
    }

    @Test
    void aFailureIsReportedWithItsCauseAndTheWorkerTakesTheNextGeneration() {
        FakeTrainer trainer =
                new FakeTrainer(-1, 2, new UserException("step 2, lane 1: the loss is NaN (samples x:1)"));
        ActorRef<Worker.Command> worker = prepared("d", trainer, 10);
        join(worker, FakeTrainer.alone(1, "d", 0));
        Worker.Failed failed = expect(Worker.Failed.class);
        assertThat(failed.kind()).isEqualTo(FailureKind.USER);
        assertThat(failed.cause()).isEqualTo("step 2, lane 1: the loss is NaN (samples x:1)");
        assertThat(failed.committedSteps()).isEqualTo(2);

        join(worker, FakeTrainer.alone(1, "d", 0)); // an old order again: not obeyed
        join(worker, FakeTrainer.alone(2, "d", 5));
        assertThat(expect(Worker.Joined.class).generation()).isEqualTo(2);
        assertThat(expect(Worker.Halted.class).committedSteps()).isEqualTo(10);
    }

    @Test
    void howAGenerationEndedIsToldAgainToWhoeverAsks() {
        FakeTrainer trainer = new FakeTrainer(-1, -1, new IllegalStateException());
        ActorRef<Worker.Command> worker = prepared("again", trainer, 3);
        join(worker, FakeTrainer.alone(1, "again", 0));
        Worker.Halted halted = expect(Worker.Halted.class);
        described(Phase.WAITING);
        TestProbe<Worker.Report> moved = KIT.createTestProbe();
        worker.tell(new Worker.Describe(0, true, moved.getRef()));
        moved.expectMessage(halted);
        Worker.Described d = moved.expectMessageClass(Worker.Described.class);
        assertThat(d.plan()).isEqualTo(plan(3));
        assertThat(d.lastGeneration()).isEqualTo(1);
    }

    @Test
    void anUnforeseenErrorReachesTheCoordinatorTooAndTheWorkerIsUnfit() {
        FakeTrainer trainer = new FakeTrainer(-1, 1, new IllegalStateException("device fell off the bus"));
        ActorRef<Worker.Command> worker = prepared("e", trainer, 10);
        join(worker, FakeTrainer.alone(1, "e", 0));
        Worker.Failed failed = expect(Worker.Failed.class);
        assertThat(failed.kind()).isEqualTo(FailureKind.BROKEN);
        assertThat(failed.cause()).contains("step 1").contains("device fell off the bus");
        assertThat(described(Phase.UNFIT).reason()).contains("device fell off the bus");
        join(worker, FakeTrainer.alone(2, "e", 0));
        described(Phase.UNFIT);
    }

    @Test
    void aWantOfMemoryIsToldWithWhatToDo() {
        String engine =
                "[enforce fail at alloc_cpu.cpp:115] err == 0. DefaultCPUAllocator: can't allocate memory: you tried"
                        + " to allocate 12 bytes. Error code 12 (Cannot allocate memory)\n";
        join(prepared("m", new FakeTrainer(-1, 1, new EngineException(engine)), 10), FakeTrainer.alone(1, "m", 0));
        Worker.Failed failed = expect(Worker.Failed.class);
        assertThat(failed.kind()).isEqualTo(FailureKind.BROKEN);
        assertThat(failed.cause())
                .startsWith("worker m, step 1, rank 0: out of memory (DefaultCPUAllocator: ")
                .contains("12 bytes): set flm.train.recompute = on")
                .doesNotContain("\n", "the log");
    }

    @Test
    void aPlanThatCannotBeCarriedOutIsRefusedByReason() {
        ActorRef<Worker.Command> worker = spawn("refuses", p -> {
            throw new UserException("/data/x: no such file");
        });
        prepare(worker, plan(5));
        assertThat(described(Phase.UNFIT).reason()).isEqualTo("/data/x: no such file");
    }

    @Test
    void aNewerRevisionOfThePlanIsKeptWithoutPreparingAgain() {
        ActorRef<Worker.Command> worker = prepared("revised", new FakeTrainer(-1, -1, new IllegalStateException()), 5);
        prepare(worker, plan(5).withIntent(RunPlan.Intent.PAUSE, "for the night"));
        assertThat(described(Phase.WAITING).revision()).isEqualTo(2);
        prepare(worker, plan(5));
        assertThat(described(Phase.WAITING).revision()).isEqualTo(2);
    }

    @Test
    void ordersOfAnOlderCoordinatorAreRefused() {
        FakeTrainer trainer = new FakeTrainer(2, -1, new IllegalStateException());
        ActorRef<Worker.Command> worker = prepared("fenced", trainer, 6);
        TestProbe<Worker.Report> newer = KIT.createTestProbe();
        worker.tell(new Worker.Describe(5, false, newer.getRef()));
        assertThat(newer.expectMessageClass(Worker.Described.class).epoch()).isEqualTo(5);
        join(worker, FakeTrainer.alone(1, "fenced", 0));
        assertThat(described(Phase.WAITING).epoch()).isEqualTo(5);
        worker.tell(new Worker.Join(5, FakeTrainer.alone(1, "fenced", 0), newer.getRef()));
        newer.expectMessageClass(Worker.Joined.class);
        describe(worker); // an old coordinator may look, but gets no reports
        described(Phase.TRAINING);
        trainer.held.countDown();
        newer.fishForMessage(
                Duration.ofSeconds(5),
                m -> m instanceof Worker.Halted ? FishingOutcomes.complete() : FishingOutcomes.continueAndIgnore());
    }

    @Test
    void everyMessageCrossesNodesUnchanged() {
        ActorRef<Worker.Command> self = spawn("wire", p -> new FakeTrainer(-1, -1, new IllegalStateException()));
        ActorRef<Worker.Report> to = reports.getRef();
        RunPlan plan = plan(5).withDrained("w", "hot").withHashes(Map.of("data", "x"));
        BrokenShards broken = BrokenShards.NONE.with("https://host/a.tar", 7);
        Generation g =
                new Generation(3, "run-1", 7, FakeTrainer.alone(3, "w", 7).members(), List.of(0), broken, "key");
        AsyncTrainer.Rates rates = new AsyncTrainer.Rates(
                1, 2, 3, new AsyncTrainer.Shares(0.1, 0.1, 0.1, 0.3, 0.4), AsyncTrainer.Traffic.NONE);
        List<WireMessage> messages = List.of(
                new Worker.Describe(1, true, to),
                new Worker.Prepare(1, plan, to),
                new Worker.Join(1, g, to),
                new Worker.Halt(1, 3, "why", to),
                new Worker.Abandon(1, 3, "why", to),
                new Worker.Save(1, to),
                new Worker.Hash(1, to),
                new Worker.Described(
                        "w",
                        self,
                        "n",
                        "cpu",
                        "h:1",
                        "1",
                        4,
                        Phase.TRAINING,
                        "run-1",
                        2,
                        plan,
                        plan.hashes(),
                        g,
                        3,
                        7,
                        broken,
                        1.5,
                        "why"),
                new Worker.Described(
                        "w",
                        self,
                        "n",
                        "cpu",
                        "h:1",
                        "1",
                        4,
                        Phase.IDLE,
                        "",
                        0,
                        null,
                        Map.of(),
                        null,
                        0,
                        0,
                        BrokenShards.NONE,
                        0,
                        "why"),
                new Worker.Joined("w", 3),
                new Worker.Progressed(
                        "w",
                        3,
                        8,
                        2.5,
                        List.of(new AsyncTrainer.Head("rec", 2.5, 0.5, 1.0, 0.3)),
                        rates,
                        List.of(new StepMetrics(
                                8,
                                2.5,
                                List.of(new StepMetrics.HeadLoss("rec", 2.5, 0.5)),
                                List.of(),
                                1e-3,
                                Double.NaN,
                                4,
                                List.of(new SourceLoss("noto", 3, 2.5, 0.5)),
                                new StepResult.Times(1, 2, 3, 4, 5)))),
                new Worker.Showing(
                        "w",
                        3,
                        0,
                        new ShownSamples.Sample(
                                "shard:key",
                                "a cat",
                                List.of("a", "cat"),
                                "span rate 0.3",
                                List.of(new ShownSamples.View("l2r", List.of("l-", "ll"))),
                                "iVBORw0KGgo=")),
                new Worker.Predicted(
                        "w",
                        3,
                        new ShownSamples.Predictions(
                                8,
                                List.of(
                                        new ShownSamples.Prediction("a dog", null, List.of()),
                                        new ShownSamples.Prediction(
                                                null, 2.5, List.of(new ShownSamples.Guess(1, "dog", false, 0.25)))))),
                new Worker.Halted("w", 3, 9, "why"),
                new Worker.Failed("w", 3, 9, FailureKind.MEMBER_LOST, "why", List.of("n2")),
                new Worker.Saved("w", 9, "/there"),
                new Worker.SaveFailed("w", "full"),
                new Worker.Hashed("w", 9, "ab"));
        messages.forEach(m -> KIT.serializationTestKit().verifySerialization(m, true));
    }
}
