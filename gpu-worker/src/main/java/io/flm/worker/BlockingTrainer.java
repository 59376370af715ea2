package io.flm.worker;

import io.flm.data.BrokenShards;
import io.flm.exchange.ExchangeException;
import java.util.List;
import java.util.Map;

/**
 * The trainer of one device, as a {@link TrainerThread} drives it: all calls but {@link #abandon} come from that one thread and may
 * block. A trainer is made for one run, by a factory that gets the run's plan; making it is the preparation. The real one is {@link
 * io.flm.worker.train.Trainer}.
 */
public interface BlockingTrainer extends AutoCloseable {
    /** Is told what became of a checkpoint, once, by any thread. */
    interface SaveListener {
        /** The state of {@code step} committed steps is on disk at {@code where}. */
        void onSaved(long step, String where);

        /** It could not be written; {@code reason} says what, where and what to do. */
        void onFailed(String reason);
    }

    /** SHA-256 of what was read, by a word for it: {@code data}, {@code tokenizer}. */
    Map<String, String> hashes();

    /** The names of the heads, in the order of the totals of a step. */
    List<String> heads();

    /**
     * Enters a generation: joins the other members, and takes up the state of the first step: from memory, a checkpoint or the seed
     * if this rank holds it, else from a member that does. May wait for the others.
     *
     * @return where the state was taken from, for the log
     * @throws ExchangeException if members were lost, or the generation was {@link #abandon abandoned}
     */
    String enter(Generation generation, int rank) throws ExchangeException;

    /**
     * Runs the next step of the generation to its commit.
     *
     * @param stop asks all members to make this step their last
     * @throws io.flm.data.BrokenShard if the step needs a sample of a shard that stays broken
     */
    StepResult step(boolean stop) throws ExchangeException;

    /**
     * Writes a checkpoint of the committed state, in a generation or out of it. Returns when the state may change again; writing
     * may go on in the background.
     */
    void save(SaveListener listener);

    /** SHA-256 over the weights of the committed state. */
    String weightsSha256();

    /**
     * From any thread: closes the exchange of this generation, so that {@link #enter} or {@link #step} ends soon with an
     * exception, and refuses to enter it, or an older one, from now on. The step at hand is not committed, unless all members
     * have already contributed to it. Does not wait for the trainer's thread.
     */
    void abandon(long generation, String reason);

    /** Leaves the generation; the state of the committed step is kept. */
    void leave();

    /**
     * The number of committed steps, which is the next step: of the state in memory, or before the first generation of the
     * checkpoint or seed that this trainer can begin with.
     */
    long committedSteps();

    /**
     * The shards that the state leaves out: those of the last generation, or before the first one of the checkpoint. With them those that
     * a step of it failed for, each from that step on.
     */
    BrokenShards brokenShards();

    @Override
    void close();
}
