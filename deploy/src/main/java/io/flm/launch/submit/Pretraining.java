package io.flm.launch.submit;

import java.util.Optional;

/** A run of training that this process follows. */
public interface Pretraining extends AutoCloseable {
    /** Starts runs: on a node of the cluster, or in a test on nothing. */
    @FunctionalInterface
    interface Starter {
        /** Has the nodes started and returns; faults of the user throw {@link io.flm.data.UserException}, now or later. */
        Pretraining start(RunRequest request, RunListener listener);
    }

    /**
     * Submits the run and waits until it trains, or until there is nothing more to wait for, which {@link #await} then tells.
     * Faults before the first step are thrown.
     *
     * @return false where it was to stop before it was submitted: there is no run
     */
    boolean begin() throws InterruptedException;

    /** The address of the page where a browser shows the run; empty: nothing serves one. */
    default Optional<String> page() {
        return Optional.empty();
    }

    /** Asks that the run end after the step at hand, with a checkpoint; returns soon, at any time and from any thread. */
    void stop(String reason);

    /** Waits for the end; the newest checkpoint is then on disk. */
    RunResult await() throws InterruptedException;

    /** Releases devices, actors and ports. */
    @Override
    void close();
}
