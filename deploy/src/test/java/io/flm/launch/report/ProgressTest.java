package io.flm.launch.report;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.flm.exchange.StepTotals;
import io.flm.launch.command.TestEnvironment;
import io.flm.launch.console.Screen;
import io.flm.launch.run.MetricsLog;
import io.flm.launch.submit.RunListener;
import io.flm.launch.submit.ScriptedRun;
import io.flm.worker.StepResult;
import java.io.ByteArrayOutputStream;
import java.io.FileWriter;
import java.io.FilterWriter;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProgressTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private long nanos;

    @TempDir
    private Path folder = Path.of("");

    private Screen screen(int columns) {
        return new Screen(new PrintStream(bytes, true, StandardCharsets.UTF_8), columns, TestEnvironment.PROGRAM);
    }

    private String shown() {
        return bytes.toString(StandardCharsets.UTF_8);
    }

    private static RunListener.Start start(long firstStep, long totalSteps) {
        return new RunListener.Start(
                "flm", 1_234_567, List.of("local-w1 cpu"), "127.0.0.1:4711", firstStep, totalSteps, "seed 1");
    }

    private static StepResult step(long step) {
        StepTotals totals =
                new StepTotals(new long[] {10, 8, 8}, new double[] {20, 24, 16}, new long[] {5, 4, 4}, 100, 32, false);
        return new StepResult(
                step, 2.5, totals, List.of(), 1e-3, 1, null, List.of(), new StepResult.Times(1, 2, 1, 3, 4));
    }

    @Test
    void aPipeGetsALineEveryFewSeconds() {
        Progress progress = new Progress(screen(0), () -> nanos, 0);
        progress.onStart(start(0, 100));
        for (int step = 1; step <= 10; step++) {
            nanos += 1_000_000_000L;
            progress.onProgress(ScriptedRun.view(step, 100));
        }
        assertThat(shown()).contains("1,234,567 parameters").contains("http://127.0.0.1:4711/api/v1/run");
        assertThat(shown().lines().filter(line -> line.startsWith("step ")))
                .containsExactly(
                        "step 5/100 ETA 1:35 32 samples/s rec 2.000 l2r 3.000 r2l 2.000 accuracy 50.0/50.0/50.0 % 100 tokens/s",
                        "step 10/100 ETA 1:30 32 samples/s rec 2.000 l2r 3.000 r2l 2.000 accuracy 50.0/50.0/50.0 % 100 tokens/s");
    }

    @Test
    void aRunOfWhichNoStepIsLeftDoesNotSayThatItTrains() {
        new Progress(screen(0), () -> nanos, 0).onStart(start(100, 100));
        assertThat(shown()).startsWith("flm: 1,234,567 parameters, objective flm, no step is left after seed 1\n");
    }

    @Test
    void theLastStepIsAlwaysShown() {
        Progress progress = new Progress(screen(0), () -> nanos, 0);
        progress.onStart(start(0, 1));
        nanos += 1_000_000;
        progress.onProgress(ScriptedRun.view(1, 1));
        assertThat(shown()).contains("step 1/1 ");
    }

    @Test
    void aTerminalGetsOneLineThatIsOverwritten() {
        Progress progress = new Progress(screen(80), () -> nanos, 0);
        progress.onStart(start(0, 4));
        nanos += 1_000_000_000L;
        progress.onProgress(ScriptedRun.view(1, 4));
        assertThat(shown())
                .endsWith(
                        "\n\r\u001b[Kstep 1/4 [####............] ETA 0:03 32 samples/s rec 2.000 l2r 3.000 r2l 2.000");
        int before = shown().length();
        progress.onProgress(ScriptedRun.view(1, 4));
        assertThat(shown()).as("nothing new").hasSize(before);
        progress.onProgress(ScriptedRun.view(2, 4));
        assertThat(shown().substring(before)).startsWith("\r\u001b[Kstep 2/4").doesNotContain("\n");
    }

    @Test
    void speedAndRemainingTimeAreSeenInNarrowTerminalsTooAndAWiderOneGetsMore() {
        Screen screen = screen(40);
        Progress progress = new Progress(screen, () -> nanos, 0);
        progress.onStart(start(0, 4));
        nanos += 1_000_000_000L;
        progress.onProgress(ScriptedRun.view(1, 4));
        assertThat(shown()).endsWith("\r\u001b[Kstep 1/4 ETA 0:03 32 samples/s");
        screen.resize(120);
        nanos += 1_000_000_000L;
        progress.onProgress(ScriptedRun.view(2, 4));
        assertThat(shown())
                .endsWith("step 2/4 [########........] ETA 0:02 32 samples/s rec 2.000 l2r 3.000 r2l 2.000"
                        + " accuracy 50.0/50.0/50.0 % 100 tokens/s");
    }

    @Test
    void aLimitOfMinutesBoundsTheRemainingTime() {
        Progress progress = new Progress(screen(0), () -> nanos, 2);
        progress.onStart(start(0, 1_000_000));
        nanos += 30_000_000_000L;
        progress.onProgress(ScriptedRun.view(1, 1_000_000));
        assertThat(shown()).contains("ETA 1:30");
    }

    @Test
    void metricsHoldOneLineForEachCommittedStepAlsoAfterAResumption() throws IOException {
        Path file = folder.resolve("metrics.jsonl");
        try (MetricsLog metrics = new MetricsLog(file, List.of("rec", "l2r", "r2l"), () -> nanos)) {
            for (int step = 0; step < 6; step++) {
                metrics.add(step(step));
            }
        }
        Files.writeString(file, "{\"step\":6,\"lo", StandardOpenOption.APPEND); // killed while it wrote
        try (MetricsLog metrics = new MetricsLog(file, List.of("rec", "l2r", "r2l"), () -> nanos)) {
            metrics.add(step(4)); // the checkpoint was older than the last line
        }
        List<String> lines = Files.readAllLines(file);
        assertThat(lines).hasSize(5);
        assertThat(lines.get(4))
                .startsWith("{\"step\":4,\"loss\":2.5,\"recLoss\":2.0,\"recAccuracy\":0.5,\"l2rLoss\":3.0");
    }

    @Test
    void metricsGoOnWhereAnotherNodeWroteMeanwhile() throws IOException {
        Path file = folder.resolve("metrics.jsonl");
        try (MetricsLog one = new MetricsLog(file, List.of("rec", "l2r", "r2l"), () -> nanos);
                MetricsLog other = new MetricsLog(file, List.of("rec", "l2r", "r2l"), () -> nanos)) {
            one.add(step(0));
            other.add(step(1));
            other.add(step(2));
            one.add(step(3));
        }
        assertThat(Files.readAllLines(file)).hasSize(4).last().asString().startsWith("{\"step\":3,");
    }

    /** One warning, and no end of the training. */
    @Test
    void aFullDiskLeavesAGapInTheCurve() throws IOException {
        boolean[] full = {true};
        Path file = folder.resolve("metrics.jsonl");
        try (MetricsLog metrics = new MetricsLog(
                file,
                List.of("rec", "l2r", "r2l"),
                () -> nanos,
                path -> new FilterWriter(new FileWriter(path.toFile(), UTF_8, true)) {
                    @Override
                    public void flush() throws IOException {
                        if (full[0]) {
                            throw new IOException("No space left on device");
                        }
                        super.flush();
                    }

                    @Override
                    public void close() throws IOException {
                        try {
                            flush();
                        } finally {
                            out.close();
                        }
                    }
                })) {
            metrics.add(step(0));
            metrics.add(step(1));
            full[0] = false;
            metrics.add(step(2));
            full[0] = true;
        }
        assertThat(Files.readString(file)).contains("{\"step\":2,");
    }
}
