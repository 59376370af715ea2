package io.flm.worker.train;

import io.flm.data.BrokenShards;
import io.flm.worker.model.ParameterStore;

/** A state that a run can begin with. */
public interface InitialState {
    /** Its committed steps. */
    long steps();

    /** The shards that it leaves out. */
    default BrokenShards broken() {
        return BrokenShards.NONE;
    }

    /** Loads it into the store; returns where it came from, for the log. */
    String restore(ParameterStore store);
}
