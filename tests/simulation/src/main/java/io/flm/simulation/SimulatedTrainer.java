package io.flm.simulation;

import io.flm.data.BrokenShards;
import io.flm.exchange.StepTotals;
import io.flm.worker.AsyncTrainer;
import io.flm.worker.FailureKind;
import io.flm.worker.Generation;
import io.flm.worker.RunPlan;
import io.flm.worker.StepResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A device whose steps take virtual time, with weights of 64 bits. Like the real one it runs from step to step by itself. */
final class SimulatedTrainer implements AsyncTrainer {
    private static final double PROGRESS_MS = 250;

    private final Life life;
    private long attempt;
    private long totalSteps;
    private long committed;
    private long weights;
    private BrokenShards broken = BrokenShards.NONE;
    private boolean stopRequested;
    private long abandonedGeneration;
    private String abandonReason = "";
    private double busyUntilMs;
    private double progressedAtMs;
    private double computeMs;
    private final List<Consumer<Event>> saves = new ArrayList<>();
    private SimulatedExchange.@Nullable Rank place;
    private Consumer<Event> listener = event -> {};

    SimulatedTrainer(Life life) {
        this.life = life;
    }

    private World world() {
        return life.node.world;
    }

    @Override
    public long committedSteps() {
        return committed;
    }

    @Override
    public BrokenShards brokenShards() {
        return broken;
    }

    boolean isMember() {
        return place != null;
    }

    @Override
    public void prepare(RunPlan plan, Consumer<Event> told) {
        long same = ++attempt;
        life.after(world().around(world().scenario.prepareMs()), () -> {
            if (same == attempt) {
                Map.Entry<Long, Node.State> newest = plan.resume() ? life.node.disk.checkpoints.lastEntry() : null;
                totalSteps = plan.totalSteps();
                committed = newest == null ? 0 : newest.getKey();
                weights = newest == null
                        ? Weights.first(world().scenario.seed())
                        : newest.getValue().weights();
                broken = newest == null ? BrokenShards.NONE : newest.getValue().broken();
                told.accept(new Prepared(Map.of("data", "the same")));
            }
        });
    }

    @Override
    public void enter(Generation generation, int rank, Consumer<Event> told) {
        stopRequested = false;
        listener = told;
        world().watch.entered(life, generation);
        if (abandonedGeneration >= generation.number()) {
            life.after(0, () -> told.accept(new Failed(FailureKind.MEMBER_LOST, abandonReason, List.of())));
            return;
        }
        SimulatedExchange.Rank taken = world().exchange.take(generation, rank, life);
        place = taken;
        loseTransport();
        if (place == null) {
            return;
        }
        if (generation.holders().contains(rank)) {
            life.after(world().around(10), () -> hold(taken));
        } else {
            fetch(taken);
        }
    }

    private void hold(SimulatedExchange.Rank taken) {
        if (place == taken) {
            if (committed != taken.firstStep()) { // the protocol does not hold
                throw new IllegalStateException(
                        life.node.worker + " holds step " + committed + ", not step " + taken.firstStep());
            }
            broken = taken.generation().broken();
            taken.becomeReady();
        }
    }

    /** From any member that has the state and can be reached, once there is one. */
    private void fetch(SimulatedExchange.Rank taken) {
        life.after(world().around(world().scenario.fetchMs()), () -> {
            if (place != taken) {
                return;
            }
            SimulatedTrainer holder = taken.holder();
            if (holder == null) {
                fetch(taken);
                return;
            }
            committed = holder.committed;
            weights = holder.weights;
            hold(taken);
        });
    }

    /** All members have the state of the first step. */
    void begin() {
        listener.accept(new Entered("memory"));
        if (committed >= totalSteps) {
            end();
        } else {
            compute();
        }
    }

    private void compute() {
        SimulatedExchange.Rank taken = place;
        if (taken == null) {
            return;
        }
        double averageMs = taken.lanes().count() * world().scenario.laneMs().get(life.node.index) * life.node.slowness;
        computeMs = world().scenario.deviceMs(averageMs, world().random);
        busyUntilMs = world().nowMs() + computeMs;
        life.after(computeMs, () -> {
            if (place == taken && readsAll(taken)) {
                taken.contribute(committed, weights, broken, stopRequested);
            }
        });
    }

    /** Whether all samples of the step can be read; else the step fails for the first shard that cannot. */
    private boolean readsAll(SimulatedExchange.Rank taken) {
        for (int lane = taken.lanes().from(); lane < taken.lanes().to(); lane++) {
            int shard = Weights.shard(committed, lane, broken);
            if (!life.node.reads(shard)) {
                broken = broken.with(Weights.name(shard), committed);
                if (world().broken.contains(BrokenRule.NO_AGREEMENT_ON_SHARDS)) {
                    return readsAll(taken);
                }
                fail(FailureKind.SHARD, Weights.name(shard) + ": HTTP 404", List.of());
                return false;
            }
        }
        return true;
    }

    /** All members have contributed to the step at hand. */
    void commit(Reduction reduction) {
        weights = Weights.next(weights, committed, reduction.sum());
        committed++;
        world().watch.committed(life, reduction, committed, weights);
        SimulatedExchange.Rank taken = place;
        boolean first = taken != null && taken.rank() == 0;
        if (first && committed % world().scenario.checkpointSteps() == 0) {
            write(event -> {});
        }
        writeSaves();
        boolean last = reduction.stop() || committed >= totalSteps;
        if (last || world().nowMs() - progressedAtMs >= PROGRESS_MS) {
            progressedAtMs = world().nowMs();
            listener.accept(progressed(reduction));
        }
        if (last) {
            end();
        } else {
            compute();
        }
    }

    private Progressed progressed(Reduction r) {
        StepTotals totals = new StepTotals(new long[] {1}, new double[] {1}, new long[] {1}, 1, 1, r.stop());
        double laneMs =
                computeMs / Math.max(1, place == null ? 1 : place.lanes().count());
        return new Progressed(
                new StepResult(
                        r.step(), 1, totals, List.of(), 1e-3, 1, null, List.of(), new StepResult.Times(0, 1, 1, 1, 1)),
                List.of(),
                new Rates(1, 1, laneMs, new Shares(0, 0.5, 0.5, 0, 0), Traffic.NONE),
                List.of());
    }

    private void end() {
        SimulatedExchange.Rank taken = place;
        place = null;
        if (taken != null) {
            taken.leave(true);
        }
        writeSaves();
        listener.accept(new Ended(committed));
    }

    /** The exchange lost members. The device ends what it computes before it is told so. */
    void fail(String cause, List<String> lostNodes) {
        fail(FailureKind.MEMBER_LOST, cause, lostNodes);
    }

    private void fail(FailureKind kind, String cause, List<String> lostNodes) {
        SimulatedExchange.Rank taken = place;
        if (taken == null) {
            return;
        }
        place = null;
        taken.leave(false);
        Consumer<Event> told = listener;
        life.after(Math.max(1, busyUntilMs - world().nowMs()), () -> {
            writeSaves();
            told.accept(new Failed(kind, cause, lostNodes));
        });
    }

    /** This node's own exchange has ended, or cannot be opened. */
    void loseTransport() {
        SimulatedExchange.Rank taken = place;
        if (taken != null && !taken.isAlone() && !life.node.hasTransport()) {
            boolean says = !world().broken.contains(BrokenRule.NO_SELF_BLAME);
            fail("this node's exchange ended", says ? List.of(life.node.name) : List.of());
        }
    }

    @Override
    public void requestStop() {
        stopRequested = true;
    }

    @Override
    public void abandon(long generation, String reason) {
        abandonedGeneration = Math.max(abandonedGeneration, generation);
        abandonReason = reason;
        if (place != null && place.generation().number() <= generation) {
            fail(reason, List.of());
        }
    }

    @Override
    public void save(Consumer<Event> told) {
        saves.add(told);
        if (place == null) {
            life.after(1, this::writeSaves);
        }
    }

    private void writeSaves() {
        List<Consumer<Event>> now = List.copyOf(saves);
        saves.clear();
        now.forEach(this::write);
    }

    /** A checkpoint is there whole, or not at all. */
    private void write(Consumer<Event> told) {
        long step = committed;
        Node.State state = new Node.State(weights, broken);
        life.after(world().around(world().scenario.saveMs()), () -> {
            if (life.node.disk.full > 0) {
                told.accept(new SaveFailed(life.node.name + ": the disk is full; make room"));
            } else {
                life.node.disk.checkpoints.put(step, state);
                told.accept(new Saved(step, life.node.name + ":" + step));
            }
        });
    }

    @Override
    public void hash(Consumer<Event> told) {
        life.after(1, () -> told.accept(new Hashed(committed, Long.toHexString(weights))));
    }

    @Override
    public void close() {
        SimulatedExchange.Rank taken = place;
        place = null;
        if (taken != null) {
            taken.leave(false);
        }
    }
}
