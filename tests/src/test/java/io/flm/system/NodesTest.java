package io.flm.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.system.LocalRun.Child;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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

    @TempDir
    private Path folder = Path.of("");

    private final List<LocalRun> started = new ArrayList<>();
    private @Nullable JsonNode alone;

    @AfterEach
    void endAll() throws Exception {
        for (LocalRun run : started) {
            run.driver().kill();
        }
        started.clear();
    }

    private LocalRun pretrain(String run, String... more) throws IOException {
        LocalRun started = LocalRun.start(folder.resolve(run), STEPS, more);
        this.started.add(started);
        return started;
    }

    /** What one process makes of it. */
    private JsonNode alone() throws Exception {
        JsonNode result = alone;
        if (result == null) {
            result = pretrain("alone").result();
            alone = result;
        }
        return result;
    }

    @Test
    void severalNodesTrainAsOneProcessDoes() throws Exception {
        LocalRun run = pretrain("several", "--nodes", "2");
        run.await("the first steps", () -> run.steps() > 0);
        List<Child> children = run.children();
        assertThat(children).extracting(Child::name).containsExactlyInAnyOrder("node-1", "node-2");
        assertThat(children)
                .as("what an operator sees of them")
                .allSatisfy(
                        child -> assertThat(child.process().info().commandLine().orElse(""))
                                .contains("node --join 127.0.0.1:")
                                .contains("--run " + run.folder()));
        JsonNode several = run.result();
        assertThat(several.get("weightsSha256")).isEqualTo(alone().get("weightsSha256"));
        assertThat(several.get("loss")).isEqualTo(alone().get("loss"));
        assertThat(several.get("steps").asInt()).isEqualTo(STEPS);
        assertThat(run.steps()).as("a line for each committed step").isEqualTo(STEPS);
        for (Child child : children) {
            child.requireEnd();
        }
        assertThat(run.folder().resolve("nodes"))
                .as("no file of a node is left")
                .isDirectoryNotContaining("glob:**.json");
    }

    @Test
    void nodesEndWithTheirDriverAndAnotherNumberOfThemGoesOn() throws Exception {
        LocalRun run = pretrain("r", "--nodes", "2");
        run.await("a checkpoint", () -> run.steps() > 12);
        List<Child> children = run.children();
        assertThat(children).hasSize(2);
        run.driver().kill(); // nothing in it can react
        for (Child child : children) {
            child.requireEnd();
        }
        JsonNode resumed = pretrain("r", "--resume", "--nodes", "1").result();
        assertThat(resumed.get("steps").asInt()).isEqualTo(STEPS);
        assertThat(resumed.get("weightsSha256")).isEqualTo(alone().get("weightsSha256"));
    }

    @Test
    void aNodeThatBeganByItselfTrainsWithOneThatJoinsIt() throws Exception {
        FlmProcess first = node("a");
        try {
            JsonNode address = address(first, "a");
            FlmProcess second = node("b", "--join", address.get("akka").asText());
            try {
                address(second, "b");
                String http = address.get("http").asText();
                JsonNode joined = pretrain("joined", "--cluster", http, "--min-workers", "2")
                        .result();
                assertThat(joined.get("weightsSha256")).isEqualTo(alone().get("weightsSha256"));
                JsonNode run = FlmProcess.start(folder, "status", "--json", "--node", http)
                        .result();
                assertThat(run.get("workers"))
                        .as("%s", run)
                        .hasSize(2)
                        .allSatisfy(worker ->
                                assertThat(worker.get("steps").asInt()).isEqualTo(STEPS));
            } finally {
                second.kill();
            }
        } finally {
            first.kill();
        }
    }

    private FlmProcess node(String name, String... more) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(
                "node",
                "--name",
                name,
                "--workers",
                "1",
                "--runs",
                folder.resolve("by-hand").toString()));
        arguments.addAll(List.of(more));
        return FlmProcess.start(folder, arguments.toArray(String[]::new));
    }

    private JsonNode address(FlmProcess node, String name) throws Exception {
        Path file = folder.resolve("by-hand/nodes/" + name + ".json");
        while (!Files.exists(file)) {
            assertThat(node.endsWithin(50)).as(node.errors()).isFalse();
        }
        return new ObjectMapper().readTree(file.toFile());
    }

    @Test
    void aNodeThatIsKilledBeforeTheFirstStepIsStartedAgainAndKeepsItsPort() throws Exception {
        LocalRun run = pretrain("early", "--nodes", "2");
        run.await("both nodes", () -> run.children().size() == 2);
        Child first = run.children().stream()
                .filter(child -> child.name().equals("node-1"))
                .findFirst()
                .orElseThrow();
        assertThat(run.steps()).isZero();
        first.kill();
        run.await(
                "node-1 again",
                () -> run.children().stream()
                        .anyMatch(child -> child.name().equals("node-1")
                                && child.process().pid() != first.process().pid()));
        assertThat(run.children())
                .filteredOn(child -> child.name().equals("node-1"))
                .extracting(Child::http)
                .containsExactly(first.http());
        assertThat(run.result().get("weightsSha256")).isEqualTo(alone().get("weightsSha256"));
        assertThat(run.driver().errors()).contains("ended with exit code 137; it is started again in 2 s");
    }

    @Test
    void aNodeThatEndsByItselfBeforeTheFirstStepSaysWhyAtOnce() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            LocalRun run = pretrain("refused", "--nodes", "2", "--set", "flm.http.port=" + taken.getLocalPort());
            assertThat(run.driver().exitCode()).isEqualTo(2);
            assertThat(run.driver().errors())
                    .contains("node-1: HTTP cannot be served on 127.0.0.1:" + taken.getLocalPort())
                    .doesNotContain("started again");
        }
    }
}
