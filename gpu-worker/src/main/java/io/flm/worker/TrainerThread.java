package io.flm.worker;

import io.flm.data.BrokenShard;
import io.flm.data.BrokenShards;
import io.flm.data.UserException;
import io.flm.exchange.ExchangeCounters;
import io.flm.exchange.ExchangeException;
import io.flm.worker.torch.MemoryShortage;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * The thread that runs a worker's steps. It loops on its own from the first step of a generation to the last: no step waits
 * for a message. What it does is told to listeners, which the worker actor turns into messages.
 */
public final class TrainerThread implements AsyncTrainer {
    private static final Logger LOG = LoggerFactory.getLogger(TrainerThread.class);
    private static final int PROGRESS_PER_SECOND = 4;
    private static final int MOST_STEPS_TOLD = 100; // at once; 400 a second

    /** Makes the trainer of a run. */
    @FunctionalInterface
    public interface Factory {
        /** Called on the trainer's own thread, since engines keep settings for each thread. */
        BlockingTrainer prepare(RunPlan plan);
    }

    /** Is told each step that the thread committed, on the thread. */
    @FunctionalInterface
    public interface StepObserver {
        void onStep(Generation generation, int rank, StepResult result);
    }

    /** A checkpoint that was asked for. */
    private record Save(Consumer<Event> listener) implements BlockingTrainer.SaveListener {
        @Override
        public void onSaved(long step, String where) {
            listener.accept(new Saved(step, where));
        }

        @Override
        public void onFailed(String reason) {
            listener.accept(new SaveFailed(reason));
        }
    }

    private final String name;
    private final ExecutorService thread;
    private final Factory factory;
    private final StepObserver observer;
    private final LongSupplier nanoTime;
    private final Supplier<ExchangeCounters> exchanged;
    private final ConcurrentLinkedQueue<Save> saves = new ConcurrentLinkedQueue<>();
    private volatile @Nullable BlockingTrainer trainer; // written by the thread
    private MeasuredRates corruption = new MeasuredRates(); // of the thread
    private volatile long totalSteps;
    private volatile long committedSteps;
    private volatile BrokenShards brokenShards = BrokenShards.NONE;
    private volatile long abandonedGeneration;
    private volatile String abandonReason = "";
    private volatile boolean stopRequested;
    private volatile boolean closed;

    /**
     * @param name of the worker
     * @param nanoTime a clock for rates
     * @param exchanged what the node has sent and received so far
     */
    public TrainerThread(
            String name,
            Factory factory,
            StepObserver observer,
            LongSupplier nanoTime,
            Supplier<ExchangeCounters> exchanged) {
        this.name = name;
        this.factory = factory;
        this.observer = observer;
        this.nanoTime = nanoTime;
        this.exchanged = exchanged;
        this.thread = Executors.newSingleThreadExecutor(task -> new Thread(task, "trainer-" + name));
    }

    @Override
    public long committedSteps() {
        return committedSteps;
    }

    @Override
    public BrokenShards brokenShards() {
        return brokenShards;
    }

    @Override
    public void prepare(RunPlan plan, Consumer<Event> listener) {
        execute(() -> {
            try {
                release();
                MDC.clear();
                MDC.put("run", plan.run());
                BlockingTrainer made = factory.prepare(plan);
                trainer = made;
                corruption = new MeasuredRates();
                totalSteps = plan.totalSteps();
                committedSteps = made.committedSteps();
                brokenShards = made.brokenShards();
                listener.accept(new Prepared(made.hashes()));
            } catch (UserException e) {
                listener.accept(new Refused(String.valueOf(e.getMessage())));
            } catch (Throwable e) { // whatever it is, the coordinator must hear of it
                LOG.error("worker {}: run {} cannot be prepared", name, plan.run(), e);
                listener.accept(new Refused("worker " + name + ": " + told(e)));
            }
        });
    }

    @Override
    public void requestStop() {
        stopRequested = true;
    }

    @Override
    public void abandon(long generation, String reason) {
        abandonReason = reason;
        abandonedGeneration = generation;
        BlockingTrainer r = trainer;
        if (r != null) {
            r.abandon(generation, reason);
        }
    }

    @Override
    public void save(Consumer<Event> listener) {
        saves.add(new Save(listener));
        execute(
                () -> { // comes to this after a generation only; in one the loop takes the request
                    BlockingTrainer r = trainer;
                    if (r == null) {
                        refuseSaves("worker " + name + ": there is no run to save");
                    } else {
                        writeSaves(r);
                        committedSteps = r.committedSteps();
                        brokenShards = r.brokenShards();
                    }
                });
    }

    @Override
    public void hash(Consumer<Event> listener) {
        execute(() -> {
            try {
                BlockingTrainer r = trainer;
                if (r == null) {
                    throw new IllegalStateException("there is no run to hash");
                }
                String weights = r.weightsSha256();
                committedSteps = r.committedSteps(); // of a newer checkpoint, where that was read
                brokenShards = r.brokenShards();
                listener.accept(new Hashed(committedSteps, weights));
            } catch (Throwable e) {
                LOG.error("worker {}: weights of step {} cannot be hashed", name, committedSteps, e);
                listener.accept(new Failed(FailureKind.BROKEN, "worker " + name + ": " + told(e), List.of()));
            }
        });
    }

    @Override
    public void enter(Generation generation, int rank, Consumer<Event> listener) {
        stopRequested = false;
        execute(() -> {
            MDC.put("generation", String.valueOf(generation.number()));
            MDC.put("rank", String.valueOf(rank));
            try {
                train(generation, rank, listener);
            } catch (BrokenShard e) {
                listener.accept(new Failed(FailureKind.SHARD, e.fault(), List.of()));
            } catch (UserException e) {
                listener.accept(new Failed(FailureKind.USER, String.valueOf(e.getMessage()), List.of()));
            } catch (ExchangeException e) {
                List<String> nodes = generation.nodes();
                List<String> lost = e.lostNodes().stream().map(nodes::get).toList();
                // What failed here is told even if the others were quicker to give the generation up.
                boolean own = lost.contains(generation.members().get(rank).node());
                String cause = isAbandoned(generation) && !own ? abandonReason : String.valueOf(e.getMessage());
                listener.accept(new Failed(FailureKind.MEMBER_LOST, cause, lost));
            } catch (Throwable e) { // an error here must reach the coordinator, whatever it is
                LOG.error("step {} of generation {}, rank {}", committedSteps, generation.number(), rank, e);
                listener.accept(new Failed(
                        FailureKind.BROKEN,
                        "worker " + name + ", step " + committedSteps + ", rank " + rank + ": " + told(e),
                        List.of()));
            } finally {
                MDC.remove("rank");
            }
        });
    }

    private static String told(Throwable e) {
        return MemoryShortage.of(e).orElseGet(() -> e + "; the log has the stack trace");
    }

    private boolean isAbandoned(Generation generation) {
        return abandonedGeneration >= generation.number();
    }

    private void train(Generation generation, int rank, Consumer<Event> listener) throws ExchangeException {
        BlockingTrainer r = trainer;
        if (r == null) {
            throw new IllegalStateException("a generation before a run was prepared");
        }
        if (isAbandoned(generation)) {
            throw new ExchangeException(abandonReason);
        }
        try {
            String how = r.enter(generation, rank);
            committedSteps = r.committedSteps();
            listener.accept(new Entered(how));
            int lanes = generation.members().get(rank).lanes().count();
            Meter meter = new Meter(lanes, nanoTime.getAsLong(), exchanged.get());
            Deque<StepMetrics> untold = new ArrayDeque<>();
            ShownSamples shown = null;
            boolean stop = committedSteps >= totalSteps;
            while (!stop && !closed) {
                if (isAbandoned(generation)) {
                    throw new ExchangeException(abandonReason);
                }
                StepResult result = r.step(stopRequested);
                committedSteps = r.committedSteps();
                stop = result.totals().stop() || committedSteps >= totalSteps;
                observer.onStep(generation, rank, result);
                MDC.put("step", String.valueOf(committedSteps));
                if (rank == 0) {
                    untold.addLast(StepMetrics.of(result, r.heads()));
                    if (untold.size() > MOST_STEPS_TOLD) {
                        untold.removeFirst();
                    }
                }
                shown = result.shown() == null ? shown : result.shown();
                corruption.add(result);
                writeSaves(r);
                meter.add(result);
                long now = nanoTime.getAsLong();
                if (stop || now - meter.since() >= 1_000_000_000L / PROGRESS_PER_SECOND) {
                    if (shown != null) {
                        listener.accept(new Shown(shown));
                        shown = null;
                    }
                    listener.accept(new Progressed(
                            result,
                            corruption.heads(r.heads(), result.byHead()),
                            meter.read(now, exchanged.get()),
                            List.copyOf(untold)));
                    untold.clear();
                }
            }
        } finally {
            r.leave();
            brokenShards = r.brokenShards();
            committedSteps = r.committedSteps(); // less than before, where a state was fetched over it in part
        }
        listener.accept(new Ended(committedSteps));
    }

    private void writeSaves(BlockingTrainer r) {
        for (Save save = saves.poll(); save != null; save = saves.poll()) {
            try {
                r.save(save);
            } catch (Throwable e) { // a checkpoint that fails must not end the training, nor stay unanswered
                LOG.error("worker {}: checkpoint of step {}", name, committedSteps, e);
                save.onFailed("worker " + name + ", step " + committedSteps + ": the checkpoint failed: " + told(e));
            }
        }
    }

    private void refuseSaves(String reason) {
        for (Save save = saves.poll(); save != null; save = saves.poll()) {
            save.onFailed(reason);
        }
    }

    private void execute(Runnable task) {
        try {
            thread.execute(task);
        } catch (RejectedExecutionException e) {
            if (!closed) {
                throw e;
            }
        }
    }

    private void release() {
        BlockingTrainer r = trainer;
        trainer = null;
        if (r != null) {
            r.close();
        }
    }

    @Override
    public void close() {
        closed = true;
        execute(this::release);
        thread.shutdown();
    }

    /** After {@link #close}: waits until the thread is done with the step at hand; says whether it is. */
    public boolean awaitEnd(Duration bound) {
        try {
            return thread.awaitTermination(bound.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
