package io.flm.worker.task;

/** Is told how far the scoring of a task has come, on the thread that scores. */
@FunctionalInterface
public interface TaskProgress {
    /**
     * Told often.
     *
     * @param share done, in [0, 1]
     * @param doing what, in a word
     */
    void at(double share, String doing);
}
