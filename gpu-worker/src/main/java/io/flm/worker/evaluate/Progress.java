package io.flm.worker.evaluate;

/** Is told how far an evaluation has come, on the thread that evaluates. */
@FunctionalInterface
public interface Progress {
    /**
     * Told often.
     *
     * @param share done, in [0, 1]
     * @param doing the measure at work, in a word
     */
    void at(double share, String doing);
}
