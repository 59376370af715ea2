package io.flm.worker.task.score;

import java.util.List;

/**
 * A figure of all examples and what each of them reached, in their order. The figure is the examples' mean, but for BLEU, which
 * counts over all captions together.
 */
public record Score(double all, List<Double> each) {
    public Score {
        each = List.copyOf(each);
    }

    static Score mean(List<Double> each) {
        return new Score(mean(each.stream().mapToDouble(x -> x).toArray()).mean(), each);
    }

    private static Mean mean(double... values) {
        return Mean.of(values);
    }

    /** Mean and standard error of what the examples reached. */
    public Mean mean() {
        return mean(each.stream().mapToDouble(x -> x).toArray());
    }
}
