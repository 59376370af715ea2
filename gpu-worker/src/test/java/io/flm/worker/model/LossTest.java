package io.flm.worker.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.flm.data.TokenTargets;
import io.flm.data.TokenTargets.From;
import java.util.List;
import org.junit.jupiter.api.Test;

class LossTest {
    private static final Loss TWO_HEADS = Loss.of(
            List.of(
                    new TokenTargets(From.OUTPUT, new int[] {1, 2}, new int[] {7, 8}),
                    new TokenTargets(From.L2R, new int[] {3}, new int[] {9})),
            List.of(
                    new TargetScores(new float[] {-1, -2}, new int[] {7, 9}),
                    new TargetScores(new float[] {-4}, new int[] {9})));

    @Test
    void meansAndAccuraciesAreByHead() {
        assertThat(TWO_HEADS.mean(0)).isEqualTo(1.5);
        assertThat(TWO_HEADS.mean(1)).isEqualTo(4);
        assertThat(TWO_HEADS.accuracy(0)).isEqualTo(0.5);
        assertThat(TWO_HEADS.accuracy(1)).isEqualTo(1);
    }

    @Test
    void everyPredictionCountsWithTheWeightOfItsHead() {
        double[] weights = {1, 0.5};
        assertThat(TWO_HEADS.weight(weights)).isEqualTo(2.5);
        assertThat(TWO_HEADS.mean(weights)).isEqualTo((3 + 0.5 * 4) / 2.5);
        assertThat(Loss.weights(TWO_HEADS.targetCounts(), weights)).containsExactly(1, 1, 0.5f);
    }

    @Test
    void sumsOfBatchesAreAdded() {
        Loss both = TWO_HEADS.plus(new Loss(new long[] {2, 1}, new double[] {1, 2}, new long[] {0, 1}));
        assertThat(both.targetCounts()).containsExactly(4, 2);
        assertThat(both.sums()).containsExactly(4, 6);
        assertThat(both.correctCounts()).containsExactly(1, 2);
    }

    @Test
    void aHeadWithoutPredictionsHasNoLoss() {
        assertThat(Loss.none(1).mean(0)).isZero();
        assertThat(Loss.none(1).accuracy(0)).isZero();
    }
}
