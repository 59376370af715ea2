package io.flm.worker;

import io.flm.exchange.ExchangeException;

/**
 * What a worker actor drives, on a thread of its own: the trainer of one device, or a simulated one. All methods are called
 * by that one thread and may block.
 */
public interface StepRunner extends AutoCloseable {
    /**
     * Enters a generation: takes up the state of its first step and meets the other members.
     *
     * @return whether the state was taken from memory, from a checkpoint or from the seed, for the log
     */
    String enter(Generation generation, int rank) throws ExchangeException;

    /**
     * Runs the next step of the generation to its commit.
     *
     * @param stop asks all members to make this step their last
     */
    StepResult step(boolean stop) throws ExchangeException;

    /** Writes a checkpoint of the committed state and waits until it is on disk; does nothing on ranks other than 0. */
    void checkpoint();

    /** Leaves the generation; the state of the committed step is kept. */
    void leave();

    /** The number of committed steps, which is the next step. */
    long committedSteps();

    @Override
    void close();
}
