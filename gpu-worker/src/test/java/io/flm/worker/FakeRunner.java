package io.flm.worker;

import io.flm.exchange.ExchangeException;
import io.flm.exchange.LaneRange;
import io.flm.exchange.StepTotals;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** A runner without a device: counts steps, can be held at a step, can fail at one. */
final class FakeRunner implements StepRunner {
    final List<String> calls = new ArrayList<>();
    final CountDownLatch held = new CountDownLatch(1);
    private final long holdAt;
    private final long failAt;
    private final RuntimeException failure;
    private long committed;

    FakeRunner(long holdAt, long failAt, RuntimeException failure) {
        this.holdAt = holdAt;
        this.failAt = failAt;
        this.failure = failure;
    }

    static Generation alone(long number, String worker, long firstStep) {
        return new Generation(number, firstStep, List.of(new Generation.Member(worker, new LaneRange(0, 2))));
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
            try {
                held.await();
            } catch (InterruptedException e) {
                throw new ExchangeException("interrupted", e);
            }
        }
        if (committed == failAt) {
            throw failure;
        }
        StepTotals totals = new StepTotals(new long[] {1}, new double[] {2}, new long[] {0}, 8, 4, stop);
        return new StepResult(committed++, 2, totals, 1e-3, new StepResult.Times(1, 2, 3, 4, 5));
    }

    @Override
    public synchronized void checkpoint() {
        calls.add("checkpoint " + committed);
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
