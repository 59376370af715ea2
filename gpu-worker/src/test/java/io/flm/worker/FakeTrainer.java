package io.flm.worker;

import io.flm.data.BrokenShards;
import io.flm.data.CorruptionCounts;
import io.flm.exchange.ExchangeException;
import io.flm.exchange.LaneRange;
import io.flm.exchange.StepTotals;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A trainer without a device: counts steps, can be held at a step, can fail at one. */
final class FakeTrainer implements BlockingTrainer {
    final List<String> calls = new ArrayList<>();
    final CountDownLatch held = new CountDownLatch(1);
    private final CountDownLatch atHold = new CountDownLatch(1);
    private final long holdAt;
    private final long failAt;
    private final RuntimeException failure;
    private volatile long committed;
    private volatile String abandoned = "";
    volatile @Nullable Error saveFailure;

    FakeTrainer(long holdAt, long failAt, RuntimeException failure) {
        this.holdAt = holdAt;
        this.failAt = failAt;
        this.failure = failure;
    }

    /** Waits until the step at which this is held has begun; says whether it has. */
    boolean awaitHold() throws InterruptedException {
        return atHold.await(10, TimeUnit.SECONDS);
    }

    static Generation alone(long number, String worker, long firstStep) {
        return Generation.of(
                number, "run-1", firstStep, List.of(new Generation.Member(worker, "node", "", new LaneRange(0, 2))));
    }

    @Override
    public BrokenShards brokenShards() {
        return BrokenShards.NONE;
    }

    @Override
    public synchronized String enter(Generation generation, int rank) {
        calls.add("enter " + generation.number());
        committed = generation.firstStep();
        return "from memory";
    }

    @Override
    public StepResult step(boolean stop) throws ExchangeException {
        if (committed == holdAt) {
            atHold.countDown();
            try {
                held.await();
            } catch (InterruptedException e) {
                throw new ExchangeException("interrupted", e);
            }
        }
        if (!abandoned.isEmpty()) {
            throw new ExchangeException(abandoned);
        }
        if (committed == failAt) {
            throw failure;
        }
        StepTotals totals = new StepTotals(new long[] {4}, new double[] {8}, new long[] {1}, 8, 4, stop);
        long step = committed;
        committed = step + 1;
        return new StepResult(
                step,
                2,
                totals,
                List.of(new CorruptionCounts(10, 4, 40, 10)),
                1e-3,
                1,
                null,
                List.of(),
                new StepResult.Times(1, 1, 1, 3, 4));
    }

    @Override
    public synchronized void save(SaveListener listener) {
        calls.add("save " + committed);
        Error failing = saveFailure;
        if (failing != null) {
            throw failing;
        }
        listener.onSaved(committed, "/checkpoints/" + committed);
    }

    @Override
    public String weightsSha256() {
        return "hash of " + committed;
    }

    @Override
    public Map<String, String> hashes() {
        return Map.of("data", "d1");
    }

    @Override
    public List<String> heads() {
        return List.of("mlm");
    }

    @Override
    public void abandon(long generation, String reason) {
        abandoned = reason;
        held.countDown();
    }

    @Override
    public synchronized void leave() {
        calls.add("leave");
    }

    @Override
    public long committedSteps() {
        return committed;
    }

    @Override
    public synchronized void close() {
        calls.add("close");
    }

    synchronized List<String> calls() {
        return List.copyOf(calls);
    }
}
