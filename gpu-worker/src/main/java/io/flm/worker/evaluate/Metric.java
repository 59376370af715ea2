package io.flm.worker.evaluate;

/**
 * What an evaluation measures.
 *
 * @param key the name in JSON
 * @param title the name for people
 * @param meaning what is counted, in a few words
 * @param unit what its values are
 * @param better in which direction
 */
public record Metric(String key, String title, String meaning, Unit unit, Direction better) {
    /** What values are. */
    public enum Unit {
        /** A fraction in [0, 1]. */
        SHARE,
        /** Cross entropy. */
        NATS
    }

    /** In which direction values are better. */
    public enum Direction {
        HIGHER,
        LOWER
    }

    /** A fraction of which more is better. */
    static Metric share(String key, String title, String meaning) {
        return new Metric(key, title, meaning, Unit.SHARE, Direction.HIGHER);
    }
}
