package io.flm.worker.task;

/** Is told how far an evaluation has come, of a task or of held-out data, on the thread that evaluates. */
@FunctionalInterface
public interface ScoringProgress {
    /**
     * Told often.
     *
     * @param share done, in [0, 1]
     * @param doing the measure at work, in a word
     */
    void at(double share, String doing);
}
