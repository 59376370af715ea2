package io.flm.worker.task.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.flm.worker.task.score.VqaAccuracy.Answered;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class VqaAccuracyTest {

    @Test
    void leavingOneOutOfTenMakesThreeTenthsOfEachPerson() {
        for (int n = 0; n <= 10; n++) {
            assertThat(VqaAccuracy.leaveOneOut(n, 10)).isCloseTo(Math.min(1, 0.3 * n), within(1e-12));
        }
        assertThat(VqaAccuracy.soft(2)).isCloseTo(2 / 3.0, within(1e-12));
        assertThat(VqaAccuracy.soft(7)).isEqualTo(1);
    }

    @Test
    void answersAreComparedInTheirNormalFormOnlyWherePeopleDisagree() {
        assertThat(new Answered("A dog!", people("dog", 9, "cat", 1), "other").accuracy())
                .isEqualTo(1);
        assertThat(new Answered("A dog!", people("dog", 10, "", 0), "other").accuracy())
                .isZero();
        assertThat(new Answered("dog", people("dog", 10, "", 0), "other").accuracy())
                .isEqualTo(1);
        assertThat(new Answered("two", people("2", 2, "3", 8), "number").accuracy())
                .isCloseTo(0.6, within(1e-12));
    }

    @Test
    void eachKindOfAnswerHasAFigureOfItsOwn() {
        VqaAccuracy accuracy = VqaAccuracy.of(List.of(
                new Answered("yes", people("yes", 10, "", 0), "yes/no"),
                new Answered("no", people("yes", 9, "no", 1), "yes/no"),
                new Answered("3", people("3", 2, "4", 8), "number")));
        assertThat(accuracy.all().all()).isCloseTo((1 + 0.3 + 0.6) / 3, within(1e-12));
        Map<String, Double> ofType = new TreeMap<>();
        accuracy.ofType().forEach((type, score) -> ofType.put(type, score.mean().mean()));
        assertThat(ofType)
                .isEqualTo(Map.of(
                        "number", VqaAccuracy.leaveOneOut(2, 10), "yes/no", (1 + VqaAccuracy.leaveOneOut(1, 10)) / 2));
    }

    @Test
    void theStandardErrorIsThatOfTheMeanAndUnknownOfOneValue() {
        Mean mean = Mean.of(1, 2, 3, 4);
        assertThat(mean.mean()).isEqualTo(2.5);
        assertThat(mean.standardError()).isCloseTo(Math.sqrt(5.0 / 3 / 4), within(1e-12));
        assertThat(Mean.of(7).standardError()).isNaN();
        assertThat(Mean.of().mean()).isNaN();
    }

    private static List<String> people(String first, int count, String second, int others) {
        List<String> people = new ArrayList<>(Collections.nCopies(count, first));
        people.addAll(Collections.nCopies(others, second));
        return people;
    }
}
