package io.flm.worker.task;

/**
 * A figure of a task.
 *
 * @param key the name in JSON
 * @param title the name for people
 * @param unit what its values are
 * @param value what the model has
 * @param standardError of the value, over the examples
 * @param textOnly the same model's with the pictures of other examples: what the text alone tells; NaN if it was not asked
 * @param majority what the commonest answer gets, whatever the example; NaN if there is none
 * @param count of examples
 */
public record TaskFigure(
        String key,
        String title,
        Unit unit,
        double value,
        double standardError,
        double textOnly,
        double majority,
        long count) {
    /** What values are. */
    public enum Unit {
        /** A fraction in [0, 1]. */
        SHARE,
        /** A number, such as CIDEr-D's. */
        NUMBER,
        /** Seconds. */
        SECONDS
    }
}
