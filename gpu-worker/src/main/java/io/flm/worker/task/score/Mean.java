package io.flm.worker.task.score;

import java.util.Arrays;
import java.util.List;

/**
 * The mean of what {@code count} examples reached, and its standard error: by how much the means of other examples, drawn alike,
 * would differ from it. It is the square root of the sample variance (which divides by count - 1) over count, and NaN of
 * fewer than two examples.
 */
public record Mean(double mean, double standardError, int count) {

    /** Of no values, mean and standard error are NaN. */
    public static Mean of(double... values) {
        int count = values.length;
        double mean = count == 0 ? Double.NaN : Arrays.stream(values).sum() / count;
        double squares = Arrays.stream(values)
                .map(value -> (value - mean) * (value - mean))
                .sum();
        double error = count < 2 ? Double.NaN : Math.sqrt(squares / (count - 1) / count);
        return new Mean(mean, error, count);
    }

    /**
     * Of values in groups that are drawn as wholes, such as the pictures of one scene: deviations from the mean are summed by group
     * before they are squared, G / (G - 1) of G groups (Liang and Zeger 1986). If each group is one value it is {@link #of}.
     */
    public static Mean ofGroups(List<double[]> groups) {
        Mean all = of(groups.stream().flatMapToDouble(Arrays::stream).toArray());
        double squares = groups.stream()
                .mapToDouble(group ->
                        Arrays.stream(group).map(value -> value - all.mean).sum())
                .map(sum -> sum * sum)
                .sum();
        double ofGroups = (double) groups.size() / (groups.size() - 1);
        double error = groups.size() < 2 ? Double.NaN : Math.sqrt(ofGroups * squares) / all.count;
        return new Mean(all.mean, error, all.count);
    }
}
