package io.flm.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.architecture.Repository;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/**
 * A node that trains keeps to its OpenAPI document, whatever it is asked: Schemathesis makes requests out of the document, some that
 * fit and some that do not, and holds each answer against it. The same ones each time; {@code schemathesis.toml} has their number.
 */
@Timeout(600)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@EnabledIf(
        value = "hasSchemathesis",
        disabledReason = "needs a Python with schemathesis: run .ci/run, or give -Dflm.test.python=/path/to/python")
class ContractTest {
    private static final String OPERATE = "operate-7f3c9a51d2";
    private static final String READ = "read-0b8e64c17fa3";
    private static final long BOUND_SECONDS = 300;

    private static String python = "";

    private Path folder = Path.of("");
    private String node = "";
    private @Nullable FlmProcess flm;

    static boolean hasSchemathesis() throws InterruptedException {
        python = PythonModules.find("schemathesis.cli").orElse("");
        return !python.isEmpty();
    }

    @BeforeAll
    void train(@TempDir Path ofAllTests) throws Exception {
        folder = ofAllTests;
        flm = FlmProcess.start(
                folder.resolve("out"),
                "node",
                "--runs",
                folder.resolve("runs").toString(),
                "--name",
                "n1",
                "--devices",
                "cpu",
                "--workers",
                "2",
                "--set",
                "flm.http.port=0",
                "--set",
                "flm.http.token-file=" + Files.writeString(folder.resolve("operate"), OPERATE),
                "--set",
                "flm.http.read-token-file=" + Files.writeString(folder.resolve("read"), READ),
                "--set",
                "flm.http.requests-per-second=100000");
        Path address = folder.resolve("runs/nodes/n1.json");
        await("the node", () -> Files.exists(address));
        node = "http://"
                + new ObjectMapper().readTree(address.toFile()).get("http").asText();
        Path data = Repository.root().resolve("data-stream/emoji");
        String config = Files.readString(Repository.root().resolve("deploy/src/main/resources/presets/tiny.conf"))
                        .replace("\"data-stream/emoji", "\"" + data)
                + "\nflm.train.steps = 1000000\nflm.data.eval-paths = []\n";
        String run = new ObjectMapper().writeValueAsString(Map.of("run", "contract", "config", config));
        HttpResponse<String> answer = send(HttpRequest.newBuilder(URI.create(node + "/api/v1/run"))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(run)));
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
        await(
                "the first steps",
                () -> send(HttpRequest.newBuilder(URI.create(node + "/api/v1/run")))
                        .body()
                        .contains("\"state\":\"training\""));
    }

    @AfterAll
    void end() throws Exception {
        if (flm != null) {
            flm.kill();
        }
    }

    private static HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
        return HttpClient.newHttpClient()
                .send(request.header("Authorization", "Bearer " + OPERATE).build(), BodyHandlers.ofString());
    }

    private void await(String what, LocalRun.Condition condition) throws Exception {
        for (long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(BOUND_SECONDS); !condition.holds(); ) {
            FlmProcess process = Objects.requireNonNull(flm);
            if (System.nanoTime() > end || process.endsWithin(50)) {
                throw new AssertionError("never came: " + what + "; messages: " + process.errors());
            }
        }
    }

    private void keepsToItsDocument(String... more) throws Exception {
        Path said = folder.resolve("schemathesis.txt");
        List<String> command = new ArrayList<>(List.of(
                python,
                "-m",
                "schemathesis.cli",
                "--config-file",
                Path.of(Objects.requireNonNull(ContractTest.class.getResource("schemathesis.toml"))
                                .toURI())
                        .toString(),
                "run",
                node + "/api/v1/openapi.json",
                "--no-color"));
        command.addAll(List.of(more));
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(said.toFile())
                .start();
        boolean ended = process.waitFor(BOUND_SECONDS, TimeUnit.SECONDS);
        process.destroyForcibly();
        assertThat(ended).as(Files.readString(said)).isTrue();
        assertThat(process.exitValue()).as(Files.readString(said)).isZero();
        assertThat(said).content().contains("No issues found");
    }

    @Test
    @Order(1)
    void toThoseWhoMayNothing() throws Exception {
        keepsToItsDocument();
    }

    @Test
    @Order(2)
    void toThoseWhoMayRead() throws Exception {
        keepsToItsDocument("--header", "Authorization: Bearer " + READ);
    }

    /** Last: the run is stopped by one of the orders. */
    @Test
    @Order(3)
    void toThoseWhoMayGiveOrders() throws Exception {
        keepsToItsDocument("--header", "Authorization: Bearer " + OPERATE);
        try (Stream<Path> files = Files.list(folder.resolve("runs/nodes"))) {
            assertThat(files.filter(file -> file.toString().endsWith(".log")))
                    .isNotEmpty()
                    .allSatisfy(log -> assertThat(log)
                            .content()
                            .contains("/api/v1/run/stop by operate")
                            .doesNotContain(" ERROR "));
        }
    }
}
