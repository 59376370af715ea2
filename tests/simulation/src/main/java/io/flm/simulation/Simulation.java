package io.flm.simulation;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.flm.coordinator.CoordinatorSettings;
import io.flm.coordinator.RunView;
import io.flm.virtual.VirtualActors;
import java.time.Duration;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One run on a simulated cluster, from its submission to its end. An actor system serves one simulation after the other.
 */
public final class Simulation implements AutoCloseable {
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
        return run(scenario, Set.of(), story);
    }

    Outcome run(Scenario scenario, Set<BrokenRule> broken, Consumer<String> story) {
        Watch watch = new Watch(scenario);
        World world = new World(actors, scenario, settings, watch, broken);
        for (Node node : world.nodes) {
            world.after(scenario.startsMs().get(node.index), node::start);
        }
        scenario.faults().forEach(world::schedule);
        world.exchange.start();
        world.cluster.start();
        Operator operator = new Operator(world, story);
        operator.look();
        double limitMs = scenario.faultsEndMs() + (scenario.endless() ? 0 : FINISH_WITHIN_MS);
        while (watch.violation() == null && !operator.ended() && world.nowMs() < limitMs) {
            actors.pass(SLICE);
        }
        RunView last = operator.last();
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
