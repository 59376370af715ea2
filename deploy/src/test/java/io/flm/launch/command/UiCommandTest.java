package io.flm.launch.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.launch.console.Failure;
import io.flm.launch.run.LastStatus;
import io.flm.launch.submit.ScriptedRun;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class UiCommandTest {
    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path folder = Path.of("");

    private Path run = Path.of("");
    private TestEnvironment world = new TestEnvironment(folder);

    @BeforeEach
    void aRun() throws IOException {
        world = new TestEnvironment(folder);
        run = Files.createDirectories(folder.resolve("runs/emoji-1"));
        Files.writeString(run.resolve("effective.conf"), "");
    }

    private static JsonNode get(UiCommand.Server server, String path) throws Exception {
        HttpResponse<String> response = CLIENT.send(
                HttpRequest.newBuilder(URI.create(server.page() + path)).build(), BodyHandlers.ofString());
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return JSON.readTree(response.body());
    }

    @Test
    void aRunThatHasEndedIsShownAsItWas() throws Exception {
        LastStatus.write(run, ScriptedRun.view(100, 100), 1);
        Files.writeString(run.resolve("metrics.jsonl"), """
                {"step":0,"loss":3.5,"recLoss":3.0,"recAccuracy":0.5,"samples":4}
                {"step":1,"loss":2.5,"recLoss":2.0,"recAccuracy":0.75,"samples":4}
                """);
        Files.writeString(run.resolve("samples.jsonl"), """
                {"number":0,"sample":{"key":"s:k","name":"a cat","tokens":[],"how":"","views":[],"picture":"iVBORw0KGgoAAAAN"}}
                {"predictions":{"step":10,"bySample":[{"caption":"a dog","loss":1.5,"guesses":[]}]}}
                """);
        Files.writeString(run.resolve("generations.jsonl"), """
                {"number":1,"firstStep":0,"at":"2023-06-18T12:00:00Z","why":"all joined","tookMs":-1,"members":[]}
                {"number":1,"firstStep":0,"at":"2023-06-18T12:00:00Z","why":"all joined","tookMs":90,"members":[]}
                """);
        try (UiCommand.Server server = new UiCommand.Server(run, 0)) {
            JsonNode samples = get(server, "api/v1/samples");
            assertThat(samples.get("step").asLong()).isEqualTo(10);
            assertThat(samples.at("/samples/0/prediction/caption").asText()).isEqualTo("a dog");
            assertThat(get(server, "api/v1/run").get("state").asText()).isEqualTo("finished");
            JsonNode metrics = get(server, "api/v1/metrics");
            assertThat(metrics.get("steps").toString()).isEqualTo("[0,1]");
            assertThat(metrics.at("/figures/recAccuracy/mean").toString()).isEqualTo("[0.5,0.75]");
            JsonNode generations = get(server, "api/v1/generations");
            assertThat(generations).hasSize(1);
            assertThat(generations.get(0).get("tookMs").asInt()).isEqualTo(90);
            HttpResponse<String> page = CLIENT.send(
                    HttpRequest.newBuilder(URI.create(server.page())).build(), BodyHandlers.ofString());
            assertThat(page.body()).startsWith("<!doctype html>");
            for (String tag : List.of("*", "\"past.finished\"")) {
                HttpResponse<String> order = CLIENT.send(
                        HttpRequest.newBuilder(URI.create(server.page() + "api/v1/run/continue"))
                                .header("If-Match", tag)
                                .POST(BodyPublishers.noBody())
                                .build(),
                        BodyHandlers.ofString());
                assertThat(order.statusCode()).isEqualTo(409);
                assertThat(order.body()).contains("this run is past; it is only shown");
            }
            HttpResponse<InputStream> events = CLIENT.send(
                    HttpRequest.newBuilder(URI.create(server.page() + "api/v1/events"))
                            .build(),
                    BodyHandlers.ofInputStream());
            try (BufferedReader lines =
                    new BufferedReader(new InputStreamReader(events.body(), StandardCharsets.UTF_8))) {
                assertThat(lines.readLine()).isEqualTo("event: run");
            }
        }
    }

    @Test
    void whatIsNoRunThatHasEndedIsRefusedInOneLine() throws Exception {
        assertThat(world.flm("ui", "runs/none")).isEqualTo(Failure.REFUSED);
        assertThat(world.err())
                .containsExactly(
                        "flm: " + folder.resolve("runs/none") + ": no run there; flm runs lists those of a folder");
        assertThat(world.flm("ui", "runs/emoji-1", "--port", "70000")).isEqualTo(Failure.REFUSED);
        assertThat(world.err()).containsExactly("flm: --port 70000: give a port, 0 for any free one");
    }
}
