package io.flm.launch.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.flm.launch.compare.SpeedUp.Run;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SpeedUpTest {
    private static final List<Double> TIMES = List.of(10.0, 20.0, 40.0, 80.0);

    private static Run run(double... scores) {
        return new Run(curve(scores), List.of());
    }

    private static Curve curve(double... scores) {
        List<Double> all = new ArrayList<>();
        for (double score : scores) {
            all.add(score);
        }
        return new Curve(TIMES, all);
    }

    @Test
    void firstReachIsInterpolatedInLogTime() {
        Curve curve = curve(0.1, 0.2, 0.4, 0.5);
        assertThat(curve.firstReach(0.3).low()).isCloseTo(Math.sqrt(20 * 40), within(1e-9)); // half-way in log
        assertThat(curve.firstReach(0.3).exact()).isTrue();
        assertThat(curve.firstReach(0.4)).isEqualTo(Range.exactly(40));
        assertThat(curve.firstReach(0.1)).isEqualTo(Range.atMost(10));
        assertThat(curve.firstReach(0.6)).isEqualTo(Range.atLeast(80));
    }

    /** A curve on a line in log time, and the same at half the time: the factor is two wherever it is read. */
    @Test
    void aCurveThatIsTwiceAsFastHasFactorTwo() {
        SpeedUp speedUp = SpeedUp.of(
                List.of(run(0.2, 0.3, 0.4, 0.5), run(0.2, 0.3, 0.4, 0.5)),
                List.of(run(0.1, 0.2, 0.3, 0.4), run(0.1, 0.2, 0.3, 0.4)));
        assertThat(speedUp.factor().exact()).isTrue();
        assertThat(speedUp.factor().low()).isCloseTo(2, within(1e-9));
        Range interval = Objects.requireNonNull(speedUp.interval());
        assertThat(interval.low()).isCloseTo(2, within(1e-9));
        assertThat(interval.high()).isCloseTo(2, within(1e-9));
    }

    /** 36.8 % at 56 s and no better afterwards: over the length of the run the factor would be 7. */
    @Test
    void theBaselinesTimeIsWhenItFirstHadItsLastScoreAndNotTheLengthOfItsRun() {
        SpeedUp speedUp = SpeedUp.of(
                List.of(run(0.1, 0.36, 0.4, 0.4), run(0.1, 0.36, 0.4, 0.4)),
                List.of(run(0.2, 0.38, 0.37, 0.36), run(0.2, 0.38, 0.37, 0.36)));
        assertThat(speedUp.baseline().high()).isLessThan(20);
        assertThat(speedUp.challenger()).isEqualTo(Range.exactly(20));
        assertThat(speedUp.factor().high()).isLessThan(1);
    }

    @Test
    void boundsAreGivenWhereACurveIsCutOff() {
        Run slow = run(0.1, 0.2, 0.3, 0.4);
        assertThat(SpeedUp.of(List.of(run(0.5, 0.6, 0.7, 0.8)), List.of(slow)).factor())
                .isEqualTo(Range.atLeast(8));
        assertThat(SpeedUp.of(List.of(run(0.1, 0.1, 0.2, 0.3)), List.of(slow)).factor())
                .isEqualTo(Range.atMost(1));
        Run fallen = run(0.4, 0.3, 0.3, 0.2); // it had its last score at its first checkpoint or before
        assertThat(SpeedUp.of(List.of(run(0.1, 0.2, 0.3, 0.4)), List.of(fallen)).factor())
                .isEqualTo(Range.atMost(0.5));
        assertThat(SpeedUp.of(List.of(run(0.9, 0.9, 0.9, 0.9)), List.of(fallen))
                        .factor()
                        .unknown())
                .isTrue();
        assertThat(Range.atLeast(8)).hasToString("≥ 8.00");
        assertThat(Range.atMost(0.5)).hasToString("≤ 0.50");
        assertThat(new Range(1.2, 3)).hasToString("1.20 to 3.00");
    }

    @Test
    void oneSeedWithoutItemsHasNoIntervalAndSoNoFactor() {
        SpeedUp speedUp = SpeedUp.of(List.of(run(0.2, 0.3, 0.4, 0.5)), List.of(run(0.1, 0.2, 0.3, 0.4)));
        assertThat(speedUp.interval()).isNull();
        assertThat(speedUp.toMap()).containsEntry("factor", null).containsEntry("interval", null);
    }

    @Test
    void theIntervalHoldsTheFactorAndIsWiderWhereSeedsDiffer() {
        List<Run> baseline = List.of(run(0.1, 0.2, 0.3, 0.4), run(0.12, 0.22, 0.32, 0.42), run(0.08, 0.18, 0.28, 0.38));
        SpeedUp alike = SpeedUp.of(
                List.of(run(0.2, 0.3, 0.4, 0.5), run(0.21, 0.31, 0.41, 0.51), run(0.19, 0.29, 0.39, 0.49)), baseline);
        SpeedUp apart = SpeedUp.of(
                List.of(run(0.2, 0.3, 0.4, 0.5), run(0.28, 0.38, 0.48, 0.58), run(0.12, 0.22, 0.32, 0.42)), baseline);
        for (SpeedUp speedUp : List.of(alike, apart)) {
            Range interval = Objects.requireNonNull(speedUp.interval());
            assertThat(speedUp.factor().low()).isCloseTo(2, within(1e-6));
            assertThat(interval.low()).isLessThan(2);
            assertThat(interval.high()).isGreaterThan(2);
        }
        assertThat(width(apart)).isGreaterThan(1.5 * width(alike));
    }

    private static double width(SpeedUp speedUp) {
        Range interval = Objects.requireNonNull(speedUp.interval());
        return interval.high() / interval.low();
    }

    /** Few items tell less than many: with one seed, too. */
    @Test
    void itemsAreResampledToo() {
        SpeedUp few = SpeedUp.of(List.of(withItems(1, 0.1, 40)), List.of(withItems(2, 0, 40)));
        SpeedUp many = SpeedUp.of(List.of(withItems(1, 0.1, 4000)), List.of(withItems(2, 0, 4000)));
        assertThat(Objects.requireNonNull(many.interval()).low()).isBetween(1.5, 2.1);
        assertThat(Objects.requireNonNull(many.interval()).high()).isBetween(1.9, 2.6);
        assertThat(width(few)).isGreaterThan(width(many));
    }

    /** Each of 100 scenes six times: as sure as 100 items, and not as 600. */
    @Test
    void itemsOfAGroupAreDrawnTogether() {
        List<Integer> scenes =
                IntStream.range(0, 600).map(item -> item / 6).boxed().toList();
        Run challenger = withItems(1, 0.1, 100);
        Run baseline = withItems(2, 0, 100);
        SpeedUp once = SpeedUp.of(List.of(challenger), List.of(baseline));
        SpeedUp together = SpeedUp.of(List.of(sixTimes(challenger, scenes)), List.of(sixTimes(baseline, scenes)));
        SpeedUp alone = SpeedUp.of(List.of(sixTimes(challenger, List.of())), List.of(sixTimes(baseline, List.of())));
        assertThat(together.interval()).isEqualTo(once.interval());
        assertThat(width(alone)).isLessThan(width(together));
    }

    private static Run sixTimes(Run run, List<Integer> groups) {
        List<double[]> items = run.items().stream()
                .map(scores -> IntStream.range(0, 6 * scores.length)
                        .mapToDouble(item -> scores[item / 6])
                        .toArray())
                .toList();
        return new Run(run.curve(), items, groups);
    }

    /** Of one scene nothing is known of another one. */
    @Test
    void itemsOfASingleGroupGiveNoInterval() {
        Run challenger = withItems(1, 0.1, 12);
        Run baseline = withItems(2, 0, 12);
        List<Integer> one = Collections.nCopies(12, 7);
        assertThat(SpeedUp.of(
                                List.of(new Run(challenger.curve(), challenger.items(), one)),
                                List.of(new Run(baseline.curve(), baseline.items(), one)))
                        .interval())
                .isNull();
    }

    /** Right with probability 0.2, 0.3, 0.4, 0.5 and more. */
    private static Run withItems(long seed, double more, int count) {
        Random random = new Random(seed);
        List<double[]> items = new ArrayList<>();
        List<Double> means = new ArrayList<>();
        for (int point = 0; point < TIMES.size(); point++) {
            double[] scores = new double[count];
            double sum = 0;
            for (int i = 0; i < count; i++) {
                scores[i] = random.nextDouble() < 0.2 + 0.1 * point + more ? 1 : 0;
                sum += scores[i];
            }
            items.add(scores);
            means.add(sum / count);
        }
        return new Run(new Curve(TIMES, means), items);
    }

    /** A step of the challenger takes 3 s, one of the baseline 1 s: twice as fast in seconds is six times in steps. */
    @Test
    void factorsAreToldInOtherUnits() {
        SpeedUp inSeconds = SpeedUp.of(
                List.of(run(0.2, 0.3, 0.4, 0.5), run(0.2, 0.3, 0.4, 0.5)),
                List.of(run(0.1, 0.2, 0.3, 0.4), run(0.1, 0.2, 0.3, 0.4)));
        SpeedUp inSteps = inSeconds.in(1.0 / 3, 1);
        assertThat(inSteps.factor().low()).isCloseTo(6, within(1e-9));
        assertThat(inSteps.challenger().low()).isCloseTo(40 / 3.0, within(1e-9));
    }
}
