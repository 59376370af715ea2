package io.flm.launch.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.data.CorruptionCounts;
import io.flm.exchange.StepTotals;
import io.flm.worker.StepResult;
import io.flm.worker.model.Loss;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsLogTest {
    private static final long SECOND = 1_000_000_000;

    @TempDir
    private Path folder = Path.of("");

    @Test
    void theClockGoesOnOverAResumptionWithoutTheTimeBetween() throws IOException {
        AtomicLong clock = new AtomicLong(50 * SECOND);
        try (MetricsLog log = log(clock)) {
            log.add(step(0, null)); // began two seconds ago
            clock.addAndGet(2 * SECOND);
            log.add(step(1, null));
            clock.addAndGet(2 * SECOND);
            log.add(step(2, null)); // after the checkpoint: done again
        }
        clock.addAndGet(1000 * SECOND);
        try (MetricsLog log = log(clock)) {
            log.add(step(2, null));
            clock.addAndGet(3 * SECOND);
            log.add(step(3, null));
        }
        assertThat(lines()).extracting(line -> line.path("seconds").asDouble()).containsExactly(2.0, 4.0, 6.0, 9.0);
        assertThat(lines()).extracting(line -> line.path("step").asInt()).containsExactly(0, 1, 2, 3);
    }

    @Test
    void aStepsGradientAndWhatHeldOutSamplesSaidAreKept() throws IOException {
        try (MetricsLog log = log(new AtomicLong())) {
            log.add(step(0, new Loss(new long[] {10}, new double[] {25}, new long[] {4})));
            log.add(step(1, null));
        }
        JsonNode first = lines().get(0);
        assertThat(first.path("gradientNorm").asDouble()).isEqualTo(0.5);
        assertThat(first.path("predictionRate").asDouble()).isEqualTo(0.4);
        assertThat(first.path("corruptionRate").asDouble()).isEqualTo(0.3);
        assertThat(first.path("mlmPredictionRate").asDouble()).isEqualTo(0.4);
        assertThat(first.path("mlmCorruptionRate").asDouble()).isEqualTo(0.3);
        assertThat(first.path("heldOut.mlmLoss").asDouble()).isCloseTo(2.5, within(1e-9));
        assertThat(first.path("heldOut.mlmAccuracy").asDouble()).isCloseTo(0.4, within(1e-9));
        assertThat(lines().get(1).has("heldOut.mlmLoss")).isFalse();
    }

    /** As somebody's archive may bring it: a line without an end would fill the heap, and numbers be none. */
    @Test
    void linesThatAreNoStepsGoAndNothingIsReadAfterOneWithoutAnEnd() throws IOException {
        Path file = folder.resolve("metrics.jsonl");
        String good = "{\"step\":0,\"seconds\":3.5}";
        for (String odd : List.of(
                "{\"step\":99999999999999999999999999,\"seconds\":1}",
                "{\"step\":1,\"seconds\":1.2.3.4}",
                "half",
                "x".repeat(1 << 17))) {
            Files.write(file, List.of(odd, good, odd));
            try (MetricsLog log = log(new AtomicLong())) {
                log.add(step(1, null));
            }
            assertThat(lines())
                    .as(odd)
                    .extracting(line -> line.path("step").asInt())
                    .containsExactly(0, 1);
        }
        Files.write(file, List.of(good));
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(1L << 36); // of zeros, and no line ends
        }
        try (MetricsLog log = log(new AtomicLong())) {
            log.add(step(1, null));
        }
        assertThat(lines()).extracting(line -> line.path("step").asInt()).containsExactly(0, 1);
        assertThat(lines().get(1).path("seconds").asDouble()).isCloseTo(5.5, within(1e-6));
    }

    private MetricsLog log(AtomicLong clock) {
        return new MetricsLog(folder.resolve("metrics.jsonl"), List.of("mlm"), clock::get);
    }

    private static StepResult step(long step, @Nullable Loss heldOut) {
        StepTotals totals = new StepTotals(new long[] {8}, new double[] {16}, new long[] {2}, 30, 4, false);
        return new StepResult(
                step,
                2,
                totals,
                List.of(new CorruptionCounts(20, 8, 160, 48)),
                1e-3,
                0.5,
                heldOut,
                List.of(),
                new StepResult.Times(0, SECOND, SECOND, 0, 0));
    }

    private List<JsonNode> lines() throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        for (String line : Files.readAllLines(folder.resolve("metrics.jsonl"))) {
            lines.add(new ObjectMapper().readTree(line));
        }
        return lines;
    }
}
