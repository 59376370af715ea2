package io.flm.coordinator;

import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Behaviors;
import io.flm.coordinator.GenerationsView.GenerationView;
import io.flm.worker.StepMetrics;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.function.Consumer;

/** Answers for a run that has ended as its coordinator would, from what its folder keeps. Nothing can be ordered any more. */
public final class PastRun {
    private static final Duration TICK = Duration.ofMillis(500);

    private PastRun() {}

    /**
     * The figures of a run, from what its folder keeps.
     *
     * @param steps tells each of its steps, once; in order
     * @param from the first step that is asked for
     * @param to the last one
     * @param points buckets at most
     */
    public static MetricsView metrics(
            String run, Consumer<Consumer<StepMetrics>> steps, long from, long to, int points) {
        MetricsHistory metrics = new MetricsHistory();
        steps.accept(metrics::add);
        return metrics.view(run, from, to, points);
    }

    /**
     * @param run as it ended
     * @param steps tells each of its steps, once; in order
     * @param samples held-out ones that were shown
     * @param generations oldest first
     */
    public static Behavior<Coordinator.Command> create(
            RunView run,
            Consumer<Consumer<StepMetrics>> steps,
            SampleHistory samples,
            List<GenerationView> generations,
            InstantSource clock) {
        MetricsHistory metrics = new MetricsHistory();
        steps.accept(metrics::add);
        GenerationsView newest = new GenerationsView(GenerationsView.newest(generations));
        EventLog events = new EventLog(clock);
        return Behaviors.withTimers(timers -> {
            timers.startTimerWithFixedDelay(new State.Tick(), TICK);
            return Behaviors.receiveMessage(command -> {
                if (command instanceof Coordinator.GetRun m) {
                    m.replyTo().tell(run);
                } else if (command instanceof Coordinator.GetTagged m) {
                    m.replyTo().tell(new Coordinator.Tagged("past." + run.state(), run));
                } else if (command instanceof Coordinator.GetGenerations m) {
                    m.replyTo().tell(newest);
                } else if (command instanceof Coordinator.GetMetrics m) {
                    m.replyTo().tell(metrics.view(run.run(), m.from(), m.to(), m.points()));
                } else if (command instanceof Coordinator.GetSamples m) {
                    m.replyTo().tell(samples.view(run.run(), m.step()));
                } else if (command instanceof Coordinator.GetPicture m) {
                    m.replyTo().tell(samples.picture(m.number()));
                } else if (command instanceof Coordinator.Subscribe m) {
                    events.ask(m, clock.millis(), () -> run);
                } else if (command instanceof Coordinator.OnlyIf m) {
                    refuse(m.order(), run);
                } else if (command instanceof Coordinator.Change m) {
                    refuse(m, run);
                } else {
                    events.tick(clock.millis(), () -> run);
                }
                return Behaviors.same();
            });
        });
    }

    private static void refuse(Coordinator.Change order, RunView run) {
        order.replyTo().tell(new Coordinator.Answer(false, run.state(), "this run is past; it is only shown"));
    }
}
