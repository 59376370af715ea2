package io.flm.coordinator.http;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.typed.ActorRef;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.ConfigFactory;
import io.flm.coordinator.Coordinator;
import io.flm.coordinator.CoordinatorEnvironment;
import io.flm.coordinator.CoordinatorSettings;
import io.flm.worker.StepMetrics;
import io.flm.worker.StepResult;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a coordinator tells of a run's steps that it took up: those that its node keeps. */
@Timeout(60)
class HttpMetricsTest {
    private static final ActorTestKit KIT = ActorTestKit.create();
    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final CompletableFuture<Void> READ = new CompletableFuture<>(); // of the run "slow"
    private static int port;

    private static KeptRuns kept() {
        return new KeptRuns() {
            @Override
            public List<KeptRun> newest() {
                return List.of(
                        new KeptRun("r", "training", "all joined", 10, 100, 3.25, 1_687_082_400_250L),
                        new KeptRun("old", "finished", "all steps are committed", 4, 4, null, 1_687_082_300_250L));
            }

            @Override
            public void steps(String run, Consumer<StepMetrics> each) {
                if (run.equals("slow")) {
                    READ.join();
                }
                for (int step = 0; run.equals("old") && step < 4; step++) {
                    each.accept(new StepMetrics(
                            step,
                            8 - step,
                            List.of(),
                            List.of(),
                            1e-3,
                            2,
                            4,
                            List.of(),
                            new StepResult.Times(0, 0, 0, 0, 1)));
                }
            }
        };
    }

    @BeforeAll
    static void bind() throws Exception {
        ActorRef<Coordinator.Command> coordinator = KIT.spawn(Coordinator.withoutReceptionist(
                CoordinatorSettings.from(ConfigFactory.load()),
                new CoordinatorEnvironment(InstantSource.system(), System::nanoTime, () -> "key", (plan, each) -> {
                    assertThat(plan.run()).isEqualTo("r");
                    for (int step = 0; step < 10; step++) {
                        each.accept(new StepMetrics(
                                step,
                                step == 3 ? Double.NaN : step,
                                List.of(new StepMetrics.HeadLoss("rec", 0.5, 0.25)),
                                List.of(),
                                1e-3,
                                2,
                                4,
                                List.of(),
                                new StepResult.Times(0, 0, 0, 0, 500_000_000)));
                    }
                })));
        port = LoopbackEndpoint.bind(KIT.system(), coordinator, LoopbackEndpoint.settings(), kept());
        HttpRequest submit = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/api/v1/run"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(
                        "{\"run\": \"r\", \"config\": \"\", \"minWorkers\": 1, \"maxWorkers\": 0, \"resume\": true}"))
                .build();
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (CLIENT.send(submit, BodyHandlers.ofString()).statusCode() == 503) { // it looks for workers yet
            assertThat(System.nanoTime()).isLessThan(until);
        }
        while (json("").get("last").asLong() < 9) {
            assertThat(System.nanoTime()).isLessThan(until);
        }
    }

    @AfterAll
    static void close() {
        KIT.shutdownTestKit();
    }

    private static HttpResponse<String> get(String query) throws Exception {
        return CLIENT.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/api/v1/metrics" + query))
                        .build(),
                BodyHandlers.ofString());
    }

    /** @param path below {@code /api/v1/runs} */
    private static HttpResponse<String> ofRuns(String path) throws Exception {
        return CLIENT.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/api/v1/runs" + path))
                        .build(),
                BodyHandlers.ofString());
    }

    private static JsonNode json(String query) throws Exception {
        HttpResponse<String> response = get(query);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return JSON.readTree(response.body());
    }

    @Test
    void stepsAreToldOneByOneWhereTheyAreFew() throws Exception {
        JsonNode metrics = json("?from=2&to=4");
        assertThat(metrics.toString())
                .startsWith(
                        "{\"run\":\"r\",\"first\":0,\"last\":9,\"bucketSteps\":1,\"steps\":[2,3,4],\"counts\":[1,1,1],");
        assertThat(metrics.at("/figures/loss").toString())
                .isEqualTo("{\"mean\":[2.0,null,4.0],\"min\":[2.0,null,4.0],\"max\":[2.0,null,4.0]}");
        assertThat(metrics.at("/figures/recAccuracy/mean/0").asDouble()).isEqualTo(0.25);
        assertThat(metrics.at("/figures/samplesPerSecond/mean/0").asDouble()).isEqualTo(8);
    }

    @Test
    void stepsAreToldInBucketsWhereTheyAreMany() throws Exception {
        JsonNode metrics = json("?points=3");
        assertThat(metrics.get("bucketSteps").asInt()).isEqualTo(4);
        assertThat(metrics.get("steps").toString()).isEqualTo("[0,4,8]");
        assertThat(metrics.get("counts").toString()).isEqualTo("[4,4,2]");
        assertThat(metrics.at("/figures/loss").toString())
                .isEqualTo("{\"mean\":[1.0,5.5,8.5],\"min\":[0.0,4.0,8.0],\"max\":[2.0,7.0,9.0]}");
    }

    @Test
    void ofStepsThatAreNotCommittedYetNothingIsTold() throws Exception {
        assertThat(json("?from=10").get("steps")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    ?from=x                   | from is "x"; give a step, 0 or more
                    ?from=%2B1                | from is "+1"; give a step, 0 or more
                    ?from=%D9%A1              | from is "\u0661"; give a step, 0 or more
                    ?from=-1                  | from is "-1"; give a step, 0 or more
                    ?from=                    | from is ""; give a step, 0 or more
                    ?to=1.5                   | to is "1.5"; give a step, 0 or more
                    ?to=99999999999999999999  | to is "99999999999999999999"; give a step, 0 or more
                    ?points=0                 | points is "0"; give a number from 1 to 1000
                    ?points=1001              | points is "1001"; give a number from 1 to 1000
                    ?from=5&to=4              | from=5 is after to=4; give the first step, then the last
                    ?from=1&from=2            | the query has from twice; give it once
                    ?form=1                   | the query has "form", and may have from, to and points, as in ?from=1000&points=200
                    """)
    void aWrongQueryIsAnsweredByOneLine(String query, String detail) throws Exception {
        HttpResponse<String> response = get(query);
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(response.headers().firstValue("Content-Type")).contains("application/problem+json");
        assertThat(JSON.readTree(response.body()).get("detail").asText()).isEqualTo(detail);
    }

    @Test
    void runsThatTheNodeKeepsAreToldNewestFirst() throws Exception {
        JsonNode runs = JSON.readTree(ofRuns("").body());
        assertThat(runs).hasSize(2);
        assertThat(runs.get(0).path("run").asText()).isEqualTo("r");
        assertThat(runs.get(0).path("loss").asDouble()).isEqualTo(3.25);
        assertThat(runs.get(1).path("state").asText()).isEqualTo("finished");
        assertThat(runs.get(1).path("loss").isNull()).isTrue();
        assertThat(runs.get(1).path("workedOnAt").asLong()).isEqualTo(1_687_082_300_250L);
    }

    @Test
    void figuresOfAKeptRunAreAskedForAsThoseOfTheOneAtHand() throws Exception {
        JsonNode old = JSON.readTree(ofRuns("/old/metrics?from=1&points=2").body());
        assertThat(old.path("run").asText()).isEqualTo("old");
        assertThat(old.path("last").asLong()).isEqualTo(3);
        assertThat(old.path("steps")).extracting(JsonNode::asInt).containsExactly(0, 2);
        assertThat(old.path("figures").path("loss").path("mean"))
                .extracting(JsonNode::asDouble)
                .containsExactly(7.5, 5.5);
        assertThat(JSON.readTree(ofRuns("/old/metrics").body()).path("steps")).hasSize(4);
        JsonNode none = JSON.readTree(ofRuns("/..%2fother/metrics").body());
        assertThat(none.path("last").asLong()).isEqualTo(-1);
        assertThat(ofRuns("/old/metrics?points=0").statusCode()).isEqualTo(400);
    }

    /** One is read, and so many wait; of two more at least one is refused. */
    @Test
    void whoAsksForMoreThanCanBeReadIsRefusedAndHoldsNobodyUp() throws Exception {
        List<CompletableFuture<HttpResponse<String>>> all = new ArrayList<>();
        HttpRequest slow = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/api/v1/runs/slow/metrics"))
                .build();
        try {
            for (int i = 0; i < RunRoutes.MOST_WAITING + 3; i++) {
                all.add(CLIENT.sendAsync(slow, BodyHandlers.ofString()));
            }
            CompletableFuture.anyOf(all.toArray(CompletableFuture[]::new)).get(15, TimeUnit.SECONDS);
            HttpResponse<String> answer = all.stream()
                    .filter(CompletableFuture::isDone)
                    .findFirst()
                    .orElseThrow()
                    .join();
            assertThat(answer.statusCode()).isEqualTo(503);
            assertThat(answer.headers().firstValue("Retry-After")).contains("1");
            assertThat(answer.headers().firstValue("Content-Type")).contains("application/problem+json");
            assertThat(get("").statusCode()).isEqualTo(200);
        } finally {
            READ.complete(null);
        }
        for (CompletableFuture<HttpResponse<String>> one : all) {
            assertThat(one.get(15, TimeUnit.SECONDS).statusCode()).isIn(200, 503);
        }
        assertThat(ofRuns("").statusCode()).isEqualTo(200);
    }
}
