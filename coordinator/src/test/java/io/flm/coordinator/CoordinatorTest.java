package io.flm.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.receptionist.Receptionist;
import io.flm.worker.FailureKind;
import io.flm.worker.Generation;
import io.flm.worker.Worker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CoordinatorTest {
    private final ActorTestKit kit = ActorTestKit.create();
    private final TestProbe<RunView> ended = kit.createTestProbe();
    private final TestProbe<Worker.Command> orders = kit.createTestProbe();
    private final List<ActorRef<Worker.Command>> workers = new ArrayList<>();
    private ActorRef<Coordinator.Command> coordinator =
            kit.<Coordinator.Command>createTestProbe().getRef();

    @AfterEach
    void shutDown() {
        kit.shutdownTestKit();
    }

    /** Answers who it is by itself; every other order goes to the probe. */
    private Behavior<Worker.Command> scripted(String name) {
        return Behaviors.setup(context -> {
            context.getSystem().receptionist().tell(Receptionist.register(Worker.KEY, context.getSelf()));
            return Behaviors.receiveMessage(m -> {
                if (m instanceof Worker.Describe d) {
                    d.replyTo().tell(new Worker.Described(name, "cpu", "Waiting", 0, 0));
                } else {
                    orders.getRef().tell(m);
                }
                return Behaviors.same();
            });
        });
    }

    private Generation start(int count) {
        coordinator = kit.spawn(Coordinator.create(new RunPlan("r", 8, 100, 0, count), ended.getRef()));
        for (int i = 0; i < count; i++) {
            workers.add(kit.spawn(scripted("w" + i), "w" + i));
        }
        Worker.Join join = orders.expectMessageClass(Worker.Join.class);
        for (int i = 1; i < count; i++) {
            assertThat(orders.expectMessageClass(Worker.Join.class).generation())
                    .isEqualTo(join.generation());
        }
        report = join.replyTo();
        return join.generation();
    }

    private ActorRef<Worker.Report> report =
            kit.<Worker.Report>createTestProbe().getRef();

    private RunView view() {
        TestProbe<RunView> probe = kit.createTestProbe();
        coordinator.tell(new Coordinator.GetRun(probe.getRef()));
        return probe.receiveMessage();
    }

    private void awaitState(String state) {
        TestProbe<Object> probe = kit.createTestProbe();
        probe.awaitAssert(
                Duration.ofSeconds(5), () -> assertThat(view().state()).isEqualTo(state));
    }

    @Test
    void waitsWithAReasonUntilEnoughWorkersRegistered() {
        coordinator = kit.spawn(Coordinator.create(new RunPlan("r", 8, 100, 0, 2), ended.getRef()));
        assertThat(view().state()).isEqualTo("waiting");
        assertThat(view().reason()).isEqualTo("0 of 2 workers registered");
        kit.spawn(scripted("w0"), "w0");
        TestProbe<Object> probe = kit.createTestProbe();
        probe.awaitAssert(
                Duration.ofSeconds(5), () -> assertThat(view().reason()).isEqualTo("1 of 2 workers registered"));
    }

    @Test
    void aRunGoesFromFormingToTrainingToFinished() {
        Generation g = start(2);
        assertThat(view().state()).isEqualTo("forming");
        report.tell(new Worker.Joined("w0", g.number()));
        report.tell(new Worker.Joined("w1", g.number()));
        awaitState("training");
        report.tell(new Worker.Progressed("w0", g.number(), 41, 3.5, 120));
        RunView view = view();
        assertThat(view.step()).isEqualTo(42);
        assertThat(view.loss()).isEqualTo(3.5);
        assertThat(view.samplesPerSecond()).isEqualTo(120);
        assertThat(view.workers()).extracting(RunView.WorkerView::lanes).containsExactly("[0, 4)", "[4, 8)");
        report.tell(new Worker.Halted("w0", g.number(), 100, "the last step"));
        assertThat(view().state()).isEqualTo("training");
        report.tell(new Worker.Halted("w1", g.number(), 100, "the last step"));
        assertThat(ended.receiveMessage().reason()).isEqualTo("all 100 steps are committed");
        assertThat(view().state()).isEqualTo("finished");
    }

    @Test
    void aStopHaltsEveryMemberAndEndsTheRunWithItsReason() {
        Generation g = start(2);
        report.tell(new Worker.Joined("w0", g.number()));
        report.tell(new Worker.Joined("w1", g.number()));
        awaitState("training");
        coordinator.tell(new Coordinator.Stop("Ctrl-C"));
        orders.expectMessage(new Worker.Halt(g.number(), "Ctrl-C"));
        orders.expectMessage(new Worker.Halt(g.number(), "Ctrl-C"));
        assertThat(view().state()).isEqualTo("halting");
        report.tell(new Worker.Halted("w0", g.number(), 57, "Ctrl-C"));
        report.tell(new Worker.Halted("w1", g.number(), 57, "Ctrl-C"));
        RunView last = ended.receiveMessage();
        assertThat(last.state()).isEqualTo("finished");
        assertThat(last.reason()).isEqualTo("Ctrl-C");
        assertThat(last.step()).isEqualTo(57);
    }

    @Test
    void theFirstCauseIsTheReasonNotTheEchoOfTheOtherMembers() {
        Generation g = start(2);
        report.tell(new Worker.Joined("w0", g.number()));
        report.tell(new Worker.Joined("w1", g.number()));
        report.tell(new Worker.Failed("w1", g.number(), 3, "rank 0 left", FailureKind.MEMBER_LOST));
        report.tell(new Worker.Failed("w0", g.number(), 3, "step 3, lane 2: the loss is NaN", FailureKind.USER));
        RunView last = ended.receiveMessage();
        assertThat(last.state()).isEqualTo("failed");
        assertThat(last.reason()).isEqualTo("step 3, lane 2: the loss is NaN");
    }

    @Test
    void reportsOfAnotherGenerationChangeNothing() {
        Generation g = start(1);
        report.tell(new Worker.Joined("w0", g.number()));
        awaitState("training");
        report.tell(new Worker.Halted("w0", g.number() - 1, 100, "late"));
        report.tell(new Worker.Failed("w0", g.number() + 1, 100, "early", FailureKind.BROKEN));
        assertThat(view().state()).isEqualTo("training");
    }

    @Test
    void aLostMemberEndsTheRunByName() {
        Generation g = start(2);
        report.tell(new Worker.Joined("w0", g.number()));
        report.tell(new Worker.Joined("w1", g.number()));
        awaitState("training");
        kit.stop(workers.get(1));
        RunView last = ended.receiveMessage(Duration.ofSeconds(10));
        assertThat(last.state()).isEqualTo("failed");
        assertThat(last.reason()).contains("w1").contains("resume");
    }
}
