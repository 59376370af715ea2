package io.flm.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.flm.coordinator.MetricsView.Figure;
import io.flm.worker.StepMetrics;
import io.flm.worker.StepMetrics.HeadLoss;
import io.flm.worker.StepResult;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MetricsHistoryTest {
    private static final int FIGURES = 17;
    private final MetricsHistory history = new MetricsHistory();

    /** A curve without a rule that means would follow. */
    private static double loss(long step) {
        return 5 + Math.sin(step * 0.7) * (1 + step % 11);
    }

    private static StepMetrics step(long step, double loss) {
        List<HeadLoss> heads = List.of(new HeadLoss("rec", loss / 2, 0.25), new HeadLoss("l2r", loss / 4, 0.5));
        return new StepMetrics(
                step,
                loss,
                heads,
                heads,
                1e-3,
                2,
                8,
                List.of(),
                new StepResult.Times(1_000_000, 2_000_000, 3_000_000, 1_000_000, 1_000_000));
    }

    private void add(long from, long to) {
        LongStream.range(from, to).forEach(step -> history.add(step(step, loss(step))));
    }

    private static Figure figure(MetricsView view, String name) {
        return Objects.requireNonNull(view.figures().get(name), name);
    }

    /** Compares each bucket with what its steps say. */
    private static void assertTrue(MetricsView view) {
        Figure loss = figure(view, "loss");
        for (int i = 0; i < view.steps().size(); i++) {
            long from = Math.max(view.first(), view.steps().get(i));
            long to = Math.min(view.last() + 1, view.steps().get(i) + view.bucketSteps());
            double[] losses = LongStream.range(from, to)
                    .mapToDouble(MetricsHistoryTest::loss)
                    .toArray();
            assertThat(view.counts().get(i)).as("steps from %s", from).isEqualTo((int) (to - from));
            assertThat(loss.mean().get(i))
                    .isCloseTo((float) Arrays.stream(losses).average().orElseThrow(), within(1e-4f));
            assertThat(loss.min().get(i))
                    .isEqualTo((float) Arrays.stream(losses).min().orElseThrow());
            assertThat(loss.max().get(i))
                    .isEqualTo((float) Arrays.stream(losses).max().orElseThrow());
        }
    }

    @Test
    void fewStepsAreToldOneByOne() {
        add(0, 3);
        MetricsView view = history.view("r", 0, Long.MAX_VALUE, 500);
        assertThat(view.run()).isEqualTo("r");
        assertThat(view.bucketSteps()).isEqualTo(1);
        assertThat(view.steps()).containsExactly(0L, 1L, 2L);
        assertThat(view.counts()).containsExactly(1, 1, 1);
        assertTrue(view);
        assertThat(view.figures()).hasSize(FIGURES);
        assertThat(figure(view, "samplesPerSecond").mean()).containsExactly(1000f, 1000f, 1000f);
        assertThat(figure(view, "recAccuracy").mean()).containsExactly(0.25f, 0.25f, 0.25f);
        assertThat(figure(view, "heldOut.l2rLoss").mean().get(2)).isEqualTo((float) (loss(2) / 4));
        assertThat(figure(view, "backwardMs").max()).containsExactly(3f, 3f, 3f);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 99999, 500, 256",
        "0, 99999, 1000, 128",
        "0, 99999, 1, 131072",
        "99000, 99999, 1000, 1",
        "99000, 99999, 100, 16",
        "98900, 98999, 100, 2",
        "50000, 60000, 1000, 64",
        "17, 17, 1, 128",
        "99999, 99999, 1, 1"
    })
    void aRangeIsToldInTheSmallestBucketsThatAreKeptOfIt(long from, long to, int points, long bucketSteps) {
        add(0, 100_000);
        MetricsView view = history.view("r", from, to, points);
        assertThat(view.bucketSteps()).isEqualTo(bucketSteps);
        assertThat(view.steps()).hasSizeBetween(1, points).isSorted().doesNotHaveDuplicates();
        assertThat(view.steps().get(0)).isLessThanOrEqualTo(from).isGreaterThan(from - bucketSteps);
        assertThat(view.steps().get(view.steps().size() - 1) + bucketSteps).isGreaterThan(to);
        assertTrue(view);
    }

    @Test
    void tenMillionStepsTakeLessThanFiveAndAHalfMegabytes() {
        for (long step = 0; step < 10_000_000; step += 61) { // fewer, for the test's sake: memory goes by their numbers
            history.add(step(step, 1));
        }
        history.add(step(9_999_999, 1));
        assertThat(history.sizeBytes()).isBetween(5_000_000L, 5_500_000L);
        MetricsView all = history.view("r", 0, Long.MAX_VALUE, 1000);
        assertThat(all.bucketSteps()).isEqualTo(16384);
        assertThat(all.steps()).hasSize(611);
        assertThat(all.counts().stream().mapToInt(Integer::intValue).sum()).isEqualTo(163_936);
    }

    @Test
    void aRunsFirstStepsTakeLittle() {
        add(0, 1024);
        assertThat(history.sizeBytes()).isLessThan(400_000);
    }

    @Test
    void stepsThatAreDoneAgainReplaceWhatWasKnownOfThem() {
        LongStream.range(0, 5000).forEach(step -> history.add(step(step, step < 4501 ? loss(step) : 1000)));
        add(4501, 4700);
        assertThat(history.view("r", 0, Long.MAX_VALUE, 500).last()).isEqualTo(4699);
        for (int points : new int[] {1, 3, 50, 1000}) {
            assertTrue(history.view("r", 0, Long.MAX_VALUE, points));
            assertTrue(history.view("r", 4000, Long.MAX_VALUE, points));
        }
    }

    /** The whole steps of then are not known any more, and what they were in is not told for them. */
    @Test
    void stepsThatAreDoneAgainFromLongAgoAreToldAsFarAsTheyAreKnown() {
        add(0, 100_000);
        add(50_001, 50_100);
        MetricsView all = history.view("r", 0, Long.MAX_VALUE, 1000);
        assertThat(all.last()).isEqualTo(50_099);
        assertThat(all.bucketSteps()).isEqualTo(128);
        assertThat(all.counts().stream().mapToInt(Integer::intValue).sum())
                .as("of the bucket of steps 49,920 to 50,047 the first 64 are known by the level below")
                .isEqualTo(49_920 + 64 + 99);
        assertTrue(history.view("r", 50_001, Long.MAX_VALUE, 1000));
        assertThat(history.view("r", 50_001, Long.MAX_VALUE, 1000).bucketSteps())
                .isEqualTo(1);
        add(0, 10);
        assertThat(history.view("r", 0, Long.MAX_VALUE, 1000).steps()).hasSize(10);
    }

    @Test
    void aRunMayBeginLate() {
        add(70_000, 70_500);
        MetricsView view = history.view("r", 0, Long.MAX_VALUE, 1000);
        assertThat(view.first()).isEqualTo(70_000);
        assertThat(view.bucketSteps()).isEqualTo(1);
        assertThat(view.steps()).hasSize(500);
        assertThat(history.view("r", 0, 69_999, 10).steps()).isEmpty();
        assertThat(history.view("r", 70_500, 80_000, 10).steps()).isEmpty();
    }

    @Test
    void nothingIsKnownBeforeTheFirstStep() {
        MetricsView view = history.view("r", 0, Long.MAX_VALUE, 10);
        assertThat(view).isEqualTo(new MetricsView("r", -1, -1, 1, List.of(), List.of(), Map.of()));
    }

    @Test
    void whatIsNoNumberIsLeftOut() {
        history.add(step(0, 1));
        history.add(step(1, Double.NaN));
        history.add(step(2, Double.POSITIVE_INFINITY));
        history.add(step(3, 3));
        assertThat(figure(history.view("r", 0, 3, 4), "loss").mean()).containsExactly(1f, null, null, 3f);
        assertThat(figure(history.view("r", 0, 3, 1), "loss").mean()).containsExactly(2f);
        assertThat(history.view("r", 0, 3, 1).counts()).containsExactly(4);
    }

    @Test
    void newerStepsOfAnotherHistoryComeAfterThoseThatItHas() {
        MetricsHistory newer = new MetricsHistory();
        LongStream.range(900, 1500).forEach(step -> newer.add(step(step, loss(step))));
        LongStream.range(0, 1000).forEach(step -> history.add(step(step, step < 900 ? loss(step) : 1000)));
        history.append(newer);
        MetricsView view = history.view("r", 0, Long.MAX_VALUE, 1000);
        assertThat(view.last()).isEqualTo(1499);
        assertTrue(view);
    }

    @Test
    void moreFiguresThanARunHasAreNotKept() {
        List<HeadLoss> heads = new ArrayList<>();
        IntStream.range(0, 100).forEach(head -> heads.add(new HeadLoss("h" + head, 1, 1)));
        for (int step = 0; step < 2000; step++) {
            history.add(new StepMetrics(
                    step, 1, heads, List.of(), 1, 1, 1, List.of(), new StepResult.Times(1, 1, 1, 1, 1)));
        }
        assertThat(history.view("r", 0, Long.MAX_VALUE, 10).figures()).hasSize(MetricsHistory.MOST_FIGURES);
    }
}
