package io.flm.simulation;

import akka.actor.typed.ActorRef;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.flm.coordinator.Coordinator;
import io.flm.coordinator.CoordinatorSettings;
import io.flm.coordinator.RunView;
import io.flm.virtual.VirtualActors;
import io.flm.worker.RunPlan;
import java.time.Duration;
import java.util.Locale;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One run on a simulated cluster, from its submission to its end. An actor system serves one simulation after the other.
 */
public final class Simulation implements AutoCloseable {
    private static final double LOOK_MS = 1000;
    private static final Duration SLICE = Duration.ofMillis(500);

    /** Longer than every wait of the coordinator's settings. */
    private static final double FINISH_WITHIN_MS = 1_800_000;

    /**
     * What came of it.
     *
     * @param property that does not hold; null: all hold
     * @param what is wrong; null: nothing
     * @param tookMs virtual time
     */
    public record Outcome(
            Scenario scenario,
            @Nullable String property,
            @Nullable String what,
            double tookMs,
            Goodput.Summary goodput) {
        public boolean holds() {
            return property == null;
        }
    }

    /** The state of one simulation that is under way. */
    private static final class Operator {
        private final World world;
        private final Consumer<String> story;
        private @Nullable RunView last;
        private String told = "";
        private int submissions;

        Operator(World world, Consumer<String> story) {
            this.world = world;
            this.story = story;
        }

        boolean ended() {
            return last != null && last.ended();
        }

        /** Looks at the run every second; submits it where there is none, as {@code flm pretrain} does. */
        void look() {
            ActorRef<Coordinator.Command> coordinator = world.cluster.coordinator();
            if (coordinator != null) {
                RunView view = world.actors.ask(coordinator, Coordinator.GetRun::new);
                last = view;
                world.watch.view(view);
                tell(view);
                if (view.state().equals("idle")) {
                    Scenario s = world.scenario;
                    submissions++;
                    RunPlan plan = RunPlan.of("run", "run-" + submissions, "", "1", s.lanes(), s.totalSteps())
                            .withWorkers(s.minWorkers(), 0)
                            .resuming(submissions > 1);
                    world.actors.ask(
                            coordinator, (ActorRef<Coordinator.Answer> to) -> new Coordinator.Submit(plan, to));
                }
            }
            world.after(LOOK_MS, this::look);
        }

        private void tell(RunView view) {
            String now = view.state() + ", generation " + view.generation() + ": " + view.reason();
            if (!now.equals(told)) {
                told = now;
                story.accept(String.format(Locale.ROOT, "%9.3f s  step %d, %s", world.nowMs() / 1e3, view.step(), now));
            }
        }
    }

    private final VirtualActors actors = new VirtualActors();
    private final CoordinatorSettings settings;

    public Simulation() {
        this(ConfigFactory.load());
    }

    public Simulation(Config config) {
        settings = CoordinatorSettings.from(config);
    }

    /**
     * Runs until the run ends, a property does not hold, or the time is up.
     *
     * @param story is told what the run does
     */
    public Outcome run(Scenario scenario, Consumer<String> story) {
        return run(scenario, Gradients.Fence.GENERATION, story);
    }

    Outcome run(Scenario scenario, Gradients.Fence fence, Consumer<String> story) {
        Watch watch = new Watch(scenario);
        World world = new World(actors, scenario, settings, watch, fence);
        for (Node node : world.nodes) {
            world.after(scenario.startsMs().get(node.index), node::start);
        }
        scenario.faults().forEach(world::schedule);
        world.gradients.start();
        world.cluster.start();
        Operator operator = new Operator(world, story);
        operator.look();
        double limitMs = scenario.faultsEndMs() + (scenario.endless() ? 0 : FINISH_WITHIN_MS);
        while (watch.violation() == null && !operator.ended() && world.nowMs() < limitMs) {
            actors.pass(SLICE);
        }
        RunView last = operator.last;
        if (last != null && !scenario.endless()) {
            watch.end(last);
        }
        Watch.Violation violation = watch.violation();
        Outcome outcome = new Outcome(
                scenario,
                violation == null ? null : violation.property(),
                violation == null ? null : violation.what(),
                world.nowMs(),
                watch.goodput.summary(world.nowMs()));
        actors.clear();
        return outcome;
    }

    @Override
    public void close() {
        actors.close();
    }
}
