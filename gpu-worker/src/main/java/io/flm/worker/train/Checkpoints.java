package io.flm.worker.train;

import io.flm.data.BrokenShards;
import io.flm.worker.BlockingTrainer.SaveListener;
import io.flm.worker.model.ParameterStore;
import java.util.Map;

/** Where a run keeps the state of committed steps. Called on the trainer thread between steps. */
public interface Checkpoints {
    /** The newest state that is kept, or the seed; others may have written it since this was asked last. */
    InitialState newest();

    /** Rank 0 has committed its step number {@code steps}: the state may be copied now. */
    void committed(ParameterStore store, long steps, BrokenShards broken);

    /** Writes the state, copied at once, in the background. */
    void save(ParameterStore store, long steps, BrokenShards broken, SaveListener listener);

    /** SHA-256 of what was read, by a word for it. */
    Map<String, String> hashes();
}
