package io.flm.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Runs in several processes of this machine: one command, the weights of one process, and nobody left behind. */
@Timeout(600)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class NodesTest {
    private static final int STEPS = 60;
    private static final long BOUND_NS = 180_000_000_000L;

    @TempDir
    private Path folder = Path.of("");

    private final List<FlmProcess> started = new ArrayList<>();
    private @Nullable JsonNode alone;

    @AfterEach
    void endAll() throws Exception {
        for (FlmProcess process : started) {
            process.kill();
        }
        started.clear();
    }

    private FlmProcess pretrain(String run, int steps, String... more) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(
                "pretrain",
                "--preset",
                "tiny",
                "--steps",
                String.valueOf(steps),
                "--threads",
                "1",
                "--set",
                "flm.model.dropout=0.1",
                "--set",
                "flm.checkpoint.every-steps=10",
                "--set",
                "flm.data.eval-paths=",
                "--run",
                folder.resolve(run).toString(),
                "--json"));
        arguments.addAll(Arrays.asList(more));
        FlmProcess process = FlmProcess.start(folder, arguments.toArray(String[]::new));
        started.add(process);
        return process;
    }

    /** What one process makes of it. */
    private JsonNode alone() throws Exception {
        JsonNode result = alone;
        if (result == null) {
            result = pretrain("alone", STEPS).result();
            alone = result;
        }
        return result;
    }

    private record Child(String name, ProcessHandle process) {}

    /** The nodes that say how they are reached. */
    private List<Child> children(String run) throws IOException {
        Path nodes = folder.resolve(run).resolve("nodes");
        if (!Files.isDirectory(nodes)) {
            return List.of();
        }
        List<Child> children = new ArrayList<>();
        try (Stream<Path> files = Files.list(nodes)) {
            for (Path file :
                    files.filter(f -> f.toString().endsWith(".json")).sorted().toList()) {
                JsonNode node = new ObjectMapper().readTree(file.toFile());
                ProcessHandle.of(node.path("pid").asLong())
                        .ifPresent(process ->
                                children.add(new Child(node.path("name").asText(), process)));
            }
        }
        return children;
    }

    private interface Condition {
        boolean holds() throws Exception;
    }

    private static void await(String what, FlmProcess process, Condition condition) throws Exception {
        for (long end = System.nanoTime() + BOUND_NS; !condition.holds(); ) {
            if (System.nanoTime() > end || process.endsWithin(50)) {
                throw new AssertionError("never came: " + what + "; messages: " + process.errors());
            }
        }
    }

    private static void assertEnds(ProcessHandle process) throws Exception {
        try {
            process.onExit().get(30, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            String command = process.info().commandLine().orElse("?");
            process.destroyForcibly();
            throw new AssertionError("process " + process.pid() + " is left behind: " + command, e);
        }
    }

    private long lines(String run) throws IOException {
        Path metrics = folder.resolve(run).resolve("metrics.jsonl");
        if (!Files.exists(metrics)) {
            return 0;
        }
        try (Stream<String> lines = Files.lines(metrics)) {
            return lines.count();
        }
    }

    @Test
    void severalNodesTrainAsOneProcessDoes() throws Exception {
        FlmProcess driver = pretrain("several", STEPS, "--nodes", "2");
        await("the first steps", driver, () -> lines("several") > 0);
        List<Child> children = children("several");
        assertThat(children).extracting(Child::name).containsExactly("node-1", "node-2");
        assertThat(children.get(1).process().info().commandLine().orElse(""))
                .as("what an operator sees of it")
                .contains("node --join 127.0.0.1:")
                .contains("--run " + folder.resolve("several"));
        JsonNode several = driver.result();
        assertThat(several.get("weightsSha256")).isEqualTo(alone().get("weightsSha256"));
        assertThat(several.get("loss")).isEqualTo(alone().get("loss"));
        assertThat(several.get("steps").asInt()).isEqualTo(STEPS);
        assertThat(Files.readAllLines(folder.resolve("several/metrics.jsonl")))
                .as("a line for each committed step")
                .hasSize(STEPS);
        for (Child child : children) {
            assertEnds(child.process());
        }
        assertThat(children("several")).as("files of nodes").isEmpty();
    }

    @Test
    void nodesEndWithTheirDriverAndAnotherNumberOfThemGoesOn() throws Exception {
        FlmProcess driver = pretrain("r", STEPS, "--nodes", "2");
        await("a checkpoint", driver, () -> lines("r") > 12);
        List<Child> children = children("r");
        assertThat(children).hasSize(2);
        driver.kill(); // nothing in it can react
        for (Child child : children) {
            assertEnds(child.process());
        }
        JsonNode resumed = pretrain("r", STEPS, "--resume", "--nodes", "1").result();
        assertThat(resumed.get("steps").asInt()).isEqualTo(STEPS);
        assertThat(resumed.get("weightsSha256")).isEqualTo(alone().get("weightsSha256"));
    }
}
