package io.flm.worker.task.retrieval;

import io.flm.worker.task.score.Likelihoods;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The pairs that the second stage of a search reads: the likeliest texts of each picture, and the likeliest pictures of each text.
 * Like a library: the catalogue names some books, and only these are opened.
 *
 * <p>A picture orders its own candidates by the second stage's scores; all other texts come after them, as likely as they are. So it
 * is with a text and its pictures. Where all are candidates, the first stage is forgotten.
 */
final class Candidates {
    private final Likelihoods likelihoods;
    private final int best;
    private final int[][] texts; // by picture, those to be read, ascending
    private final float[][] scores; // of these

    /** @param best so many of each picture and of each text; more than there are: all */
    Candidates(Likelihoods likelihoods, int pictures, int textCount, int best) {
        this.likelihoods = likelihoods;
        this.best = best;
        boolean[][] asked = new boolean[pictures][textCount];
        for (int picture = 0; picture < pictures; picture++) {
            for (int text : first(likelihoods.texts(picture))) {
                asked[picture][text] = true;
            }
        }
        for (int text = 0; text < textCount; text++) {
            for (int picture : first(likelihoods.pictures(text))) {
                asked[picture][text] = true;
            }
        }
        texts = Arrays.stream(asked)
                .map(row ->
                        IntStream.range(0, textCount).filter(text -> row[text]).toArray())
                .toArray(int[][]::new);
        scores = Arrays.stream(texts).map(of -> new float[of.length]).toArray(float[][]::new);
    }

    private List<Integer> first(double[] rates) {
        return Likelihoods.ranking(rates).subList(0, Math.min(best, rates.length));
    }

    /** The texts to be read beside a picture: its own candidates, and those that have it among theirs. Ascending. */
    int[] texts(int picture) {
        return texts[picture];
    }

    long pairs() {
        return Arrays.stream(texts).mapToLong(of -> of.length).sum();
    }

    /** Tells what the second stage said of one of these pairs. */
    void score(int picture, int text, double score) {
        scores[picture][Arrays.binarySearch(texts[picture], text)] = (float) score;
    }

    /** How a picture rates the texts after both stages: the higher, the better. */
    double[] ofTexts(int picture) {
        return ordered(likelihoods.texts(picture), text -> scoreOf(picture, text));
    }

    /** How a text rates the pictures. */
    double[] ofPictures(int text) {
        return ordered(likelihoods.pictures(text), picture -> scoreOf(picture, text));
    }

    private double scoreOf(int picture, int text) {
        return scores[picture][Arrays.binarySearch(texts[picture], text)];
    }

    /** What the second stage says of one candidate. */
    private interface Score {
        double of(int candidate);
    }

    /** The candidates by their scores; each of the others below all that are likelier, and equal ones equal. */
    private double[] ordered(double[] rates, Score score) {
        List<Integer> ranking = Likelihoods.ranking(rates);
        double[] ordered = new double[rates.length];
        int own = Math.min(best, rates.length);
        double lowest = 0;
        for (int i = 0; i < own; i++) {
            int candidate = ranking.get(i);
            ordered[candidate] = score.of(candidate);
            lowest = Math.min(lowest, Double.isNaN(ordered[candidate]) ? 0 : ordered[candidate]);
        }
        double before = Double.NaN;
        for (int i = own; i < rates.length; i++) {
            int other = ranking.get(i);
            lowest -= rates[other] == before ? 0 : 1;
            before = rates[other];
            ordered[other] = Double.isNaN(rates[other]) ? Double.NaN : lowest;
        }
        return ordered;
    }
}
