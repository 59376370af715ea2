package io.flm.worker.task.score;

import java.util.Arrays;

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
}
