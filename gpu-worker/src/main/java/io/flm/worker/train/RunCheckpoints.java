package io.flm.worker.train;

import io.flm.data.BrokenShards;
import io.flm.data.UserException;
import io.flm.worker.BlockingTrainer;
import io.flm.worker.checkpoint.Checkpoint;
import io.flm.worker.checkpoint.CheckpointSettings;
import io.flm.worker.checkpoint.CheckpointStore;
import io.flm.worker.checkpoint.CheckpointWriter;
import io.flm.worker.checkpoint.FlatFloats;
import io.flm.worker.checkpoint.RunIdentity;
import io.flm.worker.checkpoint.TensorRange;
import io.flm.worker.checkpoint.TrainingState;
import io.flm.worker.checkpoint.WeightTransfer;
import io.flm.worker.model.ParameterStore;
import io.flm.worker.model.ParameterStore.Buffer;
import io.flm.worker.weights.InitialWeights;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a run's state in checkpoints: every so many steps, and when asked, in the background. Workers begin with the newest one,
 * whichever process wrote it, or with weights drawn from the seed.
 */
public final class RunCheckpoints implements Checkpoints, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RunCheckpoints.class);

    private static final String ANSWERS = "flm.task.answers";

    private final CheckpointStore store;
    private final CheckpointSettings settings;
    private final RunIdentity identity;
    private final CheckpointWriter writer;
    private final InitialState first; // before the first step
    private final long globalBatch;
    private Optional<Checkpoint> newest; // guarded by this: the workers of a node share these

    /** The weights before the first step. */
    private record Seed(long seed) implements InitialState {
        @Override
        public long steps() {
            return 0;
        }

        @Override
        public String restore(ParameterStore store) {
            store.initialize(seed);
            return "seed " + seed;
        }
    }

    /** A new run with the weights of another one: no moments, no step. */
    private record FromWeights(Checkpoint checkpoint, boolean withoutReconstructor, boolean newClassifiers, long seed)
            implements InitialState {
        @Override
        public long steps() {
            return 0;
        }

        @Override
        public String restore(ParameterStore store) {
            store.initialize(seed);
            WeightTransfer transfer = WeightTransfer.of(
                    checkpoint, layout(store), withoutReconstructor, newClassifiers, sink(store, Buffer.VALUES));
            return "the weights of " + checkpoint.folder() + ": " + transfer.sentence();
        }
    }

    /** A new run with weights of other programs. */
    private record FromFiles(InitialWeights weights, long seed) implements InitialState {
        @Override
        public long steps() {
            return 0;
        }

        @Override
        public String restore(ParameterStore store) {
            store.initialize(seed);
            weights.load(layout(store), sink(store, Buffer.VALUES));
            return "weights of other programs: " + weights.report().sentence();
        }
    }

    private record Resumed(Checkpoint checkpoint) implements InitialState {
        @Override
        public long steps() {
            return checkpoint.step();
        }

        @Override
        public BrokenShards broken() {
            return checkpoint.broken();
        }

        @Override
        public String restore(ParameterStore store) {
            List<TensorRange> layout = layout(store);
            checkpoint.restoreWeights(layout, sink(store, Buffer.VALUES));
            checkpoint.restoreMoments(layout, sink(store, Buffer.FIRST_MOMENTS), sink(store, Buffer.SECOND_MOMENTS));
            return checkpoint.folder().toString();
        }
    }

    /**
     * Keeps the state of one run.
     *
     * @param origin what is known of its checkpoints; empty: there was none
     * @param from then it begins with these weights
     * @param weights or with these; both empty: with weights drawn from the seed
     * @param listener is told what became of each checkpoint
     */
    public RunCheckpoints(
            CheckpointStore store,
            CheckpointSettings settings,
            RunIdentity identity,
            Optional<Checkpoint> origin,
            Optional<Checkpoint> from,
            Optional<InitialWeights> weights,
            TrainSettings train,
            Consumer<CheckpointWriter.Event> listener) {
        this.store = store;
        this.settings = settings;
        this.identity = identity;
        this.newest = origin;
        this.writer = new CheckpointWriter(store, identity, listener);
        long seed = train.seed();
        this.first = from.<InitialState>map(c ->
                        new FromWeights(c, train.leavesReconstructor(), hasOtherAnswers(c.identity(), identity), seed))
                .or(() -> weights.map(w -> new FromFiles(w, seed)))
                .orElseGet(() -> new Seed(seed));
        this.globalBatch = train.globalBatch();
    }

    /** Whether a class of the one stands for another answer than in the other. */
    private static boolean hasOtherAnswers(RunIdentity before, RunIdentity now) {
        return !Objects.equals(before.settings().get(ANSWERS), now.settings().get(ANSWERS));
    }

    /** Reads a checkpoint only if it is another one than before. */
    @Override
    public synchronized InitialState newest() {
        try {
            store.newestValid(newest, LOG::warn).ifPresent(found -> {
                found.identity().requireSame(identity, found.folder().toString());
                newest = Optional.of(found);
            });
        } catch (UserException e) { // what was found before may do
            LOG.warn("{}", e.getMessage());
        }
        return newest.<InitialState>map(Resumed::new).orElse(first);
    }

    @Override
    public void committed(ParameterStore store, long steps, BrokenShards broken) {
        if (settings.keepAt().contains(steps)) {
            writer.require(state(store, steps, broken));
        } else if (settings.isDue(steps)) {
            writer.offer(state(store, steps, broken));
        }
    }

    @Override
    public void save(ParameterStore store, long steps, BrokenShards broken, BlockingTrainer.SaveListener listener) {
        writer.request(state(store, steps, broken), event -> {
            if (event instanceof CheckpointWriter.Event.Written w) {
                listener.onSaved(w.step(), w.folder().toString());
            } else if (event instanceof CheckpointWriter.Event.Failed f) {
                listener.onFailed(f.message());
            }
        });
    }

    @Override
    public Map<String, String> hashes() {
        return identity.contents();
    }

    private TrainingState state(ParameterStore store, long steps, BrokenShards broken) {
        return new TrainingState(
                steps,
                steps * globalBatch,
                broken,
                layout(store),
                flat(store, Buffer.VALUES),
                flat(store, Buffer.FIRST_MOMENTS),
                flat(store, Buffer.SECOND_MOMENTS));
    }

    /** The tensors of a model, as checkpoints name them. */
    public static List<TensorRange> layout(ParameterStore store) {
        return store.layout().stream()
                .map(p -> new TensorRange(p.name(), p.offset(), p.shape()))
                .toList();
    }

    /** Where restored values go. */
    public static FlatFloats.Sink sink(ParameterStore store, Buffer which) {
        return (offset, values) -> store.write(which, offset, values);
    }

    private static FlatFloats flat(ParameterStore store, Buffer which) {
        return new FlatFloats() {
            @Override
            public long count() {
                return store.size();
            }

            @Override
            public void read(long offset, FloatBuffer into) {
                store.read(which, offset, into);
            }
        };
    }

    @Override
    public void close() {
        writer.close();
    }
}
