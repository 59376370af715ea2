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
import io.flm.worker.RunPlan;
import io.flm.worker.Trainee;
import io.flm.worker.Worker;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CoordinatorTest {
    private final ActorTestKit kit = ActorTestKit.create();
    private final TestProbe<RunView> ended = kit.createTestProbe();
    private final TestProbe<Worker.Command> orders = kit.createTestProbe();
    private final List<ActorRef<Worker.Command>> workers = new ArrayList<>();
    private ActorRef<Coordinator.Command> coordinator =
            kit.<Coordinator.Command>createTestProbe().getRef();
    private ActorRef<Worker.Report> report =
            kit.<Worker.Report>createTestProbe().getRef();

    @AfterEach
    void shutDown() {
        kit.shutdownTestKit();
    }

    /** Answers who it is and what it is asked of its weights by itself; every other order goes to the probe. */
    private Behavior<Worker.Command> scripted(String name) {
        return Behaviors.setup(context -> {
            context.getSystem().receptionist().tell(Receptionist.register(Worker.KEY, context.getSelf()));
            String[] run = {""};
            return Behaviors.receiveMessage(m -> {
                if (m instanceof Worker.Prepare p) {
                    run[0] = p.plan().id();
                }
                if (m instanceof Worker.Hash h) {
                    h.replyTo().tell(new Worker.Hashed(name, 100, "ab"));
                } else if (m instanceof Worker.Save s) {
                    s.replyTo().tell(new Worker.Saved(name, 100, "/there"));
                } else if (m instanceof Worker.Describe || m instanceof Worker.Prepare) {
                    ((Worker.Order) m)
                            .replyTo()
                            .tell(new Worker.Described(
                                    name,
                                    context.getSelf(),
                                    "n",
                                    "cpu",
                                    "",
                                    "1",
                                    1,
                                    run[0].isEmpty() ? Worker.Phase.IDLE : Worker.Phase.WAITING,
                                    run[0],
                                    1,
                                    null,
                                    Map.of(),
                                    null,
                                    0,
                                    0,
                                    0,
                                    "scripted"));
                } else {
                    orders.getRef().tell(m);
                }
                return Behaviors.same();
            });
        });
    }

    private void submit(int count) {
        RunPlan plan = RunPlan.of("r", "r-1", "", "1", 8, 100).withWorkers(count, count);
        coordinator = kit.spawn(Coordinator.create(Clock.systemUTC()));
        TestProbe<Coordinator.Answer> answer = kit.createTestProbe();
        coordinator.tell(new Coordinator.Submit(plan, answer.getRef()));
        assertThat(answer.receiveMessage().accepted()).isTrue();
        coordinator.tell(new Coordinator.AwaitEnd("r-1", ended.getRef()));
        coordinator.tell(new Coordinator.Submit(plan, answer.getRef()));
        assertThat(answer.receiveMessage().reason()).isEqualTo("run r is waiting; stop it first");
    }

    private Generation start(int count) {
        submit(count);
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

    private void train(Generation g) {
        g.members().forEach(m -> report.tell(new Worker.Joined(m.worker(), g.number())));
        awaitState("training");
    }

    @Test
    void waitsWithAReasonUntilEnoughWorkersArePrepared() {
        submit(2);
        assertThat(view().state()).isEqualTo("waiting");
        assertThat(view().reason()).isEqualTo("0 of 2 workers prepared");
        kit.spawn(scripted("w0"), "w0");
        TestProbe<Object> probe = kit.createTestProbe();
        probe.awaitAssert(
                Duration.ofSeconds(5), () -> assertThat(view().reason()).isEqualTo("1 of 2 workers prepared"));
    }

    @Test
    void aRunGoesFromFormingToTrainingToFinished() {
        Generation g = start(2);
        assertThat(view().state()).isEqualTo("forming");
        train(g);
        Trainee.Rates rates = new Trainee.Rates(120, 900, 3, new Trainee.Shares(0.1, 0.6, 0.2, 0.1));
        report.tell(new Worker.Progressed("w0", g.number(), 41, 3.5, List.of(), rates));
        RunView view = view();
        assertThat(view.step()).isEqualTo(42);
        assertThat(view.loss()).isEqualTo(3.5);
        assertThat(view.samplesPerSecond()).isEqualTo(120);
        assertThat(view.workers()).extracting(RunView.WorkerView::lanes).containsExactly("[0, 4)", "[4, 8)");
        report.tell(new Worker.Halted("w0", g.number(), 100, "the last step"));
        assertThat(view().state()).isEqualTo("training");
        report.tell(new Worker.Halted("w1", g.number(), 100, "the last step"));
        RunView last = ended.receiveMessage();
        assertThat(last.reason()).isEqualTo("all 100 steps are committed");
        assertThat(last.weightsSha256()).isEqualTo("ab");
        assertThat(last.checkpoint()).isEqualTo(new RunView.CheckpointView(100, "/there", "w0"));
        assertThat(view().state()).isEqualTo("finished");
    }

    @Test
    void aStopHaltsEveryMemberAndEndsTheRunWithItsReason() {
        Generation g = start(2);
        train(g);
        coordinator.tell(new Coordinator.Stop("Ctrl-C", kit.system().ignoreRef()));
        orders.expectMessageClass(Worker.Halt.class);
        assertThat(orders.expectMessageClass(Worker.Halt.class).reason()).isEqualTo("Ctrl-C");
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
        train(g);
        report.tell(new Worker.Failed("w1", g.number(), 3, FailureKind.MEMBER_LOST, "rank 0 left", List.of()));
        report.tell(new Worker.Failed("w0", g.number(), 3, FailureKind.USER, "the loss is NaN", List.of()));
        RunView last = ended.receiveMessage();
        assertThat(last.state()).isEqualTo("failed");
        assertThat(last.reason()).isEqualTo("the loss is NaN");
    }

    @Test
    void reportsOfAnotherGenerationChangeNothing() {
        Generation g = start(1);
        train(g);
        report.tell(new Worker.Halted("w0", g.number() - 1, 100, "late"));
        report.tell(new Worker.Failed("w0", g.number() + 1, 100, FailureKind.BROKEN, "early", List.of()));
        assertThat(view().state()).isEqualTo("training");
    }

    @Test
    void aLostMemberEndsTheRunByName() {
        Generation g = start(2);
        train(g);
        kit.stop(workers.get(1));
        RunView last = ended.receiveMessage(Duration.ofSeconds(10));
        assertThat(last.state()).isEqualTo("failed");
        assertThat(last.reason()).contains("w1").contains("resume");
    }
}
