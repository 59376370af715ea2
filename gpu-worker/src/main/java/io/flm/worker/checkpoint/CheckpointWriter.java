package io.flm.worker.checkpoint;

import io.flm.data.WriteErrors;
import io.flm.worker.torch.MemoryShortage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes checkpoints beside training. At a step's end the state is copied into host memory that is kept for it (three times
 * the parameters); one thread writes the copy. If the previous one is still being written the new one is left out: training
 * never waits for the disk, and the log says so.
 *
 * <p>A failure, such as a full disk or a want of memory for the copy, is told to whoever asked for the checkpoint, else to the
 * listener; the older checkpoint stays the newest.
 * Called by the trainer thread.
 */
public final class CheckpointWriter implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CheckpointWriter.class);

    private final CheckpointStore store;
    private final RunIdentity identity;
    private final Consumer<Event> listener;
    private final ExecutorService thread;
    private @Nullable Copy copy;
    private CompletableFuture<Void> underWay = CompletableFuture.completedFuture(null);
    private volatile Event.@Nullable Written newest;

    /** What became of a checkpoint. */
    public sealed interface Event {
        long step();

        /** It is on the disk. */
        record Written(long step, Path folder) implements Event {}

        /** It could not be written: which, where and why in one line. */
        record Failed(long step, String message) implements Event {}

        /** It was left out, since that of an earlier step was still being written. */
        record LeftOut(long step) implements Event {}
    }

    private record Copy(HostFloats values, HostFloats firstMoments, HostFloats secondMoments) {
        private static Copy sizedAs(TrainingState state) {
            return new Copy(
                    new HostFloats(state.values().count()),
                    new HostFloats(state.firstMoments().count()),
                    new HostFloats(state.secondMoments().count()));
        }

        private TrainingState of(TrainingState state) {
            values.copyFrom(state.values());
            firstMoments.copyFrom(state.firstMoments());
            secondMoments.copyFrom(state.secondMoments());
            return new TrainingState(
                    state.step(), state.samples(), state.broken(), state.layout(), values, firstMoments, secondMoments);
        }
    }

    /**
     * Writes to {@code store}.
     *
     * @param listener is told of checkpoints that nobody asked for, by the writing thread or the calling one
     */
    public CheckpointWriter(CheckpointStore store, RunIdentity identity, Consumer<Event> listener) {
        this.store = store;
        this.identity = identity;
        this.listener = listener;
        this.thread = Executors.newSingleThreadExecutor(task -> new Thread(task, "checkpoint-writer"));
    }

    /** Copies the state and writes it in the background; returns when it is copied. */
    public void offer(TrainingState state) {
        if (!underWay.isDone()) {
            LOG.warn(
                    "step {}: checkpoint left out, since the one before is still being written; a larger"
                            + " flm.checkpoint.every-steps or a faster disk avoids it",
                    state.step());
            listener.accept(new Event.LeftOut(state.step()));
            return;
        }
        start(state, listener);
    }

    /** As {@link #offer}, but waits until the one before is written: this one is not left out. */
    public void require(TrainingState state) {
        request(state, listener);
    }

    /**
     * Writes a checkpoint that was asked for, unless the newest is of the same step. Waits until the one before is written, then
     * returns when the state is copied.
     *
     * @param asker is told what became of it
     */
    public void request(TrainingState state, Consumer<Event> asker) {
        underWay.join();
        Event.Written written = newest;
        if (written != null && written.step() == state.step()) {
            asker.accept(written);
            return;
        }
        start(state, asker);
    }

    private void start(TrainingState state, Consumer<Event> asker) {
        TrainingState copied;
        try {
            if (copy == null) {
                copy = Copy.sizedAs(state);
            }
            copied = copy.of(state);
        } catch (RuntimeException | OutOfMemoryError e) {
            if (MemoryShortage.of(e).isEmpty()) {
                throw e; // a fault of the device: it cannot train either
            }
            asker.accept(failed(state, e));
            return;
        }
        underWay = CompletableFuture.runAsync(() -> asker.accept(write(copied)), thread);
    }

    /** Returns when nothing is being written any more. */
    @Override
    public void close() {
        thread.shutdown();
        underWay.join();
    }

    private Event write(TrainingState state) {
        Event event;
        try {
            Path folder = store.save(state, identity);
            LOG.info("step {}: checkpoint {}", state.step(), folder);
            Event.Written written = new Event.Written(state.step(), folder);
            newest = written;
            event = written;
        } catch (IOException e) {
            event = failed(state, e);
        } catch (Throwable e) { // whatever it is, training goes on, and the asker must hear of it
            LOG.error("step {}: a fault of the program, or a want of memory", state.step(), e);
            event = failed(state, e);
        }
        return event;
    }

    private Event failed(TrainingState state, Throwable cause) {
        String message = "no checkpoint of step " + state.step() + ": "
                + MemoryShortage.of(cause).orElseGet(() -> store.folder() + ": " + why(cause));
        LOG.info(message, cause);
        return new Event.Failed(state.step(), message);
    }

    private static String why(Throwable cause) {
        String full = WriteErrors.full(cause);
        return full == null ? cause.toString() : full + "; make room";
    }
}
