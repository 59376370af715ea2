package io.flm.worker.task.score;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * How often a search among all pictures, or all texts, has what it looks for among its first 1, 5 and 10 answers. A picture may have
 * several texts: each looks for its picture, and the picture has found as soon as one of them is there.
 *
 * <p>Answers of equal score are in random order, and what counts is the chance. So a model that knows nothing has k / N. A right answer
 * whose score is NaN is not found.
 *
 * @param pictureOfText recall at each of {@link #RANKS}; 0 to 1 of each text
 * @param textOfPicture recall at each of {@link #RANKS}; 0 to 1 of each picture
 */
public record Recalls(List<Score> pictureOfText, List<Score> textOfPicture) {
    /** Up to which answers are looked at. */
    public static final List<Integer> RANKS = List.of(1, 5, 10);

    /** What a model says of every picture with every text: the higher, the better they fit. */
    public interface Scores {
        double of(int picture, int text);
    }

    public Recalls {
        pictureOfText = List.copyOf(pictureOfText);
        textOfPicture = List.copyOf(textOfPicture);
    }

    /** Of {@code pictures} pictures, each with one or more texts; {@code pictureOfText[text]} is the one that a text is of. */
    public static Recalls of(int pictures, int[] pictureOfText, Scores scores) {
        return of(
                pictures,
                pictureOfText,
                picture -> IntStream.range(0, pictureOfText.length)
                        .mapToDouble(text -> scores.of(picture, text))
                        .toArray(),
                text -> IntStream.range(0, pictures)
                        .mapToDouble(picture -> scores.of(picture, text))
                        .toArray());
    }

    /**
     * The same where texts are compared by other scores than pictures are.
     *
     * @param texts what a picture says of each text
     * @param picturesOf what a text says of each picture
     */
    public static Recalls of(
            int pictures, int[] pictureOfText, IntFunction<double[]> texts, IntFunction<double[]> picturesOf) {
        List<List<Integer>> own = IntStream.range(0, pictures)
                .<List<Integer>>mapToObj(picture -> new ArrayList<>())
                .toList();
        for (int text = 0; text < pictureOfText.length; text++) {
            own.get(pictureOfText[text]).add(text);
        }
        Found ofText = new Found();
        Found ofPicture = new Found();
        for (int text = 0; text < pictureOfText.length; text++) {
            ofText.add(picturesOf.apply(text), List.of(pictureOfText[text]));
        }
        for (int picture = 0; picture < pictures; picture++) {
            if (own.get(picture).isEmpty()) {
                throw new IllegalArgumentException("picture " + picture + " has no text");
            }
            ofPicture.add(texts.apply(picture), own.get(picture));
        }
        return new Recalls(ofText.scores(), ofPicture.scores());
    }

    /** One list a rank. */
    private static final class Found {
        private final List<List<Double>> each =
                RANKS.stream().<List<Double>>map(k -> new ArrayList<>()).toList();

        void add(double[] scores, List<Integer> right) {
            for (int i = 0; i < RANKS.size(); i++) {
                each.get(i).add(within(scores, right, RANKS.get(i)));
            }
        }

        List<Score> scores() {
            return each.stream().map(Score::mean).toList();
        }
    }

    /** The chance that one of the candidates {@code right} is among the first {@code k}. */
    static double within(double[] scores, List<Integer> right, int k) {
        double best = right.stream()
                .mapToDouble(i -> scores[i])
                .filter(score -> !Double.isNaN(score))
                .max()
                .orElse(Double.NaN);
        int greater = (int) Arrays.stream(scores).filter(score -> score > best).count();
        int equal = (int) Arrays.stream(scores).filter(score -> score == best).count();
        int rightEqual = (int) right.stream().filter(i -> scores[i] == best).count();
        int places = Math.min(k - greater, equal);
        if (rightEqual == 0 || places <= 0) { // only NaN is equal to none
            return 0;
        }
        double none = 1; // the chance that all places go to wrong ones: each takes one of those that are left
        for (int taken = 0; taken < places; taken++) {
            none *= (double) Math.max(0, equal - rightEqual - taken) / (equal - taken);
        }
        return 1 - none;
    }
}
