package io.flm.worker.train;

import io.flm.data.BrokenShards;
import io.flm.exchange.Exchange;
import io.flm.exchange.ExchangeException;
import io.flm.exchange.GroupSpec;
import io.flm.exchange.StateDownload;
import io.flm.worker.model.ParameterStore;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The state that a worker holds: weights and moments after some committed steps. It is in memory, or still where the run keeps
 * it; another one is taken up when a generation begins with a step that the worker does not hold.
 */
final class CommittedState {
    private static final Logger LOG = LoggerFactory.getLogger(CommittedState.class);
    private static final long NOT_LOADED = -1;

    private final ParameterStore store;
    private final Checkpoints checkpoints;
    private long loaded = NOT_LOADED; // steps of what is in memory
    private BrokenShards broken = BrokenShards.NONE; // that what is in memory leaves out
    private InitialState initial; // what is held while nothing is in memory
    private @Nullable StateDownload download; // one that a lost donor cut short

    CommittedState(ParameterStore store, Checkpoints checkpoints) {
        this.store = store;
        this.checkpoints = checkpoints;
        this.initial = checkpoints.newest();
    }

    /** The committed steps, which is the next step. */
    long steps() {
        return loaded < 0 ? initial.steps() : loaded;
    }

    /** The shards that the state leaves out, a part of it as weights are, and those that the next step leaves out. */
    BrokenShards broken() {
        return loaded < 0 ? initial.broken() : broken;
    }

    /** What is in memory goes on without these shards. */
    void leaveOut(BrokenShards shards) {
        broken = shards;
    }

    /** The weights in memory have made a step. */
    void committed(long steps) {
        loaded = steps;
    }

    /** What is said to be held may still be on disk, since no generation was entered yet. */
    void load() {
        if (loaded < 0) {
            initial = checkpoints.newest();
            LOG.info("weights: {}", restore());
        }
    }

    /** The state of the first step: from memory, a checkpoint or the seed, else from a member that holds it. */
    String takeUp(long step, GroupSpec spec, int rank, Exchange exchange) throws ExchangeException {
        if (!spec.holders().contains(rank)) {
            return fetch(step, exchange);
        }
        String how = "weights from memory";
        if (loaded != step) {
            if (steps() != step) {
                throw new IllegalStateException(
                        "rank " + rank + " is said to hold step " + step + ", but holds step " + steps());
            }
            how = restore(step);
        }
        if (spec.holders().size() < spec.worldSize()) {
            exchange.offer(step, new StateBytes(store));
        }
        return how;
    }

    /**
     * Loads the newest state that is kept.
     *
     * @throws ExchangeException if that is not of {@code step}: members wrote a newer one since this worker said what it
     *     holds, and may have deleted that; the next generation begins with it
     */
    private String restore(long step) throws ExchangeException {
        initial = checkpoints.newest();
        if (initial.steps() != step) {
            throw new ExchangeException("step " + step + " is no longer the newest checkpoint: that of step "
                    + initial.steps() + " was written since");
        }
        return restore();
    }

    private String restore() {
        download = null; // what there was of it is overwritten
        String how = initial.restore(store);
        loaded = initial.steps();
        broken = initial.broken();
        return how;
    }

    private String fetch(long step, Exchange exchange) throws ExchangeException {
        StateDownload begun = download;
        if (begun == null || begun.step() != step) {
            begun = new StateDownload(step, new StateBytes(store));
            download = begun;
        }
        loaded = NOT_LOADED; // while it is overwritten there is no state
        StateDownload.Progress[] last = {new StateDownload.Progress(0, 0, 0, 0)};
        exchange.fetch(begun, progress -> {
            last[0] = progress;
            LOG.debug("step {}: {}", step, progress);
        });
        download = null;
        loaded = step;
        return String.format(
                Locale.ROOT,
                "state of step %d from rank %d, %.1f MB at %.0f MB/s",
                step,
                last[0].donor(),
                last[0].sizeBytes() / 1e6,
                last[0].bytesPerSecond() / 1e6);
    }
}
