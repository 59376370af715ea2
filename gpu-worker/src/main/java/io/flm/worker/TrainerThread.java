package io.flm.worker;

import io.flm.data.UserException;
import io.flm.exchange.ExchangeException;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that runs a worker's steps. It loops on its own from the first step of a generation to the last: no step waits
 * for a message. What it does is told to a listener, which the worker actor turns into messages.
 */
public final class TrainerThread implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TrainerThread.class);

    /** What happens on the thread. */
    public sealed interface Event {
        /** The generation's first state is taken up. */
        record Entered(String how) implements Event {}

        /** A step was committed; at most {@value #PROGRESS_PER_SECOND} times a second. */
        record Progressed(StepResult result, double samplesPerSecond) implements Event {}

        /** The last step of the generation was committed; {@code reason} is empty where another member asked for the end. */
        record Ended(long committedSteps, String reason) implements Event {}

        /** The generation cannot go on here. */
        record Failed(String cause, FailureKind kind) implements Event {}
    }

    private static final int PROGRESS_PER_SECOND = 4;

    private final ExecutorService thread;
    private final Supplier<StepRunner> factory;
    private final long totalSteps;
    private final Duration limit;
    private final Consumer<StepResult> observer;
    private final LongSupplier nanoTime;
    private @Nullable StepRunner runner; // of the thread
    private volatile long committedSteps;
    private volatile boolean stopRequested;
    private volatile boolean closed;

    /**
     * @param factory makes the runner on the thread itself, since engines keep settings for each thread
     * @param totalSteps the run ends when so many are committed
     * @param limit the run also ends with the first step committed so long after its generation began; zero: no limit
     * @param observer is told each step that this thread committed as rank 0, on the thread
     * @param nanoTime a clock for rates
     */
    public TrainerThread(
            String name,
            Supplier<StepRunner> factory,
            long totalSteps,
            Duration limit,
            Consumer<StepResult> observer,
            LongSupplier nanoTime) {
        this.factory = factory;
        this.totalSteps = totalSteps;
        this.limit = limit;
        this.observer = observer;
        this.nanoTime = nanoTime;
        this.thread = Executors.newSingleThreadExecutor(task -> new Thread(task, "trainer-" + name));
    }

    /** Steps committed so far, as seen by any thread. */
    public long committedSteps() {
        return committedSteps;
    }

    /** Asks all members of the generation, by way of the next reduction, to stop after one step. */
    public void requestStop() {
        stopRequested = true;
    }

    /** Enters a generation and trains until it ends. */
    void enter(Generation generation, int rank, Consumer<Event> listener) {
        stopRequested = false;
        thread.execute(() -> {
            try {
                train(generation, rank, listener);
            } catch (UserException e) {
                listener.accept(new Event.Failed(String.valueOf(e.getMessage()), FailureKind.USER));
            } catch (ExchangeException e) {
                listener.accept(new Event.Failed(String.valueOf(e.getMessage()), FailureKind.MEMBER_LOST));
            } catch (Throwable e) { // an error here must reach the coordinator, whatever it is
                LOG.error("step {} of generation {}, rank {}", committedSteps, generation.number(), rank, e);
                listener.accept(new Event.Failed(
                        "step " + committedSteps + ", rank " + rank + ": " + e + "; the log has the stack trace",
                        FailureKind.BROKEN));
            }
        });
    }

    private void train(Generation generation, int rank, Consumer<Event> listener) throws ExchangeException {
        StepRunner r = runner;
        if (r == null) {
            r = factory.get();
            runner = r;
        }
        try {
            String how = r.enter(generation, rank);
            committedSteps = r.committedSteps();
            listener.accept(new Event.Entered(how));
            long start = nanoTime.getAsLong();
            long lastReport = start;
            boolean late = false;
            long samples = 0;
            boolean stop = committedSteps >= totalSteps;
            while (!stop && !closed) {
                StepResult result = r.step(stopRequested || late);
                committedSteps = r.committedSteps();
                stop = result.totals().stop() || committedSteps >= totalSteps;
                if (rank == 0) {
                    observer.accept(result);
                }
                samples += result.totals().samples();
                long now = nanoTime.getAsLong();
                late = limit.compareTo(Duration.ZERO) > 0 && now - start >= limit.toNanos();
                if (stop || now - lastReport >= 1_000_000_000L / PROGRESS_PER_SECOND) {
                    listener.accept(new Event.Progressed(result, samples * 1e9 / Math.max(1, now - lastReport)));
                    lastReport = now;
                    samples = 0;
                }
            }
            r.checkpoint();
            listener.accept(
                    new Event.Ended(committedSteps, late ? "the time limit of " + limit.toSeconds() + " s" : ""));
        } finally {
            r.leave();
        }
    }

    /** Ends after the step at hand. */
    @Override
    public void close() {
        closed = true;
        thread.execute(() -> {
            if (runner != null) {
                runner.close();
            }
        });
        thread.shutdown();
    }
}
