package io.flm.launch.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.coordinator.RunView;
import io.flm.launch.console.Failure;
import io.flm.launch.run.LastStatus;
import io.flm.launch.run.NodeFiles;
import io.flm.launch.run.RunLock;
import io.flm.launch.submit.ScriptedRun;
import io.flm.launch.submit.StubNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What {@code flm status} and {@code flm runs} say before a run, at its end, and afterwards. */
@Timeout(60)
class StatusCommandTest {
    @TempDir
    private Path folder = Path.of("");

    private final StubNode node = StubNode.open();
    private TestEnvironment world = new TestEnvironment(folder);
    private Path run = Path.of("");

    @BeforeEach
    void aRun() throws Exception {
        world = new TestEnvironment(folder);
        run = run("runs/emoji-1");
    }

    private Path run(String name) throws Exception {
        Path made = Files.createDirectories(folder.resolve(name));
        Files.writeString(made.resolve("effective.conf"), "");
        return made;
    }

    @AfterEach
    void close() {
        node.close();
    }

    @Test
    void afterARunItsLastStateIsShown() throws Exception {
        LastStatus.write(run, ScriptedRun.view(100, 100), 1);
        NodeFiles.write(run, new NodeFiles.Entry("killed", "127.0.0.1:1", "127.0.0.1:2", 1), "");
        assertThat(world.flm("status")).isZero();
        assertThat(world.out()).startsWith("run r: finished: all members joined\nstep 100 of 100, loss 2.500");
        assertThat(world.err()).isEmpty();
        assertThat(world.flm("status", "--json", "--watch")).isZero();
        assertThat(world.out().lines()).hasSize(1);
        assertThat(new ObjectMapper().readValue(world.out(), RunView.class)).isEqualTo(ScriptedRun.view(100, 100));
    }

    /** A run's folder may be somebody else's, who knows the names that are written there. */
    @Test
    void theStateIsKeptBesideWhateverALinkLeadsTo() throws Exception {
        Path other = Files.writeString(folder.resolve("other"), "of another program");
        Files.createSymbolicLink(run.resolve("status.json.part"), other);
        Files.createSymbolicLink(run.resolve("status.json"), other);
        LastStatus.write(run, ScriptedRun.view(60, 100), 1);
        assertThat(other).hasContent("of another program");
        assertThat(LastStatus.of(run).step()).isEqualTo(60);
    }

    @Test
    void aRunWhoseCommandWasKilledIsStoppedWhereItWas() {
        LastStatus.write(run, ScriptedRun.view(60, 100), 1);
        assertThat(world.flm("status")).isZero();
        assertThat(world.out())
                .startsWith("run r: stopped: its command ended without a word while it was training; go on with `")
                .contains("pretrain --run " + run + " --resume`\nstep 60 of 100");
        assertThat(world.err()).isEmpty();
    }

    /** By Ctrl-C, SIGTERM or {@code flm stop}: the same state as one that made all its steps. */
    @Test
    void aRunThatWasStoppedIsNotFinishedAndSaysHowToGoOn() throws Exception {
        LastStatus.write(run, ended(5, 200, "SIGTERM"), 1);
        assertThat(world.flm("status", "--watch")).isZero();
        assertThat(world.out())
                .startsWith("run r: stopped: SIGTERM; go on with `")
                .contains("pretrain --run " + run + " --resume`\nstep 5 of 200");
        assertThat(world.flm("runs")).isZero();
        assertThat(world.out()).matches("(?s)emoji-1 +stopped +step 5 of 200, .*");
        try (RunLock held = RunLock.take(run)) { // its command closes its nodes
            assertThat(world.flm("status", "--run", held.folder().toString())).isZero();
            assertThat(world.err()).isEmpty();
        }

        node.answer("GET /api/v1/run", 200, ended(5, 200, "SIGTERM"));
        assertThat(world.flm("status", "--node", node.address())).isZero();
        assertThat(world.out()).startsWith("run r: stopped: SIGTERM\nstep 5 of 200");
    }

    /** It did what it was asked for. */
    @Test
    void aRunThatEndedByItsTimeLimitOrItsLastStepIsFinished() {
        LastStatus.write(run, ended(5, 200, "the time limit is reached"), 1);
        assertThat(LastStatus.of(run).state()).isEqualTo("finished");
        LastStatus.write(run, ended(200, 200, "all 200 steps are committed"), 1);
        assertThat(LastStatus.of(run).state()).isEqualTo("finished");
    }

    private static RunView ended(long step, long total, String reason) {
        RunView view = ScriptedRun.view(step, total);
        return new RunView(
                view.run(),
                view.id(),
                "finished",
                reason,
                view.generation(),
                step,
                total,
                view.loss(),
                view.heads(),
                0,
                0,
                null,
                null,
                1,
                0,
                null,
                null,
                List.of(),
                List.of());
    }

    @Test
    void aNodesFileWithABadAddressIsNamed() throws Exception {
        for (String bad : List.of("localhost:nonsense", "localhost:", "127.0.0.1:1 2", "127.0.0.1")) {
            Path file = NodeFiles.write(run, new NodeFiles.Entry("a", bad, "127.0.0.1:2", 1), "");
            assertThat(world.flm("status")).isEqualTo(Failure.REFUSED);
            assertThat(world.err())
                    .singleElement()
                    .asString()
                    .startsWith("flm: " + file + ": says that its node is at \"" + bad + "\"")
                    .endsWith("remove the file, or give --node");
        }
    }

    /** The way back leads where it trained, by no address that was found in the folder. */
    @Test
    void theWayBackIsToWhereItTrained() {
        LastStatus.write(run, ScriptedRun.view(60, 100), 0);
        assertThat(LastStatus.of(run).reason()).endsWith(" --resume --cluster HOST:PORT`");
        LastStatus.write(run, ScriptedRun.view(60, 100), 2);
        assertThat(LastStatus.of(run).reason()).endsWith(" --resume --nodes 2`");
        LastStatus.write(run, ScriptedRun.view(60, 100), 1);
        assertThat(LastStatus.of(run).reason()).endsWith(" --resume`");
    }

    /** Between a node's start and the run's submission there. */
    @Test
    void aNodeThatWasNotToldOfTheRunYetIsWaitedFor() throws Exception {
        node.answer("GET /api/v1/run", 200, ScriptedRun.idle());
        NodeFiles.write(run, new NodeFiles.Entry("a", node.address(), "127.0.0.1:2", 1), "");
        try (RunLock held = RunLock.take(run)) {
            LastStatus.write(held.folder(), LastStatus.starting(run, "r", 100), 1);
            CompletableFuture<Integer> status = CompletableFuture.supplyAsync(() -> world.flm("status"));
            while (world.err().isEmpty() && !status.isDone()) {
                Thread.onSpinWait();
            }
            assertThat(status).isNotDone();
            node.answer("GET /api/v1/run", 200, ScriptedRun.view(1, 100));
            assertThat(status.get()).isZero();
        }
        assertThat(world.out()).startsWith("run r: training");
    }

    @Test
    void beforeTheFirstAnswerItWaits() throws Exception {
        node.answer("GET /api/v1/run", 200, ScriptedRun.view(1, 100));
        try (RunLock held = RunLock.take(run)) {
            LastStatus.write(held.folder(), LastStatus.starting(run, "r", 100), 1);
            CompletableFuture<Integer> status = CompletableFuture.supplyAsync(() -> world.flm("status"));
            while (world.err().isEmpty()) {
                Thread.onSpinWait();
            }
            assertThat(status).isNotDone();
            NodeFiles.write(run, new NodeFiles.Entry("a", node.address(), "127.0.0.1:2", 1), "");
            assertThat(status.get()).isZero();
        }
        assertThat(world.err()).containsExactly("flm: no node of " + run + " answers yet; waiting");
        assertThat(world.out()).startsWith("run r: training");
    }

    @Test
    void watchingEndsWithTheLastStateWhereTheNodesAreGone() throws Exception {
        node.answer("GET /api/v1/run", 200, ScriptedRun.view(99, 100));
        NodeFiles.write(run, new NodeFiles.Entry("a", node.address(), "127.0.0.1:2", 1), "");
        CompletableFuture<Integer> status;
        try (RunLock held = RunLock.take(run)) {
            LastStatus.write(held.folder(), ScriptedRun.view(99, 100), 1);
            status = CompletableFuture.supplyAsync(() -> world.flm("status", "--watch"));
            while (world.out().isEmpty()) {
                Thread.onSpinWait();
            }
            NodeFiles.remove(run, "a");
            LastStatus.write(held.folder(), ScriptedRun.view(100, 100), 1);
        }
        assertThat(status.get()).isZero();
        assertThat(world.out()).contains("run r: finished: all members joined\nstep 100 of 100");
        assertThat(world.err()).isEmpty();
    }

    @Test
    void aFolderOfWhichNothingIsKnownIsNamedSo() throws Exception {
        for (String odd : new String[] {
            null, "", "{", "null", "{}", "[]", "{\"run\": \"r\", \"workers\": [null]}", "{\"run\": null}"
        }) {
            if (odd != null) {
                Files.writeString(run.resolve("status.json"), odd);
            }
            assertThat(world.flm("status")).as("%s: %s", odd, world.err()).isZero();
            assertThat(world.out())
                    .as("%s", odd)
                    .startsWith("run emoji-1: stopped: its command ended before it was seen to train; go on with");
        }
        Files.delete(run.resolve("status.json"));
        assertThat(new ProcessBuilder("mkfifo", run.resolve("status.json").toString())
                        .start()
                        .waitFor())
                .isZero();
        assertThat(world.flm("status")).isZero();
    }

    @Test
    void aFolderThatHoldsNoRunIsRefused() throws Exception {
        Path data = Files.createDirectories(folder.resolve("data"));
        assertThat(world.flm("status", "--run", data.toString())).isEqualTo(Failure.REFUSED);
        assertThat(world.err()).containsExactly("flm: " + data + ": no run there; flm runs lists those of a folder");
    }

    @Test
    void runsAreListedNewestFirst() throws Exception {
        Path other = run("runs/mid-1");
        LastStatus.write(run, ScriptedRun.view(100, 100), 1);
        LastStatus.write(other, ScriptedRun.view(7, 1000), 1);
        Files.writeString(run.resolve("flm.log"), "");
        Files.writeString(other.resolve("flm.log"), "");
        assertThat(run.resolve("flm.log").toFile().setLastModified(1_000_000_000_000L))
                .isTrue();
        assertThat(other.resolve("flm.log").toFile().setLastModified(1_100_000_000_000L))
                .isTrue();
        assertThat(world.flm("runs")).isZero();
        assertThat(world.out().lines())
                .satisfiesExactly(
                        line -> assertThat(line)
                                .matches("mid-1 +stopped +step 7 of 1,000, loss 2\\.500  2004-11-\\d\\d .*"),
                        line -> assertThat(line)
                                .matches("emoji-1 +finished +step 100 of 100, loss 2\\.500  2001-09-\\d\\d .*"));
        assertThat(world.flm("runs", "--json")).isZero();
        JsonNode json = new ObjectMapper().readTree(world.out().lines().toList().get(1));
        assertThat(json.fieldNames())
                .toIterable()
                .containsExactly("run", "state", "reason", "step", "totalSteps", "loss", "workedOnAt");
        assertThat(json.get("state").asText()).isEqualTo("finished");
        assertThat(json.get("workedOnAt").asText()).isEqualTo("2001-09-09T01:46:40Z");
        assertThat(world.flm("runs", "nowhere")).isZero();
        assertThat(world.err()).containsExactly("flm: " + folder.resolve("nowhere") + ": holds no run");
    }

    @Test
    void aRunThatCouldNotBeResumedStandsWhereItDid() {
        LastStatus.write(run, ScriptedRun.view(60, 100), 1);
        LastStatus.write(run, LastStatus.starting(run, "r", 100), 1);
        assertThat(world.flm("status")).isZero();
        assertThat(world.out())
                .startsWith("run r: stopped: its command ended before it was seen to train; go on with `")
                .contains("step 60 of 100, loss 2.500");
    }
}
