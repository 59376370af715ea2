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
import io.flm.coordinator.GenerationsView.GenerationView;
import io.flm.coordinator.GenerationsView.MemberView;
import io.flm.coordinator.PastSteps;
import io.flm.coordinator.SampleHistory;
import io.flm.worker.RunPlan;
import io.flm.worker.ShownSamples;
import io.flm.worker.ShownSamples.Guess;
import io.flm.worker.ShownSamples.Prediction;
import io.flm.worker.ShownSamples.Predictions;
import io.flm.worker.ShownSamples.Sample;
import io.flm.worker.ShownSamples.View;
import io.flm.worker.StepMetrics;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Held-out samples of a run that a coordinator took up, as its node keeps them; asked for with the token to read. */
@Timeout(60)
class HttpSamplesTest {
    private static final ActorTestKit KIT = ActorTestKit.create();
    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final byte[] PICTURE = "\u0089PNG\r\n\u001a\n and more".getBytes(StandardCharsets.ISO_8859_1);
    private static final String OPERATE = "a-token-to-operate";
    private static final String READ = "a-token-to-read-with";
    private static int port;

    private static Predictions after(long step) {
        return new Predictions(
                step, List.of(new Prediction("<b>" + step + "</b>", 2.5, List.of(new Guess(1, "dog", false, 0.25)))));
    }

    private static PastSteps past() {
        return new PastSteps() {
            @Override
            public void read(RunPlan plan, Consumer<StepMetrics> each) {}

            @Override
            public SampleHistory samples(RunPlan plan) {
                SampleHistory history = new SampleHistory();
                history.show(
                        0,
                        new Sample(
                                "shard:1",
                                "a cat",
                                List.of("<s>", "cat"),
                                "span rate 0.3",
                                List.of(new View("reconstructor", List.of("bb", "-h"))),
                                Base64.getEncoder().encodeToString(PICTURE)));
                history.add(after(20));
                history.add(after(40));
                return history;
            }

            @Override
            public List<GenerationView> generations(RunPlan plan) {
                return List.of(new GenerationView(
                        4,
                        17,
                        "2023-06-18T12:00:00Z",
                        "w2 was lost",
                        310,
                        List.of(new MemberView("w1", "n", "[0, 8)"))));
            }
        };
    }

    private static NodeRecords records() {
        return new NodeRecords() {
            @Override
            public BadSamples badSamples() {
                return new BadSamples(201, List.of("shard.tar:7: no caption"));
            }

            @Override
            public List<LogLine> log() {
                return List.of(
                        new LogLine(1_687_082_400_250L, "WARN", "BadSamples", "a \u202e line\n of <b>somebody</b>"));
            }
        };
    }

    @BeforeAll
    static void bind() throws Exception {
        ActorRef<Coordinator.Command> coordinator = KIT.spawn(Coordinator.withoutReceptionist(
                CoordinatorSettings.from(ConfigFactory.load()),
                new CoordinatorEnvironment(InstantSource.system(), System::nanoTime, () -> "key", past())));
        port = LoopbackEndpoint.bind(
                KIT.system(),
                coordinator,
                LoopbackEndpoint.settings(new Tokens("operate", OPERATE, "read", READ)),
                KeptRuns.NONE,
                records());
        HttpRequest submit = request("/api/v1/run", OPERATE)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(
                        "{\"run\": \"r\", \"config\": \"\", \"minWorkers\": 1, \"maxWorkers\": 0, \"resume\": true}"))
                .build();
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (CLIENT.send(submit, BodyHandlers.ofString()).statusCode() == 503) { // it looks for workers yet
            assertThat(System.nanoTime()).isLessThan(until);
        }
        while (samples("").get("samples").isEmpty()) {
            assertThat(System.nanoTime()).isLessThan(until);
        }
    }

    /** What a coordinator before it did. */
    @Test
    void generationsFromBeforeThisCoordinatorAreTold() throws Exception {
        JsonNode generations = JSON.readTree(get("/api/v1/generations").body());
        assertThat(generations).hasSize(1);
        assertThat(generations.get(0).get("why").asText()).isEqualTo("w2 was lost");
        assertThat(generations.get(0).get("tookMs").asInt()).isEqualTo(310);
    }

    @AfterAll
    static void close() {
        KIT.shutdownTestKit();
    }

    private static HttpRequest.Builder request(String path, String token) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .header("Authorization", "Bearer " + token);
    }

    private static HttpResponse<byte[]> get(String path) throws Exception {
        return CLIENT.send(request(path, READ).build(), BodyHandlers.ofByteArray());
    }

    private static JsonNode samples(String query) throws Exception {
        HttpResponse<byte[]> response = get("/api/v1/samples" + query);
        assertThat(response.statusCode()).isEqualTo(200);
        return JSON.readTree(response.body());
    }

    @Test
    void theNewestPredictionsAreToldUnlessOlderOnesAreAskedFor() throws Exception {
        JsonNode newest = samples("");
        assertThat(newest.get("run").asText()).isEqualTo("r");
        assertThat(newest.get("steps").toString()).isEqualTo("[20,40]");
        assertThat(newest.get("step").asLong()).isEqualTo(40);
        assertThat(newest.get("samples").toString())
                .isEqualTo("[{\"number\":0,\"key\":\"shard:1\",\"name\":\"a cat\",\"tokens\":[\"<s>\",\"cat\"],"
                        + "\"how\":\"span rate 0.3\",\"views\":[{\"reader\":\"reconstructor\",\"rows\":[\"bb\",\"-h\"]}],"
                        + "\"prediction\":{\"caption\":\"<b>40</b>\",\"loss\":2.5,"
                        + "\"guesses\":[{\"token\":1,\"best\":\"dog\",\"right\":false,\"probability\":0.25}]}}]");
        assertThat(samples("?step=39").at("/samples/0/prediction/caption").asText())
                .isEqualTo("<b>20</b>");
        assertThat(samples("?step=0").get("step").asLong()).isEqualTo(20);
    }

    @Test
    void thePictureIsAPictureToABrowserAndNothingElse() throws Exception {
        HttpResponse<byte[]> response = get("/api/v1/samples/0/picture");
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).isEqualTo(PICTURE);
        assertThat(response.headers().firstValue("Content-Type")).contains("image/png");
        assertThat(response.headers().firstValue("X-Content-Type-Options")).contains("nosniff");
        assertThat(response.headers().firstValue("Cross-Origin-Resource-Policy"))
                .contains("same-origin");
        assertThat(CLIENT.send(
                                request("/api/v1/samples/0/picture", "a-wrong-token-it-is")
                                        .build(),
                                BodyHandlers.ofString())
                        .statusCode())
                .isEqualTo(401);
    }

    @Test
    void whoeverReadsHearsOfBadSamplesAndOnlyWhoOperatesOfTheLog() throws Exception {
        HttpResponse<byte[]> bad = get("/api/v1/bad-samples");
        assertThat(bad.statusCode()).isEqualTo(200);
        assertThat(new String(bad.body(), StandardCharsets.UTF_8))
                .isEqualTo("{\"count\":201,\"samples\":[\"shard.tar:7: no caption\"]}");
        HttpResponse<byte[]> refused = get("/api/v1/log");
        assertThat(refused.statusCode()).isEqualTo(403);
        assertThat(JSON.readTree(refused.body()).get("detail").asText())
                .startsWith("the log wants the token to operate, and yours is the one to read");
        HttpResponse<String> log = CLIENT.send(request("/api/v1/log", OPERATE).build(), BodyHandlers.ofString());
        assertThat(log.statusCode()).isEqualTo(200);
        assertThat(log.headers().firstValue("Cache-Control")).contains("no-store");
        assertThat(log.body())
                .contains("\"from\":\"BadSamples\"")
                .contains("<b>somebody</b>")
                .doesNotContain("\u202e", "\n");
    }

    @Test
    void whatIsNotThereIsAnsweredByOneLine() throws Exception {
        for (String number : List.of("1", "99", "-1", "1e3", "..%2f0", "000")) {
            HttpResponse<byte[]> response = get("/api/v1/samples/" + number + "/picture");
            assertThat(response.statusCode()).as(number).isEqualTo(404);
            assertThat(JSON.readTree(response.body()).get("detail").asText())
                    .endsWith("; /api/v1/samples lists those that are shown, of which a run has at most "
                            + ShownSamples.MOST);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    ?step=x        | step is "x"; give a step, 0 or more
                    ?step=-1       | step is "-1"; give a step, 0 or more
                    ?step=1&step=2 | the query has step twice; give it once
                    ?at=1          | the query has "at", and may have step, as in ?step=1000
                    """)
    void aWrongQueryIsAnsweredByOneLine(String query, String detail) throws Exception {
        HttpResponse<byte[]> response = get("/api/v1/samples" + query);
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(JSON.readTree(response.body()).get("detail").asText()).isEqualTo(detail);
    }
}
