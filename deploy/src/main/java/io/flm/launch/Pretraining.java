package io.flm.launch;

/** A run of training under way in this process. */
interface Pretraining extends AutoCloseable {
    /** Starts runs: on a node of the cluster, or in a test on nothing. */
    @FunctionalInterface
    interface Starter {
        /** Starts training and returns; faults of the user throw {@link io.flm.data.UserException}, now or on {@link #await}. */
        Pretraining start(RunRequest request, RunListener listener);
    }

    /** Asks that the run end after the step at hand, with a checkpoint; returns at once, from any thread. */
    void stop(String reason);

    /** Waits for the end; the newest checkpoint is then on disk. */
    RunResult await() throws InterruptedException;

    /** Releases devices, actors and ports. */
    @Override
    void close();
}
