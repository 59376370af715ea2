package io.flm.worker.task.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class LikelihoodsTest {
    @Test
    void aTextThatIsLikelyBesideEveryPictureDoesNotWin() {
        Likelihoods likelihoods = new Likelihoods(new double[][] {{-1, -5}, {-1, -3}});
        assertThat(Likelihoods.ranking(likelihoods.texts(1))).containsExactly(1, 0);
        assertThat(Likelihoods.ranking(likelihoods.pictures(1))).containsExactly(1, 0);
        assertThat(Math.exp(likelihoods.texts(0)[1]) + Math.exp(likelihoods.texts(1)[1]))
                .as("a text's shares over the pictures")
                .isCloseTo(1, within(1e-12));
    }

    @Test
    void whatHasNoLikelihoodComesLastAndEqualOnesKeepTheirOrder() {
        assertThat(Likelihoods.ranking(new double[] {Double.NaN, -2, -1, -2})).containsExactly(2, 1, 3, 0);
    }
}
