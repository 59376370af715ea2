package io.flm.launch.command;

import com.typesafe.config.Config;
import io.flm.data.UserException;
import io.flm.launch.console.Failure;
import io.flm.launch.console.Json;
import io.flm.launch.console.Logs;
import io.flm.launch.console.Version;
import io.flm.launch.console.Waiting;
import io.flm.simulation.Goodput;
import io.flm.simulation.Scenario;
import io.flm.simulation.Simulation;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code flm simulate}: the real coordinator and workers in virtual time, to look for faults, or to plan a cluster. */
@Command(
        name = "simulate",
        description = {
            "Runs the coordinator and workers of a whole cluster in virtual time, with simulated devices and network.",
            "Tests the program: draws a cluster and faults from each seed, and watches every property that must hold.",
            "With --mtbf it plans a cluster: what share of the time one trains whose nodes fail that often."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false)
final class SimulateCommand implements Callable<Integer> {
    private static final double GB_PER_S = 1;

    private final Environment environment;
    private final Logs logs;

    @Option(names = "--seed", paramLabel = "N", description = "The seed, or the first of them. Default: 1.")
    private long seed = 1;

    @Option(names = "--seeds", paramLabel = "N", description = "So many seeds, one after the other. Default: 1.")
    private int seeds = 1;

    @Option(
            names = "--workers",
            paramLabel = "N",
            description = "Nodes of one worker each, 2 to 512. Default: drawn, with --mtbf 64.")
    private @Nullable Integer workers;

    @Option(
            names = "--mtbf",
            paramLabel = "H",
            description = "To plan a cluster: mean hours between failures of one node.")
    private @Nullable Double mtbf;

    @Option(names = "--hours", paramLabel = "H", description = "With --mtbf: virtual hours. Default: 1.")
    private double hours = 1;

    @Option(names = "--step", paramLabel = "S", description = "With --mtbf: seconds that a step takes. Default: 1.")
    private double step = 1;

    @Option(
            names = "--restart",
            paramLabel = "S",
            description = "With --mtbf: seconds until a node that failed is there again. Default: 60.")
    private long restart = 60;

    @Option(
            names = "--state",
            paramLabel = "GB",
            description = "With --mtbf: size of weights and optimizer state, saved and fetched at 1 GB/s. Default: 5.")
    private double state = 5;

    @Option(
            names = "--save",
            paramLabel = "S",
            description = "With --mtbf: seconds to write a checkpoint, while steps go on. Default: by --state.")
    private @Nullable Double save;

    @Option(
            names = "--fetch",
            paramLabel = "S",
            description =
                    "With --mtbf: seconds until a new member has fetched the state, while all wait. Default: by --state.")
    private @Nullable Double fetch;

    @Option(
            names = "--prepare",
            paramLabel = "S",
            description = "With --mtbf: seconds to build model and data, while the others go on. Default: 10.")
    private double prepare = 10;

    @Option(
            names = "--checkpoint",
            paramLabel = "N",
            description = "With --mtbf: steps between checkpoints. Default: 100.")
    private int checkpoint = 100;

    @Option(names = "--story", description = "Tells what the run does meanwhile, each line with its virtual time.")
    private boolean story;

    @Option(names = "--json", description = "Prints one JSON object.")
    private boolean json;

    @Mixin
    private final ConfigOptions configOptions = new ConfigOptions();

    SimulateCommand(Environment environment, Logs logs) {
        this.environment = environment;
        this.logs = logs;
    }

    @Override
    public Integer call() {
        check();
        logs.mute(); // what simulated actors warn of is no concern of the user's
        Config config = configOptions.layers(environment).build().config();
        List<Map<String, @Nullable Object>> results = new ArrayList<>();
        int failures = 0;
        try (Waiting waiting = Waiting.shown(environment.screen(), "simulating seed " + seed);
                Simulation simulation = new Simulation(config)) {
            for (long next = seed; next < seed + seeds; next++) {
                Scenario scenario = scenario(next);
                if (!json && (seeds == 1 || story)) {
                    environment.out().print(scenario.text());
                }
                Simulation.Outcome outcome =
                        simulation.run(scenario, story && !json ? environment.out()::println : line -> {});
                failures += outcome.holds() ? 0 : 1;
                results.add(map(outcome, repeat(next)));
                if (!json && (seeds == 1 || !outcome.holds())) {
                    environment.out().print(text(outcome, repeat(next)));
                }
                waiting.on((next - seed + 1) + " of " + seeds + " seeds, " + failures + " failed");
            }
        }
        if (json) {
            environment.out().println(Json.line(Map.of("seeds", seeds, "failed", failures, "results", results)));
        } else if (seeds > 1) {
            environment
                    .out()
                    .println(seeds + " seeds from " + seed + " on: " + (seeds - failures) + " hold, " + failures
                            + " fail");
        }
        return failures == 0 ? Failure.OK : Failure.FAILED;
    }

    private void check() {
        if (seeds < 1) {
            throw new UserException("--seeds " + seeds + ": give at least 1");
        }
        if (workers != null && (workers < 2 || workers > 512)) {
            throw new UserException("--workers " + workers + ": give 2 to 512");
        }
        if (mtbf != null && !(mtbf > 0 && hours > 0 && step > 0 && restart > 0 && checkpoint > 0)) {
            throw new UserException("--mtbf, --hours, --step, --restart and --checkpoint: give more than 0");
        }
        if (mtbf != null && !(state >= 0 && saveS() >= 0 && fetchS() >= 0 && prepare >= 0)) {
            throw new UserException("--state, --save, --fetch and --prepare: give 0 or more");
        }
    }

    private Scenario scenario(long next) {
        if (mtbf != null) {
            return Scenario.plan(
                    next,
                    nodes(64),
                    hours,
                    new Scenario.Plan(
                            mtbf,
                            step * 1000,
                            restart * 1000,
                            checkpoint,
                            prepare * 1000,
                            saveS() * 1000,
                            fetchS() * 1000));
        }
        return workers == null ? Scenario.draw(next) : Scenario.draw(next, workers);
    }

    private double saveS() {
        return save == null ? state / GB_PER_S : save;
    }

    private double fetchS() {
        return fetch == null ? state / GB_PER_S : fetch;
    }

    private int nodes(int otherwise) {
        return workers == null ? otherwise : workers;
    }

    /** The command that does the same again. */
    private String repeat(long next) {
        StringBuilder command = new StringBuilder(environment.program().word() + " simulate --seed " + next);
        if (workers != null) {
            command.append(" --workers ").append(workers);
        }
        if (mtbf != null) {
            command.append(" --mtbf " + mtbf + " --hours " + hours + " --step " + step + " --restart " + restart
                    + " --save " + saveS() + " --fetch " + fetchS() + " --prepare " + prepare + " --checkpoint "
                    + checkpoint);
        }
        return command.toString();
    }

    private static String text(Simulation.Outcome outcome, String repeat) {
        Goodput.Summary g = outcome.goodput();
        String verdict = outcome.holds() ? "every property holds" : outcome.property() + " fails: " + outcome.what();
        return String.format(
                Locale.ROOT,
                "%s%n%d steps in %.1f s of virtual time, %d generations%s%s%nrepeat: %s%n",
                verdict,
                g.steps(),
                outcome.tookMs() / 1e3,
                g.generations(),
                g.share() > 0
                        ? String.format(
                                Locale.ROOT,
                                "; goodput %.2f %% (%d steps of %.3g s in %.1f s)",
                                100 * g.share(),
                                g.steps(),
                                outcome.scenario().stepMs() / 1e3,
                                g.hours() * 3600)
                        : "",
                g.recoveries() == 0
                        ? ""
                        : String.format(
                                Locale.ROOT,
                                "; %d recoveries, median %.2f s, worst %.2f s",
                                g.recoveries(),
                                g.medianRecoveryMs() / 1e3,
                                g.worstRecoveryMs() / 1e3),
                repeat);
    }

    private static Map<String, @Nullable Object> map(Simulation.Outcome outcome, String repeat) {
        Goodput.Summary g = outcome.goodput();
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("seed", outcome.scenario().seed());
        map.put("workers", outcome.scenario().nodes());
        map.put("holds", outcome.holds());
        map.put("property", outcome.property());
        map.put("what", outcome.what());
        map.put("virtualSeconds", outcome.tookMs() / 1e3);
        map.put("steps", g.steps());
        map.put("generations", g.generations());
        map.put("goodput", outcome.scenario().stepMs() > 0 ? g.share() : null);
        map.put("recoveries", g.recoveries());
        map.put("medianRecoverySeconds", g.medianRecoveryMs() / 1e3);
        map.put("worstRecoverySeconds", g.worstRecoveryMs() / 1e3);
        map.put("repeat", repeat);
        return map;
    }
}
