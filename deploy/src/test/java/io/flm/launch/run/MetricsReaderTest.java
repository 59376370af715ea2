package io.flm.launch.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flm.exchange.StepTotals;
import io.flm.worker.SourceLoss;
import io.flm.worker.StepMetrics;
import io.flm.worker.StepResult;
import io.flm.worker.model.Loss;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class MetricsReaderTest {
    private static final List<String> HEADS = List.of("rec", "l2r");

    @TempDir
    private Path folder = Path.of("");

    private static StepResult step(long step, @Nullable Loss heldOut) {
        return new StepResult(
                step,
                2.5,
                new StepTotals(new long[] {10, 20}, new double[] {30, 50}, new long[] {4, 5}, 128, 64, false),
                List.of(),
                1e-3,
                0.75,
                heldOut,
                List.of(new SourceLoss("a-b", 3, 2.25, 0.5), new SourceLoss("c", 61, 2.75, 0.25)),
                new StepResult.Times(1_000_000, 20_000_000, 30_000_000, 4_000_000, 5_000_000));
    }

    private static List<StepMetrics> read(Path file) {
        List<StepMetrics> steps = new ArrayList<>();
        MetricsReader.read(file, steps::add);
        return steps;
    }

    @Test
    void whatIsWrittenOfAStepIsReadAgain() {
        Path file = folder.resolve("metrics.jsonl");
        StepResult plain = step(6, null);
        StepResult held = step(7, new Loss(new long[] {2, 2}, new double[] {5, 6}, new long[] {1, 2}));
        try (MetricsLog log = new MetricsLog(file, HEADS, () -> 0)) {
            log.add(plain);
            log.add(held);
        }
        assertThat(read(file)).containsExactly(StepMetrics.of(plain, HEADS), StepMetrics.of(held, HEADS));
        assertThat(StepMetrics.of(held, HEADS).figures())
                .containsEntry("recLoss", 3.0)
                .containsEntry("source.a-b.loss", 2.25)
                .containsEntry("source.c.accuracy", 0.25)
                .containsEntry("source.c.samples", 61.0)
                .containsEntry("heldOut.l2rAccuracy", 1.0);
    }

    @Test
    void whatIsDamagedIsPassedOver() throws IOException {
        Path file = folder.resolve("metrics.jsonl");
        Files.writeString(file, """
                {"step":0,"loss":3.5,"recLoss":3.0,"recAccuracy":0.5,"samples":4,"more":{"loss":9},"note":"x"}
                {"step":1,"loss":3.
                []

                {"step":-1,"loss":3.25}
                {"loss":3.25}
                {"step":1e300,"loss":3.25}
                {"step":2,"loss":"NaN","gradientNorm":1}
                {"step":3,"loss":3.25""");
        List<StepMetrics> steps = read(file);
        assertThat(steps).extracting(StepMetrics::step).containsExactly(0L, 2L);
        assertThat(steps.get(0).loss()).isEqualTo(3.5);
        assertThat(steps.get(0).heads()).containsExactly(new StepMetrics.HeadLoss("rec", 3.0, 0.5));
        assertThat(steps.get(1).loss()).isNaN();
    }

    /** As somebody's archive may bring them. */
    @Test
    @Timeout(60)
    void whatNoRunWritesDoesNotHideWhatComesAfter() throws IOException {
        Path file = folder.resolve("metrics.jsonl");
        try (Writer out = Files.newBufferedWriter(file)) {
            out.write("{\"step\":0,\"loss\":3.5}\n{\"step\":1,\"loss\":3.5,\"x\":\"");
            for (int i = 0; i < 2000; i++) {
                out.write("a".repeat(1000));
            }
            out.write("\"}\n{\"step\":2,\"loss\":3.5}\n");
            for (int i = 0; i < 100_000; i++) {
                out.write("{\"step\":" + (i % 2 == 0 ? 1 : 1000) + ",\"loss\":3.5}\n");
            }
            out.write("{\"step\":1001,\"loss\":3.5}\n");
        }
        assertThat(read(file)).extracting(StepMetrics::step).containsExactly(0L, 2L, 1000L, 1001L);
    }

    @Test
    @Timeout(10)
    void whatIsNoFileHasNoSteps() throws Exception {
        assertThat(read(folder.resolve("none"))).isEmpty();
        assertThat(read(folder)).isEmpty();
        Path secret = Files.writeString(folder.resolve("secret"), "{\"step\":0,\"loss\":3.5}\n");
        assertThat(read(Files.createSymbolicLink(folder.resolve("link"), secret)))
                .isEmpty();
        Path pipe = folder.resolve("pipe");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        assertThat(read(pipe)).isEmpty();
        assertThatThrownBy(() -> MetricsReader.steps(pipe)).isInstanceOf(IOException.class);
    }
}
