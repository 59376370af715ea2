package io.flm.worker.task.retrieval;

import static org.assertj.core.api.Assertions.assertThat;

import io.flm.worker.task.score.Likelihoods;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CandidatesTest {
    private static final int PICTURES = 9;
    private static final int TEXTS = 13;

    private static Likelihoods likelihoods() {
        Random random = new Random(2);
        double[][] logProbs = new double[PICTURES][TEXTS];
        for (double[] row : logProbs) {
            for (int text = 0; text < TEXTS; text++) {
                row[text] = -5 * random.nextDouble() - text; // later texts are less likely beside any picture
            }
        }
        return new Likelihoods(logProbs);
    }

    private static boolean isAmong(double[] rates, int candidate, int best) {
        int better = 0;
        for (double rate : rates) {
            better += rate > rates[candidate] ? 1 : 0;
        }
        return better < best;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5, 13, 100})
    void theCandidatesAreTheLikeliestOfEachPictureAndOfEachText(int best) {
        Likelihoods likelihoods = likelihoods();
        Candidates candidates = new Candidates(likelihoods, PICTURES, TEXTS, best);
        long pairs = 0;
        for (int picture = 0; picture < PICTURES; picture++) {
            TreeSet<Integer> expected = new TreeSet<>();
            for (int text = 0; text < TEXTS; text++) {
                if (isAmong(likelihoods.texts(picture), text, best)
                        || isAmong(likelihoods.pictures(text), picture, best)) {
                    expected.add(text);
                }
            }
            assertThat(candidates.texts(picture)).containsExactly(expected.toArray(Integer[]::new));
            pairs += expected.size();
        }
        assertThat(candidates.pairs())
                .isEqualTo(pairs)
                .isBetween((long) Math.max(PICTURES, TEXTS), (long) PICTURES * TEXTS);
    }

    @Test
    void aPictureOrdersItsOwnCandidatesByTheScoresAndTheOthersFollowAsLikelyAsTheyAre() {
        Likelihoods likelihoods = likelihoods();
        Candidates candidates = new Candidates(likelihoods, PICTURES, TEXTS, 4);
        List<Integer> before = Likelihoods.ranking(likelihoods.texts(3));
        for (int picture = 0; picture < PICTURES; picture++) {
            for (int text : candidates.texts(picture)) {
                int place = before.indexOf(
                        text); // of the first four the fourth is the best; of texts' own candidates, all are
                candidates.score(picture, text, picture == 3 && place < 4 ? -7 + place : 100);
            }
        }
        assertThat(Likelihoods.ranking(candidates.ofTexts(3)))
                .startsWith(before.get(3), before.get(2), before.get(1), before.get(0))
                .endsWith(before.subList(4, TEXTS).toArray(Integer[]::new));
    }

    @Test
    void othersThatAreEquallyLikelyStayEqualAndCandidatesWithoutAScoreAreNotFound() {
        Candidates candidates = new Candidates(new Likelihoods(new double[][] {{-1}, {-3}, {-3}, {-4}}), 4, 1, 1);
        candidates.score(0, 0, Double.NaN);
        double[] ordered = candidates.ofPictures(0);
        assertThat(ordered[0]).isNaN();
        assertThat(ordered[1]).isEqualTo(ordered[2]).isGreaterThan(ordered[3]);
    }
}
