package io.flm.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.architecture.Repository;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/** A real Prometheus, with the configuration and the alerts that are shipped, watches a run of two nodes by the token to read. */
@Timeout(300)
@EnabledIf(
        value = "hasPrometheus",
        disabledReason = "needs prometheus, of Debian's package of that name: run .ci/run, which puts it into the path")
class PrometheusTest {
    private static final Path MONITORING = Repository.root().resolve("deploy/monitoring");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    @TempDir
    private Path folder = Path.of("");

    private int port;

    static boolean hasPrometheus() throws InterruptedException {
        try {
            Process process = new ProcessBuilder("prometheus", "--version")
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return process.waitFor(60, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException e) {
            return false; // no such program
        }
    }

    private Path token(String name) throws IOException {
        Path file = Files.createFile(
                folder.resolve(name),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        return Files.writeString(file, name + "-token-of-this-test");
    }

    private JsonNode ask(String path) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/api/v1/" + path))
                .build();
        return JSON.readTree(HTTP.send(request, BodyHandlers.ofString()).body()).path("data");
    }

    /** The values of an expression; none: it knows none. */
    private JsonNode query(String expression) throws Exception {
        return ask("query?query=" + URLEncoder.encode(expression, StandardCharsets.UTF_8))
                .path("result");
    }

    @Test
    void scrapesARunAndKnowsItsAlerts() throws Exception {
        Path read = token("read");
        LocalRun run = LocalRun.start(
                folder.resolve("run"),
                100_000,
                "--nodes",
                "2",
                "--set",
                "flm.http.token-file=" + token("operate"),
                "--set",
                "flm.http.read-token-file=" + read);
        Process prometheus = null;
        try {
            run.await("two nodes at work", () -> run.children().size() == 2 && run.steps() > 0);
            String targets = run.children().get(0).http() + "\", \""
                    + run.children().get(1).http();
            String shipped = Files.readString(MONITORING.resolve("prometheus.yml"));
            Files.copy(MONITORING.resolve("alerts.yml"), folder.resolve("alerts.yml"));
            Path configuration = Files.writeString(
                    folder.resolve("prometheus.yml"),
                    shipped.replace("_interval: 15s", "_interval: 1s")
                            .replace("# authorization:", "authorization:")
                            .replace("#   credentials_file: read-token", "  credentials_file: " + read)
                            .replace("127.0.0.1:8080", targets));
            try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                port = free.getLocalPort();
            }
            Path log = folder.resolve("prometheus.log");
            prometheus = new ProcessBuilder(
                            "prometheus",
                            "--config.file=" + configuration,
                            "--storage.tsdb.path=" + folder.resolve("data"),
                            "--web.listen-address=127.0.0.1:" + port)
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
            Process watching = prometheus;
            run.await("steps that were scraped", () -> {
                assertThat(watching.isAlive()).as(Files.readString(log)).isTrue();
                try {
                    return query(
                                            "flm_run_committed_steps > 0 and flm_run_committed_steps > flm_run_committed_steps offset 2s")
                                    .size()
                            == 2;
                } catch (IOException e) {
                    return false; // it begins yet
                }
            });
            assertThat(query("sum(up)").at("/0/value/1").asText()).isEqualTo("2");
            assertThat(query("sum(rate(flm_exchange_sent_bytes_total[5s]))")
                            .at("/0/value/1")
                            .asDouble())
                    .isPositive();
            assertThat(query("histogram_quantile(0.5, sum by (le) (flm_step_duration_seconds_bucket))")
                            .at("/0/value/1")
                            .asDouble())
                    .isPositive();
            JsonNode rules = ask("rules").at("/groups/0/rules");
            assertThat(rules.size()).isGreaterThan(5);
            assertThat(rules)
                    .allSatisfy(rule -> assertThat(rule.get("health").asText())
                            .as(rule.toString())
                            .isIn("ok", "unknown"));
            assertThat(ask("targets").at("/activeTargets"))
                    .hasSize(2)
                    .allSatisfy(target ->
                            assertThat(target.get("lastError").asText()).isEmpty());
        } finally {
            if (prometheus != null) {
                prometheus.destroyForcibly().waitFor();
            }
            run.driver().kill();
        }
    }
}
