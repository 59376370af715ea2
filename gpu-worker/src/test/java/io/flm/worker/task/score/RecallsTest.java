package io.flm.worker.task.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RecallsTest {
    /** Two pictures; texts 0 and 1 are of picture 0, text 2 of picture 1. */
    private static final int[] PICTURE_OF_TEXT = {0, 0, 1};

    @Test
    void aPictureIsServedByAnyOfItsTexts() {
        double[][] scores = {{0.1, 0.9, 0.5}, {0.2, 0.3, 0.1}};
        Recalls recalls = Recalls.of(2, PICTURE_OF_TEXT, (picture, text) -> scores[picture][text]);
        assertThat(recalls.textOfPicture().get(0).each())
                .containsExactly(1.0, 0.0); // text 1 first; two others before text 2
        assertThat(recalls.pictureOfText().get(0).each()).containsExactly(0.0, 1.0, 0.0);
        assertThat(recalls.textOfPicture().get(0).all()).isEqualTo(0.5);
        assertThat(recalls.pictureOfText().get(0).all()).isCloseTo(1 / 3.0, within(1e-12));
        assertThat(recalls.pictureOfText().get(1).all()).isEqualTo(1); // two pictures, five places
    }

    @Test
    void whoKnowsNothingHasTheChanceOfADrawing() {
        int[] one = IntStream.range(0, 20).toArray();
        Recalls recalls = Recalls.of(20, one, (picture, text) -> 0);
        for (int i = 0; i < Recalls.RANKS.size(); i++) {
            double chance = Recalls.RANKS.get(i) / 20.0;
            assertThat(recalls.pictureOfText().get(i).all()).isCloseTo(chance, within(1e-12));
            assertThat(recalls.textOfPicture().get(i).all()).isCloseTo(chance, within(1e-12));
        }
    }

    @Test
    void ofEqualScoresTheChanceCountsThatOneOfSeveralRightOnesIsAmongTheFirst() {
        double[] scores = {2, 1, 1, 1, 1, 0};
        assertThat(Recalls.within(scores, List.of(1), 1)).isZero();
        assertThat(Recalls.within(scores, List.of(1), 2)).isCloseTo(1 / 4.0, within(1e-12));
        assertThat(Recalls.within(scores, List.of(1, 2), 2)).isCloseTo(1 / 2.0, within(1e-12));
        assertThat(Recalls.within(scores, List.of(1, 2), 3))
                .isCloseTo(1 - 1 / 6.0, within(1e-12)); // 1 - C(2,2) / C(4,2)
        assertThat(Recalls.within(scores, List.of(1, 2, 5), 4)).isEqualTo(1);
        assertThat(Recalls.within(scores, List.of(5), 5)).isZero();
        assertThat(Recalls.within(scores, List.of(5), 10)).isEqualTo(1);
    }

    @Test
    void chancesOfEqualScoresAreTheFrequenciesOfRandomOrders() {
        double[] scores = {0, 3, 1, 1, 1, 1, 1, 2};
        List<Integer> right = List.of(2, 4, 0);
        Random random = new Random(5);
        int draws = 20_000;
        int found = 0;
        for (int i = 0; i < draws; i++) {
            double[] untied = scores.clone();
            for (int j = 0; j < untied.length; j++) {
                untied[j] += random.nextDouble() / 2;
            }
            found += Recalls.within(untied, right, 4) == 1 ? 1 : 0;
        }
        double chance = Recalls.within(scores, right, 4);
        assertThat(chance).isCloseTo(0.7, within(1e-12)); // two of five places: 1 - 3/5 * 2/4
        assertThat((double) found / draws).isCloseTo(chance, within(4 * Math.sqrt(0.21 / draws)));
    }

    @Test
    void aRightAnswerOfScoreNanIsNotFound() {
        assertThat(Recalls.within(new double[] {Double.NaN, 1}, List.of(0), 10)).isZero();
        assertThat(Recalls.within(new double[] {Double.NaN, 1, 2}, List.of(0, 1), 2))
                .isEqualTo(1);
        assertThat(Recalls.within(new double[] {Double.NaN, 1}, List.of(1), 1)).isEqualTo(1);
    }

    @Test
    void aPictureWithoutTextIsNamed() {
        assertThatThrownBy(() -> Recalls.of(3, PICTURE_OF_TEXT, (picture, text) -> 0))
                .hasMessage("picture 2 has no text");
    }
}
