package io.flm.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.flm.system.LocalRun.Child;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whatever happens to the nodes of a run, its weights are those of one undisturbed process, bit for bit. Real processes and real
 * signals: how far a fault gets before the next step is chance, so a seed repeats what is done, not what comes of it.
 *
 * <p>One seed is part of the usual tests; {@code -Dflm.test.seeds=20} takes so many for each codec.
 */
@Timeout(600)
@EnabledOnOs(OS.LINUX)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FaultsTest {
    private static final int STEPS = 60;
    private static final String SEEDS = "flm.test.seeds";

    private enum Fault {
        KILL_WORKERS_NODE,
        KILL_COORDINATORS_NODE,
        KILL_TWO,
        STOP_AND_CONTINUE,
        JOIN
    }

    @TempDir
    private Path folder = Path.of("");

    private final Map<String, JsonNode> undisturbed = new HashMap<>();
    private final List<LocalRun> runs = new ArrayList<>();
    private final List<FlmProcess> joiners = new ArrayList<>();

    @AfterEach
    void endAll() throws Exception {
        for (FlmProcess joiner : joiners) {
            joiner.kill();
        }
        for (LocalRun run : runs) {
            run.driver().kill();
        }
        joiners.clear();
        runs.clear();
    }

    private LocalRun pretrain(String name, String codec, int nodes) throws Exception {
        List<String> more = new ArrayList<>(List.of(
                "--set",
                "flm.train.lanes=8", // of three nodes one has fewer
                "--set",
                "flm.train.micro-batch=8",
                "--set",
                "flm.exchange.codec=" + codec));
        if (nodes > 0) {
            more.addAll(List.of("--nodes", String.valueOf(nodes)));
        }
        LocalRun run = LocalRun.start(folder.resolve(name), STEPS, more.toArray(String[]::new));
        runs.add(run);
        return run;
    }

    private void requireUndisturbedWeights(JsonNode result, String codec) throws Exception {
        JsonNode alone = undisturbed.get(codec);
        if (alone == null) {
            alone = pretrain("undisturbed-" + codec, codec, 0).result();
            undisturbed.put(codec, alone);
        }
        assertThat(result.get("steps").asInt()).isEqualTo(STEPS);
        assertThat(result.get("weightsSha256")).isEqualTo(alone.get("weightsSha256"));
    }

    static Stream<Arguments> storms() {
        int seeds = Integer.getInteger(SEEDS, 0);
        if (seeds == 0) {
            return Stream.of(Arguments.of(1, "fp32")); // kills the coordinator's node, then another one
        }
        return LongStream.rangeClosed(1, seeds)
                .boxed()
                .flatMap(seed -> Stream.of("fp32", "bf16").map(codec -> Arguments.of(seed, codec)));
    }

    @ParameterizedTest(name = "seed {0}, {1}")
    @MethodSource("storms")
    void weightsOutliveAStorm(long seed, String codec) throws Exception {
        SplittableRandom random = new SplittableRandom(codec.equals("fp32") ? seed : -seed);
        int nodes = 2 + random.nextInt(2);
        LocalRun run = pretrain("storm-" + codec + "-" + seed, codec, nodes);
        List<String> done = new ArrayList<>();
        int step = 0;
        for (int number = 0; number < 2; number++) {
            step += 1 + random.nextInt(STEPS / 2 - 4);
            Fault fault = Fault.values()[random.nextInt(Fault.values().length)];
            long stoppedMs = 500L + random.nextInt(4000);
            long atLeast = step;
            run.await(
                    "step " + step + " after " + done,
                    () -> run.steps() >= atLeast && run.children().size() > 1); // at first they have only begun
            happen(fault, run, random, stoppedMs);
            step = (int) run.steps();
            done.add(fault + " at step " + step);
            if (number == 0) {
                holdWhileAlone(run, step);
            }
        }
        requireUndisturbedWeights(run.result(), codec);
        for (Child child : run.children()) {
            if (!child.name().startsWith("joiner")) { // it was started by hand, and waits for the next run
                child.requireEnd();
            }
        }
    }

    /** Lets whoever is left do a step more, then wait for the killed: a run as small as this one would end before they are back. */
    private static void holdWhileAlone(LocalRun run, long after) throws Exception {
        run.await("a step after " + after, () -> run.steps() > after + 1);
        if (run.children().size() == 1) {
            run.await("the pause", () -> run.accepts("/run/pause")); // a new coordinator may know of no run yet
            run.await("another node", () -> run.children().size() > 1);
            run.post("/run/continue");
        }
    }

    private void happen(Fault fault, LocalRun run, SplittableRandom random, long stoppedMs) throws Exception {
        List<Child> children = run.children();
        Child oldest = children.get(0);
        Child other = children.get(1 + random.nextInt(children.size() - 1));
        switch (fault) {
            case KILL_WORKERS_NODE -> other.kill();
            case KILL_COORDINATORS_NODE -> oldest.kill();
            case KILL_TWO -> {
                other.process().destroyForcibly();
                oldest.kill();
            }
            case STOP_AND_CONTINUE -> {
                Child stopped = random.nextBoolean() ? oldest : other;
                stopped.signal("STOP");
                Thread.sleep(stoppedMs);
                if (stopped.process().isAlive()) { // the others may have ended the run, and its driver the process
                    stopped.signal("CONT");
                }
            }
            case JOIN -> join(run, oldest);
        }
    }

    private void join(LocalRun run, Child member) throws Exception {
        joiners.add(FlmProcess.start(
                folder.resolve("out"),
                "node",
                "--join",
                member.akka(),
                "--run",
                run.folder().toString(),
                "--name",
                "joiner-" + joiners.size(),
                "--workers",
                "1"));
    }

    @Test
    @EnabledIfSystemProperty(named = SEEDS, matches = "\\d+", disabledReason = "takes minutes: -Dflm.test.seeds=20")
    void aNodeThatJoinsTakesTheStateFromAMemberAndAPartOfTheLanes() throws Exception {
        LocalRun run = pretrain("joined", "fp32", 2);
        run.await("step 20", () -> run.steps() >= 20);
        run.post("/run/pause"); // a run as small as this one would end while the joiner starts
        run.await("the pause", () -> run.get("/run").path("state").asText().equals("paused"));
        join(run, run.children().get(0));
        run.await(
                "the joiner's worker, prepared",
                () -> run.get("/workers").findValuesAsText("state").equals(List.of("waiting", "waiting", "waiting")));
        run.post("/run/continue");
        run.await("three members", () -> LocalRun.members(run.get("/workers")) == 3);
        requireUndisturbedWeights(run.result(), "fp32");
    }
}
