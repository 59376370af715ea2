package io.flm.coordinator;

import io.flm.data.BrokenShards;
import io.flm.exchange.StepTotals;
import io.flm.worker.AsyncTrainer;
import io.flm.worker.FailureKind;
import io.flm.worker.Generation;
import io.flm.worker.RunPlan;
import io.flm.worker.ShownSamples;
import io.flm.worker.StepMetrics;
import io.flm.worker.StepResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A trainer whose steps are taken by the test. What it holds of a run it keeps, as a real one does. */
final class StubTrainer implements AsyncTrainer {
    final List<Long> entered = new ArrayList<>();
    final List<String> saves = new ArrayList<>();
    Map<String, String> hashes = Map.of("data", "d1");
    String refusal = "";
    String saveFailure = "";
    String weights = "";
    boolean holdsPreparation;
    boolean holdsEntry;
    boolean silentSave;
    double laneMs = 1;

    @Nullable Generation generation;

    boolean running;
    boolean stopRequested;
    long halts;
    private final String name;
    private long committed;
    private BrokenShards broken = BrokenShards.NONE;
    private Consumer<Event> listener = event -> {};
    private Runnable preparation = () -> {};
    private Runnable entry = () -> {};

    StubTrainer(String name) {
        this.name = name;
    }

    /** Is prepared when the test says. */
    StubTrainer slowly() {
        holdsPreparation = true;
        return this;
    }

    @Override
    public void prepare(RunPlan plan, Consumer<Event> told) {
        committed = 0;
        broken = BrokenShards.NONE;
        preparation = () -> told.accept(refusal.isEmpty() ? new Prepared(hashes) : new Refused(refusal));
        if (!holdsPreparation) {
            preparation.run();
        }
    }

    void finishPreparation() {
        holdsPreparation = false;
        preparation.run();
    }

    @Override
    public void enter(Generation next, int rank, Consumer<Event> told) {
        entered.add(next.number());
        generation = next;
        stopRequested = false;
        listener = told;
        entry = () -> {
            committed = next.firstStep();
            broken = next.broken();
            running = true;
            told.accept(new Entered(next.holders().contains(rank) ? "memory" : "a holder"));
        };
        if (!holdsEntry) {
            entry.run();
        }
    }

    void finishEntry() {
        holdsEntry = false;
        entry.run();
    }

    @Override
    public void requestStop() {
        stopRequested = true;
        halts++;
    }

    @Override
    public void abandon(long number, String reason) {
        if (generation != null && generation.number() <= number) {
            end(new Failed(FailureKind.MEMBER_LOST, reason, List.of()));
        }
    }

    /** Commits a step, or the last one. */
    void commit(boolean last) {
        long step = committed;
        committed = step + 1;
        StepTotals totals = new StepTotals(new long[] {1}, new double[] {2}, new long[] {1}, 8, 4, last);
        StepResult result = new StepResult(
                step, 2.5, totals, List.of(), 1e-3, 1, null, List.of(), new StepResult.Times(1, 2, 3, 4, 5));
        listener.accept(new Progressed(
                result,
                List.of(new Head("rec", 2, 1, null, null)),
                new Rates(100, 800, laneMs, new Shares(0.1, 0.2, 0.4, 0.2, 0.1), new Traffic(3e6, 2e6)),
                List.of(StepMetrics.of(result, List.of("rec")))));
        if (last) {
            end(new Ended(committed));
        }
    }

    /** Tells what weights say of held-out samples. */
    void show(ShownSamples samples) {
        listener.accept(new Shown(samples));
    }

    void fail(FailureKind kind, String cause, String... lostNodes) {
        if (generation != null) {
            end(new Failed(kind, cause, List.of(lostNodes)));
        }
    }

    /** A shard that its lanes need stays broken. */
    void breakShard(String shard) {
        broken = broken.with(shard, committed);
        fail(FailureKind.SHARD, shard + ": HTTP 404, no such file");
    }

    private void end(Event event) {
        generation = null;
        running = false;
        listener.accept(event);
    }

    @Override
    public void save(Consumer<Event> told) {
        saves.add(name + " " + committed);
        if (!silentSave) {
            told.accept(
                    saveFailure.isEmpty()
                            ? new Saved(committed, "/" + name + "/" + committed)
                            : new SaveFailed(saveFailure));
        }
    }

    @Override
    public void hash(Consumer<Event> told) {
        told.accept(new Hashed(committed, "weights of " + committed + weights));
    }

    @Override
    public long committedSteps() {
        return committed;
    }

    @Override
    public BrokenShards brokenShards() {
        return broken;
    }

    @Override
    public void close() {}
}
