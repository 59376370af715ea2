package io.flm.launch.submit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flm.coordinator.Coordinator.Answer;
import io.flm.coordinator.GenerationsView.GenerationView;
import io.flm.coordinator.RunView;
import io.flm.coordinator.http.HttpEndpoint.Submitted;
import io.flm.data.UserException;
import io.flm.launch.command.TestEnvironment;
import io.flm.launch.config.Configuration;
import io.flm.launch.console.Json;
import io.flm.launch.run.NodeAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A run on a cluster before its first step: what the command that submitted it does when the nodes die, and when it is to stop. */
@Timeout(60)
class SubmittedRunTest {
    private static final String STOP = "POST /api/v1/run/stop Bearer 0123456789abcdef";

    @TempDir
    private Path folder = Path.of("");

    private final StubNode node = StubNode.open();
    private final List<String> notes = new ArrayList<>();
    private final Deque<Runnable> onSubmitted = new ArrayDeque<>();
    private int submissions;
    private boolean closed;

    @BeforeEach
    void anIdleCluster() {
        node.answer("GET /api/v1/run", 200, view("", "idle"));
        node.answer("POST /api/v1/run", 201, new Submitted("id", "waiting", "submitted"));
        node.answer("POST /api/v1/run/stop", 202, new Answer(true, "waiting", "it ends"));
        node.answer("GET /api/v1/generations", 200, "[]");
    }

    @AfterEach
    void close() {
        node.close();
    }

    private static RunView view(String id, String state) {
        return view(id, state, 0);
    }

    private static RunView view(String id, String state, long step) {
        return new RunView(
                "r",
                id,
                state,
                "as ordered",
                0,
                step,
                100,
                null,
                List.of(),
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

    private SubmittedRun run() {
        ClusterLauncher cluster = new ClusterLauncher(
                List.of(new NodeAddress(node.address(), "0123456789abcdef")), folder.resolve("token"));
        return run(cluster, cluster);
    }

    /** On the same nodes, as if they were this command's own. */
    private SubmittedRun runOnOwnNodes() {
        return run(
                new InProcessLauncher(),
                new ClusterLauncher(List.of(new NodeAddress(node.address(), "0123456789abcdef")), null));
    }

    private SubmittedRun run(Launcher launcher, ClusterLauncher nodes) {
        RunRequest request = new RunRequest(
                Configuration.builder().build(), folder.resolve("r"), TestEnvironment.ROOT, false, 0, launcher);
        return new SubmittedRun(request, listener(), nodes(nodes), Duration.ofSeconds(1));
    }

    /** Those of the cluster, to which something happens each time that the run is submitted. */
    private Nodes nodes(ClusterLauncher cluster) {
        ClusterNodes distant = new ClusterNodes(cluster.nodes());
        return new Nodes() {
            @Override
            public List<NodeAddress> targets() {
                return distant.targets();
            }

            @Override
            public Duration startTimeout() {
                return distant.startTimeout();
            }

            @Override
            public int expectedWorkers() {
                return distant.expectedWorkers();
            }

            @Override
            public int leastWorkers() {
                return distant.leastWorkers();
            }

            @Override
            public void tend(boolean begun) {
                if (submitted() > submissions) {
                    submissions++;
                    Runnable next = onSubmitted.poll();
                    if (next != null) {
                        next.run();
                    }
                }
            }

            @Override
            public void close() {
                closed = true;
            }
        };
    }

    private long submitted() {
        return node.asked().stream()
                .filter(request -> request.startsWith("POST /api/v1/run "))
                .count();
    }

    private final List<RunListener.Start> starts = new ArrayList<>();

    private RunListener listener() {
        return new RunListener() {
            @Override
            public void onStart(Start start) {
                starts.add(start);
            }

            @Override
            public void onProgress(RunView view) {}

            @Override
            public void onCheckpoint(Path checkpoint, long steps) {}

            @Override
            public void onNote(String note) {
                notes.add(note);
            }
        };
    }

    @Test
    void nodesThatDieBeforeTheFirstStepAreGivenUpWithWhatToDo() throws Exception {
        onSubmitted.add(() -> {
            node.answer("GET /api/v1/run", 200, view("id", "waiting"));
            node.close();
        });
        try (SubmittedRun run = run()) {
            assertThat(run.begin()).isTrue();
            assertThatThrownBy(run::await)
                    .isInstanceOf(UserException.class)
                    .hasMessage(
                            "the nodes have not answered for 1 s (no node answers: %1$s (connection refused));"
                                    + " `flm status --node %1$s --token-file %2$s/token` says whether the run goes on"
                                    + " there; if it does not, go on with `flm pretrain --run %2$s/r --resume"
                                    + " --cluster %1$s --token-file %2$s/token`",
                            node.address(), folder);
        }
        assertThat(closed).isTrue();
    }

    /** Whichever node took it knows it by its key: it is no second run. */
    @Test
    void aSubmissionWhoseAnswerIsLostIsSentAgainWithItsKey() throws Exception {
        try (StubNode first = StubNode.open()) {
            first.lose("POST /api/v1/run");
            ControlClient client = new ControlClient(
                    () -> List.of(new NodeAddress(first.address(), ""), new NodeAddress(node.address(), "")));
            assertThat(client.postOnce("/run", "{}", "key-1", Submitted.class).id())
                    .isEqualTo("id");
            assertThat(first.keys()).containsExactly("key-1").isEqualTo(node.keys());
        }
    }

    @Test
    void aRunThatTheNodesDoNotKnowAnyMoreIsSubmittedAgain() throws Exception {
        onSubmitted.add(() -> node.answer("POST /api/v1/run", 201, new Submitted("id-2", "waiting", "submitted")));
        onSubmitted.add(() -> node.answer("GET /api/v1/run", 200, view("id-2", "finished")));
        try (SubmittedRun run = run()) {
            assertThat(run.begin()).isTrue();
            assertThat(run.await().reason()).isEqualTo("as ordered");
        }
        assertThat(submitted()).isEqualTo(2);
        assertThat(node.keys()).hasSize(2).doesNotHaveDuplicates();
        assertThat(notes).containsExactly("no node is left that knows the run: it goes on from its newest checkpoint");
    }

    /** Whoever reaches the node could else end the run: by more requests than an address may send, or by connections. */
    @ParameterizedTest
    @ValueSource(ints = {408, 429, 500, 502, 504})
    void aNodeThatCannotAnswerAtPresentDoesNotEndTheRun(int status) throws Exception {
        onSubmitted.add(() -> node.answer("GET /api/v1/run", 200, view("id", "training", 1)));
        try (SubmittedRun run = run()) {
            assertThat(run.begin()).isTrue();
            node.answer("GET /api/v1/run", status, "busy");
            CompletableFuture<RunResult> ended = CompletableFuture.supplyAsync(() -> {
                try {
                    return run.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
            int before = node.asked().size();
            while (node.asked().size() < before + 2) {
                assertThat(ended).isNotCompletedExceptionally();
                Thread.onSpinWait();
            }
            node.answer("GET /api/v1/run", 200, view("id", "finished", 2));
            assertThat(ended.get(30, TimeUnit.SECONDS).reason()).isEqualTo("as ordered");
        }
    }

    /** With the body of the first try it would begin anew. */
    @Test
    void aRunWhoseSubmissionWasLostIsSubmittedAgainToGoOn() throws Exception {
        node.answer("POST /api/v1/run", 503, "{\"detail\": \"no answer within 3 s\"}");
        onSubmitted.add(() -> node.answer("GET /api/v1/run", 200, view("id-1", "training", 1)));
        onSubmitted.add(() -> node.answer("GET /api/v1/run", 200, view("id-2", "finished", 2)));
        try (SubmittedRun run = runOnOwnNodes()) {
            assertThat(run.begin()).isTrue();
            node.answer("GET /api/v1/run", 200, view("", "idle"));
            node.answer("POST /api/v1/run", 201, new Submitted("id-2", "waiting", "submitted"));
            assertThat(run.await().reason()).isEqualTo("as ordered");
        }
        assertThat(node.keys()).hasSize(2).doesNotHaveDuplicates();
        assertThat(node.bodies())
                .extracting(body -> body.contains("\"resume\":true"))
                .containsExactly(false, true);
    }

    /** Nobody else's run has taken its place. */
    @Test
    void aRunWhoseSecondSubmissionCameThroughWithoutAnAnswerIsFollowed() throws Exception {
        node.answer("POST /api/v1/run", 201, new Submitted("id-1", "waiting", "submitted"));
        onSubmitted.add(() -> node.answer("GET /api/v1/run", 200, view("id-1", "training", 1)));
        onSubmitted.add(() -> node.answer("GET /api/v1/run", 200, view("id-2", "finished", 2)));
        try (SubmittedRun run = runOnOwnNodes()) {
            assertThat(run.begin()).isTrue();
            node.answer("GET /api/v1/run", 200, view("", "idle"));
            node.lose("POST /api/v1/run");
            assertThat(run.await().reason()).isEqualTo("as ordered");
        }
    }

    @Test
    void aRunOfWhichNoStepIsLeftBeginsBehindTheLastAndHasNoSpeed() throws Exception {
        GenerationView before = new GenerationView(1, 0, "2023-06-18T12:00:00Z", "all joined", 90, List.of());
        node.answer("GET /api/v1/generations", 200, Json.line(List.of(before))); // of when its steps were done
        onSubmitted.add(() -> node.answer("GET /api/v1/run", 200, view("id", "finished", 100)));
        try (SubmittedRun run = run()) {
            assertThat(run.begin()).isTrue();
            RunResult result = run.await();
            assertThat(result.finished()).isTrue();
            assertThat(result.samplesPerSecond()).isZero();
        }
        assertThat(starts).singleElement().satisfies(start -> {
            assertThat(start.firstStep()).isEqualTo(100);
            assertThat(start.origin()).isEqualTo("the checkpoint of step 100");
        });
    }

    @Test
    void aRunThatIsToStopBeforeItsFirstStepIsStoppedInTheCluster() throws Exception {
        try (SubmittedRun run = run()) {
            onSubmitted.add(() -> {
                run.stop("Ctrl-C");
                node.answer("GET /api/v1/run", 200, view("id", "finished"));
            });
            assertThat(run.begin()).isTrue();
            assertThat(node.asked()).containsOnlyOnce(STOP);
            assertThat(run.await().finished()).isFalse();
        }
        assertThat(notes).isEmpty();
    }

    @Test
    void aRunThatCannotBeStoppedIsNamedWithTheCommandThatDoes() throws Exception {
        try (SubmittedRun run = run()) {
            onSubmitted.add(() -> {
                node.close();
                run.stop("Ctrl-C");
            });
            assertThat(run.begin()).isTrue();
        }
        assertThat(notes)
                .singleElement()
                .asString()
                .startsWith("the run cannot be stopped at present: no node answers: " + node.address())
                .endsWith("; if it goes on there, `flm stop --node " + node.address() + " --token-file "
                        + folder.resolve("token") + "` ends it");
    }

    @Test
    void ownNodesWhoseCoordinatorIsMovingAreToldOfTheRunAgain() throws Exception {
        node.answer("POST /api/v1/run", 503, "{\"detail\": \"the coordinator is moving\"}");
        onSubmitted.add(() -> node.answer("POST /api/v1/run", 201, new Submitted("id", "waiting", "submitted")));
        onSubmitted.add(() -> node.answer("GET /api/v1/run", 200, view("id", "finished")));
        try (SubmittedRun run = runOnOwnNodes()) {
            assertThat(run.begin()).isTrue();
            assertThat(run.await().reason()).isEqualTo("as ordered");
        }
        assertThat(submitted()).isEqualTo(2);
    }

    @Test
    void aSubmissionWhoseAnswerWasLostIsNotMadeTwice() throws Exception {
        node.answer("POST /api/v1/run", 503, "{\"detail\": \"no answer within 3 s\"}");
        onSubmitted.add(() -> node.answer("GET /api/v1/run", 200, view("id-1", "finished")));
        try (SubmittedRun run = runOnOwnNodes()) {
            assertThat(run.begin()).isTrue();
            assertThat(run.await().reason()).isEqualTo("as ordered");
        }
        assertThat(submitted()).isEqualTo(1);
    }

    @Test
    void aRunThatIsToStopWhileTheAnswerToItsSubmissionIsLostIsStopped() throws Exception {
        node.answer("POST /api/v1/run", 503, "{\"detail\": \"no answer within 3 s\"}");
        try (SubmittedRun run = runOnOwnNodes()) {
            onSubmitted.add(() -> {
                run.stop("Ctrl-C");
                node.answer("GET /api/v1/run", 200, view("id-1", "finished"));
            });
            assertThat(run.begin()).isTrue();
        }
        assertThat(node.asked()).containsOnlyOnce(STOP);
    }

    @Test
    void aClusterOfOthersIsNotToldTwice() {
        node.answer("POST /api/v1/run", 503, "{\"detail\": \"the coordinator is moving\"}");
        try (SubmittedRun run = run()) {
            assertThatThrownBy(run::begin)
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("the coordinator is moving; `flm status --node")
                    .hasMessageEndingWith("` says whether the run was submitted");
        }
        assertThat(submitted()).isEqualTo(1);
    }

    @Test
    void nothingIsSubmittedThatIsToStop() throws Exception {
        try (SubmittedRun run = run()) {
            run.stop("Ctrl-C");
            assertThat(run.begin()).isFalse();
        }
        assertThat(submitted()).isZero();
        assertThat(node.asked()).doesNotContain(STOP);
    }
}
