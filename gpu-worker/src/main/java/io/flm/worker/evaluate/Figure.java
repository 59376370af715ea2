package io.flm.worker.evaluate;

/** What an evaluation says of a metric. */
public sealed interface Figure {
    Metric metric();

    /**
     * A value beside its prior.
     *
     * @param prior what it is by chance (retrieval), or for the same model with the picture of another sample (all others):
     *     what the text alone tells
     */
    record Measured(Metric metric, double value, double prior) implements Figure {}

    /**
     * No value.
     *
     * @param why such as what the objective's models lack
     */
    record Absent(Metric metric, String why) implements Figure {}
}
