package io.flm.worker;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import io.flm.data.UserException;
import java.time.Duration;
import java.util.List;
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

    private ActorRef<Worker.Command> spawn(String name, FakeRunner runner, long totalSteps) {
        TrainerThread thread = new TrainerThread(
                name, () -> runner, totalSteps, Duration.ZERO, r -> observed.add(r.step()), System::nanoTime);
        return KIT.spawn(Worker.create(name, "cpu", thread), name);
    }

    private <T extends Worker.Report> T expect(Class<T> type) {
        while (true) {
            Worker.Report report = reports.receiveMessage();
            if (type.isInstance(report)) {
                return type.cast(report);
            }
            assertThat(report).isInstanceOf(Worker.Progressed.class);
        }
    }

    @Test
    void runsItsGenerationToTheLastStepWithoutFurtherOrders() {
        FakeRunner runner = new FakeRunner(-1, -1, new IllegalStateException());
        ActorRef<Worker.Command> worker = spawn("a", runner, 5);
        worker.tell(new Worker.Join(FakeRunner.alone(1, "a", 0), reports.getRef()));
        assertThat(expect(Worker.Joined.class).generation()).isEqualTo(1);
        assertThat(expect(Worker.Halted.class).committedSteps()).isEqualTo(5);
        assertThat(observed).containsExactly(0L, 1L, 2L, 3L, 4L);
        assertThat(runner.calls()).containsExactly("enter 1", "checkpoint 5", "leave");
    }

    @Test
    void haltsAfterTheStepThatCarriesTheFlag() {
        FakeRunner runner = new FakeRunner(3, -1, new IllegalStateException());
        ActorRef<Worker.Command> worker = spawn("b", runner, 1_000_000);
        worker.tell(new Worker.Join(FakeRunner.alone(1, "b", 0), reports.getRef()));
        expect(Worker.Joined.class);
        worker.tell(new Worker.Halt(1, "the operator asked"));
        worker.tell(new Worker.Describe(reports.getRef())); // answered after the halt was taken up
        expect(Worker.Described.class);
        runner.held.countDown();
        Worker.Halted halted = expect(Worker.Halted.class);
        assertThat(halted.reason()).isEqualTo("the operator asked");
        // step 3 may have begun before the flag was up; then step 4 carries it
        assertThat(halted.committedSteps()).isBetween(4L, 5L);
        assertThat(runner.calls()).contains("checkpoint " + halted.committedSteps());
    }

    @Test
    void aHaltOfAnotherGenerationIsNotObeyed() {
        FakeRunner runner = new FakeRunner(2, -1, new IllegalStateException());
        ActorRef<Worker.Command> worker = spawn("c", runner, 6);
        worker.tell(new Worker.Join(FakeRunner.alone(4, "c", 0), reports.getRef()));
        expect(Worker.Joined.class);
        worker.tell(new Worker.Halt(3, "late order"));
        worker.tell(new Worker.Describe(reports.getRef()));
        assertThat(expect(Worker.Described.class).state()).isEqualTo("Training");
        runner.held.countDown();
        assertThat(expect(Worker.Halted.class).committedSteps()).isEqualTo(6);
    }

    @Test
    void aFailureIsReportedWithItsCauseAndTheWorkerTakesTheNextGeneration() {
        FakeRunner runner = new FakeRunner(-1, 2, new UserException("step 2, lane 1: the loss is NaN (samples x:1)"));
        ActorRef<Worker.Command> worker = spawn("d", runner, 10);
        worker.tell(new Worker.Join(FakeRunner.alone(1, "d", 0), reports.getRef()));
        Worker.Failed failed = expectFailure();
        assertThat(failed.kind()).isEqualTo(FailureKind.USER);
        assertThat(failed.cause()).isEqualTo("step 2, lane 1: the loss is NaN (samples x:1)");
        assertThat(failed.committedSteps()).isEqualTo(2);

        worker.tell(new Worker.Join(FakeRunner.alone(1, "d", 0), reports.getRef())); // an old order again: not obeyed
        worker.tell(new Worker.Join(FakeRunner.alone(2, "d", 5), reports.getRef()));
        assertThat(expect(Worker.Joined.class).generation()).isEqualTo(2);
        assertThat(expect(Worker.Halted.class).committedSteps()).isEqualTo(10);
    }

    private Worker.Failed expectFailure() {
        expect(Worker.Joined.class);
        return expect(Worker.Failed.class);
    }

    @Test
    void anUnforeseenErrorReachesTheCoordinatorToo() {
        FakeRunner runner = new FakeRunner(-1, 1, new IllegalStateException("device fell off the bus"));
        ActorRef<Worker.Command> worker = spawn("e", runner, 10);
        worker.tell(new Worker.Join(FakeRunner.alone(1, "e", 0), reports.getRef()));
        Worker.Failed failed = expectFailure();
        assertThat(failed.kind()).isEqualTo(FailureKind.BROKEN);
        assertThat(failed.cause()).contains("step 1").contains("device fell off the bus");
    }
}
