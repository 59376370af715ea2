package io.flm.launch.node;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import akka.actor.typed.ActorSystem;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.flm.coordinator.Coordinator;
import io.flm.coordinator.PastRun;
import io.flm.coordinator.RunView;
import io.flm.coordinator.SampleHistory;
import io.flm.coordinator.http.HttpEndpoint;
import io.flm.coordinator.http.HttpSettings;
import io.flm.coordinator.http.KeptRuns;
import io.flm.data.StageCount;
import io.flm.exchange.ExchangeCounters;
import io.flm.exchange.StepTotals;
import io.flm.launch.config.Configuration;
import io.flm.worker.AsyncTrainer.Head;
import io.flm.worker.AsyncTrainer.Shares;
import io.flm.worker.StepResult;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/** What a node tells Prometheus, and what deploy/monitoring makes of it. */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class NodeMetricsTest {
    private static final Path MONITORING = Path.of("monitoring").toAbsolutePath(); // tests run in deploy/
    private static final String NEEDS = "needs promtool, of Debian's package prometheus: run .ci/run";

    /** A name of ours, or of the client's JVM and process; not a label that is compared. */
    private static final Pattern NAME = Pattern.compile("\\b(?:flm|jvm|process)_\\w+\\b(?!=)");

    private String said = "";

    @BeforeAll
    void ask() throws Exception {
        NodeMetrics metrics = new NodeMetrics(
                () -> new ExchangeCounters(1, 2, 3, 4, 5, 6, 7, 8, 12, 9, 10, 11),
                () -> List.of(
                        new StageCount("decode", 4, 1_500_000_000),
                        new StageCount("batch", 4, 1_000_000),
                        new StageCount("decode", 6, 500_000_000)), // of a second run
                List.of(Device.gpu(0), Device.gpu(0), Device.gpu(1), Device.cpu()),
                device -> new long[] {(device + 1) << 20, (device + 1) << 30});
        metrics.onStep("n-w1", 0, step(0.07));
        metrics.onStep("n-w1", 0, step(0.3));
        metrics.onStep("n-w2", 1, step(1000));
        Config config = ConfigFactory.parseString("akka.actor.provider = local\nflm.http.host = \"127.0.0.1\"")
                .withFallback(Configuration.builder().build().config());
        ActorSystem<Coordinator.Command> system = ActorSystem.create(
                PastRun.create(run(), each -> {}, new SampleHistory(), List.of(), InstantSource.system()),
                "metrics",
                config);
        try {
            int port = HttpEndpoint.bind(
                            system,
                            system,
                            HttpSettings.from(config).withPort(0),
                            submission -> {
                                throw new UnsupportedOperationException();
                            },
                            metrics.registry(),
                            KeptRuns.NONE,
                            InstantSource.system())
                    .toCompletableFuture()
                    .join()
                    .localAddress()
                    .getPort();
            HttpResponse<String> answer = HttpClient.newHttpClient()
                    .send(
                            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/metrics"))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString());
            assertThat(answer.statusCode()).isEqualTo(200);
            said = answer.body();
        } finally {
            system.terminate();
            system.getWhenTerminated().toCompletableFuture().join();
        }
    }

    /** @param seconds half of it waiting for data, and an eighth in each other phase */
    private static StepResult step(double seconds) {
        long eighth = Math.round(seconds * 1e9 / 8);
        return new StepResult(
                5,
                2,
                new StepTotals(new long[] {8}, new double[] {16}, new long[] {2}, 30, 4, false),
                List.of(),
                1e-3,
                0.5,
                null,
                List.of(),
                new StepResult.Times(4 * eighth, eighth, eighth, eighth, eighth));
    }

    private static RunView run() {
        return new RunView(
                "emoji \"1\"\nx \u001b[31m",
                "id-1",
                "training",
                "all 2 members joined",
                2,
                7,
                100,
                3.25,
                List.of(new Head("rec", 2.0, 0.25, 1.0, 0.3), new Head("answers", 2.0, 0.25, null, null)),
                10,
                100,
                12.5,
                new Shares(0.5, 0.125, 0.125, 0.125, 0.125),
                1,
                2,
                null,
                new RunView.CheckpointView(5, "/p", "n-w1"),
                List.of(),
                List.of(new RunView.WorkerView(
                        "n-w1", "n", "cuda:0", "training", 0, "[0, 4)", 3, 2, 7, "trains", null, null)));
    }

    @Test
    void aNodeTellsWhatItsWorkersExchangeDataAndDevicesDid() {
        assertThat(said.lines())
                .contains(
                        "# TYPE flm_step_duration_seconds histogram",
                        "flm_step_duration_seconds_bucket{worker=\"n-w1\",le=\"0.08\"} 1",
                        "flm_step_duration_seconds_bucket{worker=\"n-w1\",le=\"0.32\"} 2",
                        "flm_step_duration_seconds_bucket{worker=\"n-w2\",le=\"163.84\"} 0",
                        "flm_step_duration_seconds_bucket{worker=\"n-w2\",le=\"+Inf\"} 1",
                        "flm_step_duration_seconds_sum{worker=\"n-w2\"} 1000.0",
                        "flm_step_phase_seconds_total{phase=\"data\",worker=\"n-w2\"} 500.0",
                        "flm_step_phase_seconds_total{phase=\"exchange\",worker=\"n-w2\"} 125.0",
                        "flm_run_samples_total 8.0", // of rank 0 alone
                        "flm_run_tokens_total 60.0",
                        "flm_data_stage_samples_total{stage=\"decode\"} 10.0",
                        "flm_data_stage_seconds_total{stage=\"decode\"} 2.0",
                        "flm_exchange_sent_bytes_total 2.0",
                        "flm_exchange_received_bytes_total 4.0",
                        "flm_exchange_sent_state_bytes_total 9.0",
                        "flm_exchange_lost_nodes_total 11.0",
                        "flm_exchange_dropped_frames_total{reason=\"other-generation\"} 5.0",
                        "flm_exchange_dropped_frames_total{reason=\"corrupt\"} 6.0",
                        "flm_exchange_dropped_frames_total{reason=\"unauthenticated\"} 7.0",
                        "flm_exchange_dropped_frames_total{reason=\"duplicate\"} 8.0",
                        "flm_exchange_dropped_frames_total{reason=\"stranger\"} 12.0",
                        "flm_device_memory_free_bytes{device=\"cuda:1\"} 2097152.0",
                        "flm_device_memory_size_bytes{device=\"cuda:0\"} 1.073741824E9");
        assertThat(said.lines())
                .anyMatch(line -> line.startsWith("jvm_memory_used_bytes{area=\"heap\"}"))
                .anyMatch(line -> line.startsWith("process_cpu_seconds_total "));
    }

    @Test
    void controlCharactersOfANameAreWrittenOut() {
        assertThat(said).contains("run=\"emoji \\\"1\\\" x \\\\u001b[31m\"").doesNotContain("\u001b");
    }

    @Test
    void everyNameOfTheAlertsAndTheDashboardIsTold() throws IOException {
        Set<String> told = said.lines()
                .filter(line -> !line.startsWith("#"))
                .map(line -> line.replaceAll("[{ ].*", ""))
                .collect(Collectors.toSet());
        for (String file : List.of("alerts.yml", "alerts-test.yml", "grafana.json")) {
            Set<String> used = NAME.matcher(Files.readString(MONITORING.resolve(file)))
                    .results()
                    .map(MatchResult::group)
                    .collect(Collectors.toCollection(TreeSet::new));
            assertThat(used).as(file).hasSizeGreaterThan(7);
            used.remove("flm_run_state"); // also a label, which the type of the metric gives the same name
            assertThat(told).as("what %s asks for", file).containsAll(used);
        }
    }

    static boolean hasPromtool() throws IOException, InterruptedException {
        try {
            Process process = new ProcessBuilder("promtool", "--version")
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return process.waitFor(60, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException e) {
            return false; // no such program
        }
    }

    private static String promtool(Path input, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("promtool"));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .directory(MONITORING.toFile())
                .redirectErrorStream(true)
                .redirectInput(input.toFile())
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }

    @Test
    @EnabledIf(value = "hasPromtool", disabledReason = NEEDS)
    void promtoolHasNothingToSayAgainstIt(@TempDir Path folder) throws Exception {
        assertThat(promtool(Files.writeString(folder.resolve("metrics"), said), "check", "metrics"))
                .isEmpty();
    }

    @Test
    @EnabledIf(value = "hasPromtool", disabledReason = NEEDS)
    void theAlertsFireWhenTheyShould() throws Exception {
        Path none = Path.of("/dev/null");
        promtool(none, "check", "config", "prometheus.yml");
        assertThat(promtool(none, "test", "rules", "alerts-test.yml")).contains("SUCCESS");
    }
}
