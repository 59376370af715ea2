package io.flm.worker.task.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class MeanTest {
    private static final double[] VALUES = {1, 0, 0, 1, 1, 0.5, 0.25};

    @Test
    void theErrorIsThatOfTheSampleVariance() {
        Mean mean = Mean.of(1, 0, 1, 0);
        assertThat(mean.mean()).isEqualTo(0.5);
        assertThat(mean.standardError()).isCloseTo(Math.sqrt(1.0 / 3 / 4), within(1e-12));
        assertThat(Mean.of(1).standardError()).isNaN();
        assertThat(Mean.of().mean()).isNaN();
    }

    @Test
    void groupsOfOneAreValues() {
        List<double[]> groups =
                Arrays.stream(VALUES).mapToObj(value -> new double[] {value}).toList();
        Mean grouped = Mean.ofGroups(groups);
        assertThat(grouped.mean()).isEqualTo(Mean.of(VALUES).mean());
        assertThat(grouped.standardError()).isCloseTo(Mean.of(VALUES).standardError(), within(1e-12));
    }

    @Test
    void copiesInAGroupTellNothingNew() {
        List<double[]> groups = Arrays.stream(VALUES)
                .mapToObj(value -> new double[] {value, value, value})
                .toList();
        assertThat(Mean.ofGroups(groups).standardError())
                .isCloseTo(Mean.of(VALUES).standardError(), within(1e-12));
        assertThat(Mean.ofGroups(groups).count()).isEqualTo(3 * VALUES.length);
    }

    @Test
    void whatIsBalancedWithinEachGroupVariesLess() {
        List<double[]> groups = List.of(new double[] {1, 0}, new double[] {0, 1}, new double[] {1, 0});
        assertThat(Mean.ofGroups(groups).standardError()).isZero();
        assertThat(Mean.ofGroups(List.of(new double[] {1, 0})).standardError()).isNaN();
    }
}
