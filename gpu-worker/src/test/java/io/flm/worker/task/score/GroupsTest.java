package io.flm.worker.task.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class GroupsTest {
    private static final Groups SCENES = Groups.of(List.of("b", "a", "b", "c", "a"));

    @Test
    void groupsAreNumberedAsTheyComeFirst() {
        assertThat(SCENES.numbers()).containsExactly(0, 1, 0, 2, 1);
        assertThat(SCENES.asItems()).containsExactly(0.0, 1.0, 0.0, 2.0, 1.0);
    }

    @Test
    void valuesOfAGroupStandTogether() {
        assertThat(SCENES.split(List.of(1.0, 2.0, 3.0, 4.0, 5.0)))
                .containsExactly(new double[] {1, 3}, new double[] {2, 5}, new double[] {4});
    }

    @Test
    void theMeanIsOfAllExamplesAndItsErrorOfGroups() {
        Mean mean = SCENES.mean(List.of(1.0, 0.0, 1.0, 1.0, 0.0));
        assertThat(mean.mean()).isCloseTo(0.6, within(1e-12));
        double squares = 0.8 * 0.8 + 1.2 * 1.2 + 0.4 * 0.4; // of the deviations' sums by group
        assertThat(mean.standardError()).isCloseTo(Math.sqrt(3 / 2.0 * squares) / 5, within(1e-12));
    }
}
