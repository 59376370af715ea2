package io.flm.worker.task.score;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * How likely a model calls each text beside each picture, and how it searches by that.
 *
 * <p>Some texts are likely whatever the picture. So a text's likelihood is divided by the sum of its likelihoods over all pictures
 * before texts are compared; for comparing pictures it makes no difference.
 */
public final class Likelihoods {
    private final double[][] logProbs;
    private final double[] anyPicture; // of each text

    /** @param logProbs natural logarithms [picture][text], of at least one picture */
    public Likelihoods(double[][] logProbs) {
        this.logProbs = logProbs;
        anyPicture = IntStream.range(0, logProbs[0].length)
                .mapToDouble(text -> logSum(pictures(text)))
                .toArray();
    }

    /** How a picture rates the texts: the higher, the better. */
    public double[] texts(int picture) {
        double[] rates = new double[anyPicture.length];
        Arrays.setAll(rates, text -> logProbs[picture][text] - anyPicture[text]);
        return rates;
    }

    /** How a text rates the pictures: the higher, the better. */
    public double[] pictures(int text) {
        return Arrays.stream(logProbs).mapToDouble(row -> row[text]).toArray();
    }

    /** The candidates, best first; of equal ones the first, and NaN last. */
    public static List<Integer> ranking(double[] rates) {
        return IntStream.range(0, rates.length)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer i) -> -rates[i]).thenComparing(i -> i))
                .toList();
    }

    /** The logarithm of the sum of numbers whose logarithms these are. */
    public static double logSum(double[] logs) {
        double most = Double.NEGATIVE_INFINITY;
        for (double log : logs) {
            most = Math.max(most, log);
        }
        double sum = 0;
        for (double log : logs) {
            sum += Math.exp(log - most);
        }
        return most + Math.log(sum);
    }
}
