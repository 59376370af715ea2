package io.flm.launch.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.coordinator.Coordinator.Answer;
import io.flm.coordinator.RunView;
import io.flm.coordinator.RunView.CheckpointView;
import io.flm.coordinator.RunView.WorkerView;
import io.flm.launch.console.Failure;
import io.flm.launch.run.NodeFiles;
import io.flm.launch.submit.StubNode;
import io.flm.worker.AsyncTrainer.Head;
import io.flm.worker.AsyncTrainer.Shares;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the commands that steer a run ask of its nodes, and tell of the answers. */
class ControlCommandTest {
    @TempDir
    private Path folder = Path.of("");

    private StubNode node = StubNode.open();
    private TestEnvironment world = new TestEnvironment(folder);

    @BeforeEach
    void inAFolderOfItsOwn() {
        world = new TestEnvironment(folder);
    }

    @AfterEach
    void close() {
        node.close();
    }

    private static RunView view(String state) {
        return new RunView(
                "emoji-1",
                "id",
                state,
                "all 2 members joined",
                3,
                120,
                600,
                2.25,
                List.of(new Head("rec", 2, 0.5, 1.0, 0.3)),
                1234,
                56_789,
                4_000.0,
                new Shares(0.1, 0.3, 0.4, 0.15, 0.05),
                1,
                0,
                null,
                new CheckpointView(100, "/runs/emoji-1/checkpoints/step-0000000100", "a-w1"),
                List.of("the disk of b is full"),
                List.of(
                        new WorkerView(
                                "a-w1",
                                "a",
                                "cpu",
                                "training",
                                0,
                                "[0, 5)",
                                12.3,
                                3,
                                120,
                                "in generation 3",
                                null,
                                null),
                        new WorkerView(
                                "b-w1", "b", "cuda:0", "drained", -1, "", 0, 0, 90, "a fan is broken", null, null)));
    }

    /** Whatever listens there may send for ever. */
    @Test
    void anAnswerWithoutEndIsNotRead() {
        node.answer("GET /api/v1/run", 200, " ".repeat((16 << 20) + 1));
        assertThat(world.flm("status", "--node", node.address())).isNotZero();
        assertThat(world.err())
                .singleElement()
                .asString()
                .contains(node.address() + " (answers with more than 16777216 bytes; is it an flm node?)");
    }

    @Test
    void statusShowsTheRunAndEachWorker() {
        node.answer("GET /api/v1/run", 200, view("training"));
        assertThat(world.flm("status", "--node", node.address()))
                .as("%s", world.err())
                .isZero();
        assertThat(world.out()).isEqualTo("""
                run emoji-1: training: all 2 members joined
                step 120 of 600, loss 2.250, rec 2.000 (50.0 %)
                tokens predicted: rec 100.0 %; hidden of their context: rec 30.0 %
                1,234 samples/s, 56,789 tokens/s; time: data 10 %, compute 70 %, exchange 15 %, optimizer 5 %
                1:06:40 left
                generation 3
                checkpoint of step 100: /runs/emoji-1/checkpoints/step-0000000100 (a-w1)
                note: the disk of b is full
                page: http://%s/

                WORKER  NODE  DEVICE  STATE     RANK  LANES   MS/LANE  STEPS  WHY
                a-w1    a     cpu     training  0     [0, 5)  12.3     120    in generation 3
                b-w1    b     cuda:0  drained   -     -       -        90     a fan is broken
                """.replace("%s", node.address()));
    }

    @Test
    void statusAsJsonIsOneObject() throws IOException {
        node.answer("GET /api/v1/run", 200, view("training"));
        assertThat(world.flm("status", "--json", "--node", node.address())).isZero();
        assertThat(world.out().lines()).hasSize(1);
        assertThat(new ObjectMapper().readValue(world.out(), RunView.class)).isEqualTo(view("training"));
    }

    @Test
    void watchingEndsWithTheRun() {
        node.answer("GET /api/v1/run", 200, view("finished"));
        assertThat(world.flm("status", "--watch", "--json", "--node", node.address()))
                .isZero();
        assertThat(world.out()).contains("\"state\":\"finished\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"pause", "continue", "checkpoint", "stop"})
    void anOrderIsPassedOnAndItsAnswerShown(String order) {
        node.answer("POST /api/v1/run/" + order, 202, new Answer(true, "halting", "ordered"));
        assertThat(world.flm(order, "--node", node.address()))
                .as("%s", world.err())
                .isZero();
        assertThat(world.out()).isEqualTo("halting: ordered\n");
    }

    @Test
    void anOrderThatDoesNotFitIsRefusedInOneLine() {
        node.answer("POST /api/v1/run/continue", 409, Map.of("detail", "the run is not paused"));
        assertThat(world.flm("continue", "--node", node.address())).isEqualTo(Failure.REFUSED);
        assertThat(world.err()).containsExactly("flm: " + node.address() + ": the run is not paused");
    }

    @Test
    void aWorkerIsDrainedByItsName() {
        node.answer("POST /api/v1/workers/gpu%2017/drain", 202, new Answer(true, "training", "gpu 17 is left out"));
        assertThat(world.flm("drain", "gpu 17", "--node", node.address()))
                .as("%s", world.err())
                .isZero();
        node.answer("POST /api/v1/workers/a-w1/admit", 202, new Answer(true, "training", "a-w1 is back"));
        assertThat(world.flm("admit", "a-w1", "--node", node.address())).isZero();
    }

    @Test
    void aRunsFolderLeadsToAnyOfItsNodesThatAnswers() throws IOException {
        Path run = Files.createDirectories(folder.resolve("runs/emoji-1"));
        Files.writeString(run.resolve("effective.conf"), "");
        NodeFiles.write(run, new NodeFiles.Entry("dead", "127.0.0.1:1", "127.0.0.1:2", 1), "");
        NodeFiles.write(run, new NodeFiles.Entry("alive", node.address(), "127.0.0.1:3", 2), "0123456789abcdef");
        node.answer("GET /api/v1/run", 200, view("training"));
        assertThat(world.flm("status", "--run", "runs/emoji-1"))
                .as("%s", world.err())
                .isZero();
        assertThat(world.flm("status"))
                .as("the run in runs/ that was worked on last")
                .isZero();
        assertThat(node.asked()).containsOnly("GET /api/v1/run Bearer 0123456789abcdef");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
            ""                              | no token: give a file of one line, without spaces, to --token-file
            "\n"                            | no token: give a file of one line, without spaces, to --token-file
            0123456789abcdef next           | no token: give a file of one line, without spaces, to --token-file
            "0123456789abcdef\nsecret-line"  | no token: give a file of one line, without spaces, to --token-file
            """)
    void aFileThatHoldsNoTokenIsRefusedWithoutItsContent(String content, String message) throws IOException {
        Path token = Files.writeString(folder.resolve("token"), content.translateEscapes());
        assertThat(world.flm("status", "--node", node.address(), "--token-file", "token"))
                .isEqualTo(Failure.REFUSED);
        assertThat(world.err()).containsExactly("flm: " + token + ": " + message);
        assertThat(node.asked()).isEmpty();
    }

    @Test
    void aTokenFileThatIsMissingOrClosedToThisUserIsNamedWithTheReason() throws IOException {
        Path token = folder.resolve("token");
        assertThat(world.flm("status", "--node", node.address(), "--token-file", "token"))
                .isEqualTo(Failure.REFUSED);
        assertThat(world.err())
                .containsExactly("flm: " + token
                        + ": no such file or folder; give the file of the nodes' token with --token-file");
        Files.writeString(token, "0123456789abcdef");
        Files.setPosixFilePermissions(token, Set.of());
        if (Files.isReadable(token)) {
            return; // root may read every file
        }
        assertThat(world.flm("status", "--node", node.address(), "--token-file", "token"))
                .isEqualTo(Failure.REFUSED);
        assertThat(world.err())
                .containsExactly(
                        "flm: " + token + ": permission denied; give the file of the nodes' token with --token-file");
    }

    @Test
    void whileTheCoordinatorMovesTheNextNodeIsAsked() throws IOException {
        try (StubNode moving = new StubNode()) {
            moving.answer("GET /api/v1/run", 503, Map.of("detail", "the coordinator is moving"));
            node.answer("GET /api/v1/run", 200, view("training"));
            assertThat(world.flm("status", "--node", moving.address(), "--node", node.address()))
                    .isZero();
            assertThat(world.flm("status", "--node", moving.address())).isEqualTo(Failure.REFUSED);
            assertThat(world.err()).containsExactly("flm: " + moving.address() + ": the coordinator is moving");
        }
    }

    @Test
    void badAddressesAndSilentNodesAreNamedInOneLine() {
        assertThat(world.flm("status", "--node", "127.0.0.1:1")).isEqualTo(Failure.REFUSED);
        assertThat(world.err())
                .singleElement()
                .asString()
                .contains("127.0.0.1:1 (connection refused)")
                .contains("--node HOST:PORT");
        assertThat(world.flm("status", "--node", "nonsense")).isEqualTo(Failure.REFUSED);
        assertThat(world.err()).singleElement().asString().contains("nonsense: give a node as HOST:PORT");
        assertThat(world.flm("pause")).isEqualTo(Failure.REFUSED);
        assertThat(world.err()).singleElement().asString().contains("holds no run; say which with --run");
        assertThat(world.flm("pause", "--run", "nowhere")).isEqualTo(Failure.REFUSED);
        assertThat(world.err()).singleElement().asString().contains("no such folder; check --run");
        node.answer("GET /api/v1/run", 200, "<html>");
        assertThat(world.flm("status", "--node", node.address())).isEqualTo(Failure.REFUSED);
        assertThat(world.err()).singleElement().asString().contains("is it an flm node?");
    }
}
