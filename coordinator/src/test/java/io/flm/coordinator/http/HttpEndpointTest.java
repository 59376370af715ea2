package io.flm.coordinator.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.Behaviors;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.ConfigFactory;
import io.flm.coordinator.Coordinator;
import io.flm.coordinator.Coordinator.Answer;
import io.flm.coordinator.GenerationsView;
import io.flm.coordinator.GenerationsView.GenerationView;
import io.flm.coordinator.GenerationsView.MemberView;
import io.flm.coordinator.RunView;
import io.flm.coordinator.RunView.CheckpointView;
import io.flm.coordinator.RunView.WorkerView;
import io.flm.data.UserException;
import io.flm.worker.AsyncTrainer.Head;
import io.flm.worker.AsyncTrainer.Shares;
import io.flm.worker.AsyncTrainer.Traffic;
import io.flm.worker.RunPlan;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HttpEndpointTest {
    private static final ActorTestKit KIT = ActorTestKit.create();
    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static final String TOKEN = "a-token-for-tests-only";
    private static final ObjectMapper JSON = new ObjectMapper();

    private static final List<Coordinator.Command> COMMANDS = new CopyOnWriteArrayList<>();
    private static volatile String state = "training";
    private static volatile boolean accepts = true;
    private static int port;
    private static int guardedPort;

    @TempDir
    private Path folder = Path.of("");

    @BeforeAll
    static void bind() throws Exception {
        ActorRef<Coordinator.Command> coordinator = KIT.spawn(Behaviors.receiveMessage(m -> {
            COMMANDS.add(m);
            answer(m);
            return Behaviors.same();
        }));
        port = bind(coordinator, onLoopback(""));
        guardedPort = bind(coordinator, onLoopback(TOKEN));
    }

    private static HttpSettings onLoopback(String token) {
        return LoopbackEndpoint.settings(
                new Tokens("token", token, "", ""), "names = [lab.example]", "idle-timeout = 5s");
    }

    private static int bind(ActorRef<Coordinator.Command> coordinator, HttpSettings settings) throws Exception {
        return HttpEndpoint.bind(
                        KIT.system(),
                        coordinator,
                        settings,
                        HttpEndpointTest::plan,
                        counting(),
                        KeptRuns.NONE,
                        InstantSource.system())
                .toCompletableFuture()
                .get(20, TimeUnit.SECONDS)
                .localAddress()
                .getPort();
    }

    private static PrometheusRegistry counting() {
        PrometheusRegistry node = new PrometheusRegistry();
        node.register(() -> CounterSnapshot.builder()
                .name("a_node_counts")
                .dataPoint(CounterDataPointSnapshot.builder().value(3).build())
                .build());
        return node;
    }

    private static RunPlan plan(Submission s) {
        if (s.config().contains("lanez")) {
            throw new UserException("flm.train.lanez (submitted): no such key; did you mean flm.train.lanes?");
        }
        return RunPlan.of(s.run(), "id-1", s.config(), "1", 4, 100).withWorkers(Math.max(1, s.minWorkers()), 0);
    }

    private static void answer(Coordinator.Command m) {
        Answer answer = new Answer(accepts, state, accepts ? "as ordered" : "the run is " + state);
        if (m instanceof Coordinator.GetRun g) {
            g.replyTo().tell(view());
        } else if (m instanceof Coordinator.GetTagged g) {
            g.replyTo().tell(new Coordinator.Tagged("id-1.7." + state, view()));
        } else if (m instanceof Coordinator.OnlyIf o && !o.tags().contains("id-1.7." + state)) {
            o.replyTo().tell(new Coordinator.Changed(state, "all members joined"));
        } else if (m instanceof Coordinator.OnlyIf o) {
            answer(o.order());
        } else if (m instanceof Coordinator.GetGenerations g) {
            g.replyTo()
                    .tell(new GenerationsView(List.of(new GenerationView(
                            1,
                            0,
                            "2023-06-18T10:00:00Z",
                            "submitted",
                            12,
                            List.of(new MemberView("w0", "n", "[0, 4)"))))));
        } else if (m instanceof Coordinator.Submit s) {
            s.replyTo().tell(answer);
        } else if (m instanceof Coordinator.Pause p) {
            p.replyTo().tell(answer);
        } else if (m instanceof Coordinator.Continue c) {
            c.replyTo().tell(answer);
        } else if (m instanceof Coordinator.SaveNow s) {
            s.replyTo().tell(answer);
        } else if (m instanceof Coordinator.Stop s) {
            s.replyTo().tell(answer);
        } else if (m instanceof Coordinator.Drain d) {
            d.replyTo().tell(answer);
        } else if (m instanceof Coordinator.Admit a) {
            a.replyTo().tell(answer);
        }
    }

    private static RunView view() {
        return new RunView(
                "emoji \"1\"",
                "id-1",
                state,
                "all members joined",
                1,
                7,
                100,
                3.25,
                List.of(new Head("rec", 3.5, 0.25, 1.0, 0.3)),
                99,
                990,
                60.5,
                new Shares(0.25, 0.125, 0.375, 0.125, 0.125),
                1,
                2,
                null,
                new CheckpointView(5, "/c", "w0"),
                List.of(),
                List.of(
                        new WorkerView(
                                "w0",
                                "n",
                                "cpu",
                                "training",
                                0,
                                "[0, 2)",
                                3,
                                1,
                                7,
                                "joined",
                                new Shares(0.5, 0.25, 0.125, 0.125, 0),
                                new Traffic(4e6, 5e5)),
                        new WorkerView("w1", "n", "cpu", "waiting", -1, "", 0, 0, 0, "spare", null, null)));
    }

    @BeforeEach
    void anew() {
        COMMANDS.clear();
        state = "training";
        accepts = true;
    }

    @AfterAll
    static void shutDown() {
        KIT.shutdownTestKit();
    }

    private static HttpResponse<String> send(String method, String path, String body, String... headers)
            throws Exception {
        return send(port, method, path, body, headers);
    }

    private static HttpResponse<String> send(int to, String method, String path, String body, String... headers)
            throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + to + path))
                .method(method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
        if (!body.isEmpty() && !List.of(headers).contains("Content-Type")) {
            request.header("Content-Type", "application/json");
        }
        if (headers.length > 0) {
            request.headers(headers);
        }
        return CLIENT.send(request.build(), BodyHandlers.ofString());
    }

    private static void assertProblem(HttpResponse<String> response, int status, String detail) throws IOException {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        assertThat(response.headers().firstValue("content-type").orElse("")).startsWith("application/problem+json");
        JsonNode problem = JSON.readTree(response.body());
        assertThat(problem.get("status").asInt()).isEqualTo(status);
        assertThat(problem.get("title").asText()).isNotEmpty();
        assertThat(problem.get("detail").asText()).contains(detail).doesNotContain("\n");
    }

    @Test
    void showsTheRun() throws Exception {
        HttpResponse<String> response = send("GET", "/api/v1/run", "");
        assertThat(response.statusCode()).isEqualTo(200);
        JsonNode run = JSON.readTree(response.body());
        assertThat(run.get("step").asLong()).isEqualTo(7);
        assertThat(run.get("loss").asDouble()).isEqualTo(3.25);
        assertThat(run.get("heads").get(0).get("accuracy").asDouble()).isEqualTo(0.25);
        assertThat(run.get("heads").get(0).get("corruptionRate").asDouble()).isEqualTo(0.3);
        assertThat(run.get("timeShares").toString())
                .isEqualTo(
                        "{\"data\":0.25,\"forward\":0.125,\"backward\":0.375,\"exchange\":0.125,\"optimizer\":0.125}");
        assertThat(run.at("/workers/0/timeShares/data").asDouble()).isEqualTo(0.5);
        assertThat(run.at("/workers/0/traffic").toString())
                .isEqualTo("{\"sentBytesPerSecond\":4000000.0,\"receivedBytesPerSecond\":500000.0}");
        assertThat(run.at("/workers/1/timeShares").isNull()).isTrue();
        assertThat(run.at("/workers/1/traffic").isNull()).isTrue();
        assertThat(run.get("samplesPerSecond").asDouble()).isEqualTo(99);
        assertThat(run.get("reason").asText()).isEqualTo("all members joined");
        assertThat(run.get("checkpoint").get("step").asLong()).isEqualTo(5);
        assertThat(run.get("workers").get(0).get("lanes").asText()).isEqualTo("[0, 2)");
        assertThat(run.has("ended"))
                .as("what follows from the state is not said twice")
                .isFalse();
    }

    @Test
    void showsWorkersAndGenerations() throws Exception {
        JsonNode workers = JSON.readTree(send("GET", "/api/v1/workers", "").body());
        assertThat(workers).hasSize(2);
        assertThat(workers.get(1).get("reason").asText()).isEqualTo("spare");
        JsonNode generations =
                JSON.readTree(send("GET", "/api/v1/generations", "").body());
        assertThat(generations.get(0).get("why").asText()).isEqualTo("submitted");
        assertThat(generations.get(0).get("members").get(0).get("lanes").asText())
                .isEqualTo("[0, 4)");
    }

    @Test
    void passesOrdersOnWithTheirReason() throws Exception {
        assertThat(send("POST", "/api/v1/run/pause", "{\"reason\": \"the fan\"}")
                        .statusCode())
                .isEqualTo(202);
        assertThat(send("POST", "/api/v1/run/continue", "{}").statusCode()).isEqualTo(202);
        assertThat(send("POST", "/api/v1/run/checkpoint", "").statusCode()).isEqualTo(202);
        assertThat(send("POST", "/api/v1/workers/w%201/drain", "").statusCode()).isEqualTo(202);
        assertThat(send("POST", "/api/v1/workers/w%201/admit", "").statusCode()).isEqualTo(202);
        HttpResponse<String> stop = send("POST", "/api/v1/run/stop", "");
        assertThat(JSON.readValue(stop.body(), Answer.class)).isEqualTo(new Answer(true, "training", "as ordered"));
        assertThat(COMMANDS)
                .satisfiesExactly(
                        m -> assertThat(((Coordinator.Pause) m).reason()).isEqualTo("the fan"),
                        m -> assertThat(m).isInstanceOf(Coordinator.Continue.class),
                        m -> assertThat(m).isInstanceOf(Coordinator.SaveNow.class),
                        m -> assertThat(((Coordinator.Drain) m).worker()).isEqualTo("w 1"),
                        m -> assertThat(((Coordinator.Admit) m).worker()).isEqualTo("w 1"),
                        m -> assertThat(((Coordinator.Stop) m).reason()).isEqualTo("stop over HTTP"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            "id-1.7.training"                     | 202
            *                                     | 202
            "old", "id-1.7.training"              | 202
            "a,b",,W/"c" ,"id-1.7.training",      | 202
            "id-1.7.paused"                       | 412
            W/"id-1.7.training"                   | 412
            ""                                    | 412
            id-1.7.training                       | 400
            "old" "id-1.7.training"               | 400
            "id-1.7.training                      | 400
            *, "id-1.7.training"                  | 400
            ,                                     | 400
            """)
    void anOrderAboutTheRunAsItWasIsNotGiven(String tags, int status) throws Exception {
        String tag =
                send("GET", "/api/v1/workers", "").headers().firstValue("etag").orElse("");
        assertThat(tag).isEqualTo("\"id-1.7.training\"");
        assertThat(send("GET", "/api/v1/run", "").headers().firstValue("etag")).contains(tag);
        HttpResponse<String> answer = send("POST", "/api/v1/run/pause", "", "If-Match", tags);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
        if (status == 412) {
            assertProblem(answer, 412, "it is training (all members joined); look again");
        }
    }

    @Test
    void tagsOfSeveralLinesAreOneList() throws Exception {
        String[] lines = {"If-Match", "\"old\"", "If-Match", "\"id-1.7.training\""};
        assertThat(send("POST", "/api/v1/workers/w0/drain", "", lines).statusCode())
                .isEqualTo(202);
    }

    @Test
    void anOrderThatDoesNotFitTheStateIsAConflict() throws Exception {
        accepts = false;
        assertProblem(send("POST", "/api/v1/run/continue", ""), 409, "the run is training");
        assertProblem(send("POST", "/api/v1/run", "{\"run\": \"r\", \"config\": \"\"}"), 409, "the run is training");
    }

    @Test
    void takesASubmittedRun() throws Exception {
        HttpResponse<String> response =
                send("POST", "/api/v1/run", "{\"run\": \"emoji-2\", \"config\": \"\", \"minWorkers\": 2}");
        assertThat(response.statusCode()).as(response.body()).isEqualTo(201);
        assertThat(response.headers().firstValue("location")).contains("/api/v1/run");
        assertThat(JSON.readTree(response.body()).get("id").asText()).isEqualTo("id-1");
        RunPlan plan = ((Coordinator.Submit) COMMANDS.get(0)).plan();
        assertThat(plan.run()).isEqualTo("emoji-2");
        assertThat(plan.minWorkers()).isEqualTo(2);
    }

    @Test
    void aSubmissionThatIsSentAgainIsTheSameRun() throws Exception {
        String body = "{\"run\": \"r\", \"config\": \"\"}";
        send("POST", "/api/v1/run", body, "Content-Type", "application/json", "Idempotency-Key", "key-1");
        HttpResponse<String> again =
                send("POST", "/api/v1/run", body, "Content-Type", "application/json", "Idempotency-Key", "key-1");
        send("POST", "/api/v1/run", body, "Content-Type", "application/json", "Idempotency-Key", "key-2");
        send("POST", "/api/v1/run", body + " ", "Content-Type", "application/json", "Idempotency-Key", "key-1");
        send("POST", "/api/v1/run", body);
        List<String> ids =
                COMMANDS.stream().map(m -> ((Coordinator.Submit) m).plan().id()).toList();
        assertThat(ids).hasSize(5);
        assertThat(ids.get(1)).isEqualTo(ids.get(0));
        assertThat(JSON.readTree(again.body()).get("id").asText()).isEqualTo(ids.get(0));
        assertThat(ids.subList(1, 5)).doesNotHaveDuplicates();
        assertThat(ids.get(4)).isEqualTo("id-1");
        for (String key : List.of("with space", "a".repeat(201))) {
            assertProblem(
                    send("POST", "/api/v1/run", body, "Content-Type", "application/json", "Idempotency-Key", key),
                    400,
                    "Idempotency-Key");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\'', textBlock = """
            {                                        | the body is no JSON: line 1
            []                                       | the body does not fit: it is no JSON object
            '  '                                     | the body does not fit: it is empty; give a JSON object
            null                                     | the body is null
            {"run": "r"}                             | the body does not fit: Missing required creator property 'config'
            {"run": "r", "config": null}             | config is missing
            {"run": "r", "config": "", "a": 1}       | the body does not fit: it has a, and may have config, maxWorkers, minWorkers, resume, run
            {"run": "r", "config": "", "minWorkers": "x"} | its minWorkers is of another type or size than docs/http.md has
            {"run": "r", "config": "", "minWorkers": 1e99} | its minWorkers is of another type or size than docs/http.md has
            {"run": "r", "config": "", "minWorkers": 1.5} | its minWorkers is of another type or size than docs/http.md has
            {"run": "r", "config": "", "minWorkers": "1"} | its minWorkers is of another type or size than docs/http.md has
            {"run": true, "config": ""}              | its run is of another type or size than docs/http.md has
            {"run": {}, "config": ""}                | its run is of another type or size than docs/http.md has
            {"run": "../r", "config": ""}            | run = ../r: give a name of 1 to 100 letters
            {"run": "r", "config": "", "minWorkers": -1} | minWorkers = -1
            {"run": "r", "config": "flm.train.lanez = 3"} | did you mean flm.train.lanes?
            """)
    void aSubmissionThatIsWrongIsRefusedByName(String body, String detail) throws Exception {
        assertProblem(send("POST", "/api/v1/run", body), 400, detail);
        assertThat(COMMANDS).isEmpty();
    }

    @Test
    void wrongPathsMethodsTypesAndSizesAreNamed() throws Exception {
        assertProblem(send("GET", "/api/v1/nothing", ""), 404, "/api/v1/run");
        HttpResponse<String> method = send("DELETE", "/api/v1/run", "");
        assertProblem(method, 405, "use GET, HEAD, POST here");
        assertThat(method.headers().firstValue("allow")).contains("GET, HEAD, POST");
        assertProblem(send("GET", "/api/v1/run/stop", ""), 405, "use POST here");
        assertProblem(send("POST", "/api/v1/workers", ""), 405, "use GET, HEAD here");
        assertProblem(
                send("POST", "/api/v1/run", "run=r", "Content-Type", "application/x-www-form-urlencoded"),
                415,
                "application/json");
        assertProblem(send("POST", "/api/v1/run", "{\"run\": \"" + "r".repeat(2000) + "\"}"), 413, "1024 bytes");
        assertProblem(send("POST", "/api/v1/run", "{\"minWorkers\":" + "1".repeat(1001) + "}"), 400, "the body");
        assertProblem(send("QUERY", "/api/v1/run", ""), 405, "use GET, HEAD, POST here");
        assertProblem(send("POST", "/api/v1/run/stop", "{\"reason\": \"\"}"), 400, "reason");
        assertProblem(send("POST", "/api/v1/run/stop", "{\"reason\": false}"), 400, "its reason is of another type");
        assertProblem(send("POST", "/api/v1/run/stop", "", "Origin", "http://evil.example"), 403, "another site");
        assertThat(COMMANDS).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/api/v1/run",
                "/api/v1/workers",
                "/api/v1/generations",
                "/metrics",
                "/health/alive",
                "/health/ready",
                "/health/run"
            })
    void aHeadIsThatOfTheAnswerWithoutItsBody(String path) throws Exception {
        HttpResponse<String> whole = send("GET", path, "");
        HttpResponse<String> head = send("HEAD", path, "");
        assertThat(head.statusCode()).isEqualTo(whole.statusCode());
        assertThat(head.body()).isEmpty();
        assertThat(head.headers().firstValue("content-type"))
                .isEqualTo(whole.headers().firstValue("content-type"));
    }

    @Test
    void aHeadOfAnOrderIsNoOrder() throws Exception {
        HttpResponse<String> head = send("HEAD", "/api/v1/run/stop", "");
        assertThat(head.statusCode()).isEqualTo(405);
        assertThat(head.headers().firstValue("allow")).contains("POST");
        assertThat(send(guardedPort, "HEAD", "/api/v1/run", "").statusCode()).isEqualTo(401);
        assertThat(send("HEAD", "/api/v1/nothing", "").statusCode()).isEqualTo(404);
        assertThat(COMMANDS).isEmpty();
    }

    @Test
    void aTokenOpensAllButWhatProbesAsk() throws Exception {
        assertProblem(send(guardedPort, "GET", "/api/v1/run", ""), 401, "--token-file");
        assertProblem(send(guardedPort, "POST", "/api/v1/run/stop", "", "Authorization", "Bearer wrong"), 401, "token");
        assertProblem(send(guardedPort, "GET", "/metrics", ""), 401, "token");
        assertThat(COMMANDS).isEmpty();
        assertThat(send(guardedPort, "GET", "/api/v1/run", "", "Authorization", "Bearer " + TOKEN)
                        .statusCode())
                .isEqualTo(200);
        assertThat(send(guardedPort, "GET", "/health/alive", "").statusCode()).isEqualTo(200);
        assertProblem(send(guardedPort, "DELETE", "/health/alive", ""), 405, "use GET, HEAD here");
    }

    @Test
    void metricsAreTextForPrometheus() throws Exception {
        HttpResponse<String> response = send("GET", "/metrics", "");
        assertThat(response.headers().firstValue("content-type").orElse("")).startsWith("text/plain; version=0.0.4");
        assertThat(response.body().lines())
                .contains(
                        "# TYPE flm_run_committed_steps gauge",
                        "flm_run_committed_steps 7.0",
                        "flm_run_info{id=\"id-1\",run=\"emoji \\\"1\\\"\"} 1",
                        "flm_run_state{flm_run_state=\"training\"} 1",
                        "flm_run_state{flm_run_state=\"failed\"} 0",
                        "flm_run_loss 3.25",
                        "flm_run_head_accuracy_ratio{head=\"rec\"} 0.25",
                        "flm_run_head_prediction_ratio{head=\"rec\"} 1.0",
                        "flm_run_head_corruption_ratio{head=\"rec\"} 0.3",
                        "flm_run_checkpoint_steps 5.0",
                        "flm_run_workers{state=\"waiting\"} 1.0",
                        "flm_worker_lane_seconds{node=\"n\",worker=\"w0\"} 0.003",
                        "flm_coordinator_up 1.0",
                        "# TYPE a_node_counts_total counter",
                        "a_node_counts_total 3.0");
    }

    @Test
    void openMetricsAreToldToWhomAsksForThem() throws Exception {
        HttpResponse<String> response = send(
                port, "GET", "/metrics", "", "Accept", "application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1");
        assertThat(response.headers().firstValue("content-type").orElse(""))
                .startsWith("application/openmetrics-text; version=1.0.0");
        assertThat(response.body()).contains("# TYPE flm_run_state stateset").endsWith("# EOF\n");
    }

    @Test
    void aNodeTellsWhatItCountsWhileNoCoordinatorAnswers() throws Exception {
        int silent = bind(KIT.<Coordinator.Command>createTestProbe().getRef(), onLoopback(""));
        HttpResponse<String> response = send(silent, "GET", "/metrics", "");
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body().lines()).contains("flm_coordinator_up 0.0", "a_node_counts_total 3.0");
        assertThat(response.body()).doesNotContain("flm_run");
        assertProblem(send(silent, "GET", "/health/ready", ""), 503, "the coordinator did not answer");
        assertProblem(send(silent, "GET", "/health/run", ""), 503, "the coordinator did not answer");
        assertThat(send(silent, "GET", "/health/alive", "").statusCode()).isEqualTo(200);
    }

    @Test
    void theHealthOfARunFollowsItsStateAndThatOfANodeDoesNot() throws Exception {
        for (Map.Entry<String, Integer> expected : Map.of(
                        "training", 200, "idle", 200, "paused", 200, "forming", 503, "failed", 503)
                .entrySet()) {
            state = expected.getKey();
            assertThat(send("GET", "/health/run", "").statusCode()).as(state).isEqualTo(expected.getValue());
            assertThat(send("GET", "/health/ready", "").statusCode()).as(state).isEqualTo(200);
        }
        assertThat(send("GET", "/health/alive", "").statusCode()).isEqualTo(200);
    }

    /** The coordinator answers one question after another, and orders are among them. */
    @Test
    void figuresAreAskedForAFewAtATime() throws Exception {
        List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
        for (int i = 0; i < 40; i++) { // which this coordinator does not answer
            HttpRequest request = HttpRequest.newBuilder(URI.create(
                            "http://127.0.0.1:" + port + (i % 2 == 0 ? "/api/v1/metrics" : "/api/v1/samples")))
                    .build();
            answers.add(CLIENT.sendAsync(request, BodyHandlers.ofString()));
        }
        for (CompletableFuture<HttpResponse<String>> answer : answers) {
            assertThat(answer.get(30, TimeUnit.SECONDS).statusCode()).isEqualTo(503);
        }
        assertThat(List.copyOf(COMMANDS))
                .filteredOn(m -> m instanceof Coordinator.GetMetrics || m instanceof Coordinator.GetSamples)
                .hasSizeBetween(1, 8);
    }

    @Test
    void whileNoCoordinatorAnswersTheServiceIsUnavailable() throws Exception {
        int silent = bind(KIT.<Coordinator.Command>createTestProbe().getRef(), onLoopback(""));
        HttpResponse<String> response = send(silent, "GET", "/api/v1/run", "");
        assertProblem(response, 503, "moving to another node");
        assertThat(response.headers().firstValue("retry-after")).contains("1");
    }

    @Test
    void aPortInUseIsSaidInOneLine() {
        assertThatThrownBy(() -> bind(
                        KIT.<Coordinator.Command>createTestProbe().getRef(),
                        onLoopback("").withPort(port)))
                .hasRootCauseInstanceOf(java.net.BindException.class)
                .cause()
                .isInstanceOf(UserException.class)
                .hasMessageContaining("127.0.0.1:" + port)
                .hasMessageContaining("flm.http.port");
    }

    @Test
    void otherAddressesThanLoopbackWantAToken() throws IOException {
        assertThatThrownBy(() -> settings("0.0.0.0", "")).hasMessageContaining("flm.http.token-file");
        Path token = Files.writeString(folder.resolve("token"), "short\n");
        assertThatThrownBy(() -> settings("0.0.0.0", token.toString())).hasMessageContaining("at least 16");
        Files.writeString(token, TOKEN + "\n");
        assertThat(settings("0.0.0.0", token.toString()).token()).isEqualTo(TOKEN);
        assertThat(settings("0.0.0.0", token.toString()).toString()).doesNotContain(TOKEN);
        assertThat(settings("127.0.0.1", "").token()).isEmpty();
        assertThatThrownBy(() -> settings("127.0.0.1", folder.resolve("nowhere").toString()))
                .hasMessageContaining("the token cannot be read (no such file or folder); check flm.http.token-file");
        assertThatThrownBy(() -> settings("127.0.0.1", folder.toString())).hasMessageContaining("(not a regular file)");
        Files.writeString(token, "t".repeat(5000));
        assertThatThrownBy(() -> settings("127.0.0.1", token.toString()))
                .hasMessageContaining("(larger than 4096 bytes)");
    }

    private static HttpSettings settings(String host, String tokenFile) {
        return HttpSettings.from(ConfigFactory.parseMap(Map.of("flm.http.host", host, "flm.http.token-file", tokenFile))
                .withFallback(ConfigFactory.load()));
    }
}
