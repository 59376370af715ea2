package io.flm.worker.train;

import akka.actor.typed.ActorSystem;
import io.flm.data.BadShare;
import io.flm.data.BatchReader;
import io.flm.data.BrokenShard;
import io.flm.data.BrokenShards;
import io.flm.data.Ingest;
import io.flm.data.LaneBatch;
import io.flm.data.RandomStream;
import io.flm.data.UserException;
import io.flm.exchange.Codec;
import io.flm.exchange.Exchange;
import io.flm.exchange.ExchangeException;
import io.flm.exchange.ExchangeNode;
import io.flm.exchange.GroupSpec;
import io.flm.exchange.LaneRange;
import io.flm.exchange.LaneTotals;
import io.flm.exchange.StepTotals;
import io.flm.worker.BlockingTrainer;
import io.flm.worker.Generation;
import io.flm.worker.ShownSamples;
import io.flm.worker.StepResult;
import io.flm.worker.model.FlmModel;
import io.flm.worker.model.FlmModel.LaneResult;
import io.flm.worker.model.Gradient;
import io.flm.worker.model.Loss;
import io.flm.worker.model.ParameterStore;
import io.flm.worker.optimize.AdamW;
import io.flm.worker.optimize.Schedule;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Trains one device: for each of its lanes a batch, forward and backward; the lanes' gradients added along the fixed tree;
 * the exchange; one optimizer update. The weights after a step depend on the settings and the step alone, not on who ran it.
 */
public final class Trainer implements BlockingTrainer {
    private final TrainSettings settings;
    private final Schedule schedule;
    private final AdamW optimizer;
    private final double[] headWeights;
    private final FlmModel model;
    private final ParameterStore store;
    private final CommittedState state;
    private final LaneSums sums;
    private final Ingest ingest;
    private final BadShare badShare;
    private final ExchangeNode node;
    private final Codec codec;
    private final Checkpoints checkpoints;
    private final Validation validation;
    private final ActorSystem<?> system;
    private volatile @Nullable Membership membership; // of the trainer thread; abandon closes its exchange
    private volatile long abandonedGeneration;
    private volatile String abandonReason = "";

    /** What exists while a generation trains. */
    private record Membership(
            long generation, Exchange exchange, @Nullable BatchReader feed) implements AutoCloseable {
        @Override
        public void close() {
            exchange.close();
            if (feed != null) {
                feed.close();
            }
        }
    }

    /** Made on the trainer thread, which must be prepared for the engine. */
    public Trainer(
            TrainSettings settings,
            FlmModel model,
            Ingest ingest,
            ExchangeNode node,
            Codec codec,
            Checkpoints checkpoints,
            Validation validation,
            ActorSystem<?> system) {
        this.settings = settings;
        this.schedule = settings.learningRates();
        this.headWeights = settings.objective().headWeights();
        this.model = model;
        this.store = model.parameters();
        this.optimizer = new AdamW(store, settings.optimizer());
        this.sums = new LaneSums(settings.lanes(), codec, store::newGradient);
        this.ingest = ingest;
        this.badShare = ingest.badShare();
        this.node = node;
        this.codec = codec;
        this.checkpoints = checkpoints;
        this.validation = validation;
        this.state = new CommittedState(store, checkpoints);
        this.system = system;
    }

    @Override
    public String enter(Generation generation, int rank) throws ExchangeException {
        GroupSpec spec = GroupSpecs.of(generation, store.stageCount(), codec);
        Exchange exchange = node.join(spec, rank);
        membership = new Membership(generation.number(), exchange, null); // left by leave, whatever happens next
        if (abandonedGeneration >= generation.number()) { // abandoned before there was an exchange to close
            throw new ExchangeException(abandonReason);
        }
        String how = state.takeUp(generation.firstStep(), spec, rank, exchange);
        state.leaveOut(generation.broken());
        LaneRange lanes = spec.lanes(rank);
        BatchReader feed = ingest.reader(system, state.steps(), lanes.from(), lanes.to(), state.broken());
        membership = new Membership(generation.number(), exchange, feed);
        return how;
    }

    @Override
    public void abandon(long generation, String reason) {
        abandonReason = reason;
        abandonedGeneration = generation;
        Membership in = membership;
        if (in != null && in.generation() <= generation) {
            in.exchange().close();
        }
    }

    @Override
    public StepResult step(boolean stop) throws ExchangeException {
        Membership in = membership;
        BatchReader feed = in == null ? null : in.feed();
        if (in == null || feed == null) {
            throw new IllegalStateException("a step outside of a generation");
        }
        badShare.check(); // of the steps before: all members end after the same one
        long step = state.steps();
        List<Loss> heldOut = validate(step, in.exchange().lanes());
        ShownSamples shown = heldOut.isEmpty() || in.exchange().rank() > 0 ? null : validation.shown(model, step);
        Exchange.Reduction reduction = in.exchange().begin(step);
        LaneRange lanes = in.exchange().lanes();
        boolean alone = in.exchange().worldSize() == 1; // then its gradients need not leave the device
        int heads = headWeights.length;
        List<LaneTotals> totals = new ArrayList<>();
        long dataNs = 0;
        long forwardNs = 0;
        long begin = System.nanoTime();
        sums.clear();
        for (int lane = lanes.from(); lane < lanes.to(); lane++) {
            long waited = System.nanoTime();
            LaneBatch batch = next(feed, step);
            dataNs += System.nanoTime() - waited;
            if (batch.step() != step || batch.lane() != lane) {
                throw new IllegalStateException("step " + step + ", lane " + lane + ": got the batch of step "
                        + batch.step() + ", lane " + batch.lane());
            }
            LaneResult result = trainLane(batch, lane == lanes.to() - 1 && !alone ? reduction : null);
            Loss validated = heldOut.isEmpty() ? null : heldOut.get(lane - lanes.from());
            totals.add(StepSums.of(batch, result.loss(), result.bySource(), headWeights, validated));
            dataNs += result.times().dataNanos();
            forwardNs += result.times().forwardNanos();
        }
        long computed = System.nanoTime();

        reduction.contribute(totals, stop);
        Gradient total = sums.total();
        for (int stage = store.stageCount() - 1; stage >= 0 && !alone; stage--) {
            reduction.await(stage, total.segment(stage));
            total.load(stage);
        }
        StepTotals reduced = reduction.awaitTotals();
        StepTotals all = StepSums.trained(reduced, heads);
        long exchanged = System.nanoTime();

        double rate = schedule.rate(step);
        Loss loss = new Loss(all.targetCounts(), all.lossSums(), all.correctCounts());
        double weight = loss.weight(headWeights);
        double norm = optimizer.update(total, step + 1, rate, weight);
        state.committed(step + 1);
        badShare.add(step, StepSums.bad(reduced));
        if (in.exchange().rank() == 0) {
            checkpoints.committed(store, step + 1, state.broken());
        }
        long updated = System.nanoTime();
        return new StepResult(
                step,
                loss.mean(headWeights),
                all,
                StepSums.corruption(reduced, heads),
                rate,
                norm,
                heldOut.isEmpty() ? null : StepSums.heldOut(reduced, heads),
                shown,
                StepSums.sources(reduced, heads, ingest.sources()),
                new StepResult.Times(
                        dataNs,
                        forwardNs,
                        computed - begin - dataNs - forwardNs,
                        exchanged - computed,
                        updated - exchanged));
    }

    /** A shard that stays broken is left out from this very step on: no member commits it before all leave the shard out. */
    private LaneBatch next(BatchReader feed, long step) {
        try {
            return feed.next();
        } catch (BrokenShard e) {
            state.leaveOut(state.broken().with(e.shard(), step));
            throw e;
        }
    }

    /** @param reduction takes each stage as soon as it is complete; null if more lanes of this worker follow, or nobody waits for it */
    private LaneResult trainLane(LaneBatch batch, Exchange.@Nullable Reduction reduction) throws ExchangeException {
        ExchangeException[] failure = {null};
        LaneResult result = model.train(
                batch,
                headWeights,
                RandomStream.key(settings.seed(), RandomStream.Purpose.DROPOUT, batch.step(), batch.lane()),
                sums.begin(batch.lane()),
                stage -> {
                    sums.add(stage);
                    if (reduction != null && failure[0] == null) {
                        try {
                            reduction.contribute(stage, sums.partials(stage));
                        } catch (ExchangeException e) {
                            failure[0] = e; // backward cannot be left half done; it ends within this step
                        }
                    }
                });
        sums.end();
        if (failure[0] != null) {
            throw failure[0];
        }
        for (double lossSum : result.loss().sums()) {
            if (!Double.isFinite(lossSum)) {
                throw new UserException("step " + batch.step() + ", lane " + batch.lane() + ": the loss is " + lossSum
                        + "; lower flm.train.learning-rate, set flm.train.clip-norm, or look at the samples "
                        + String.join(", ", batch.keys()));
            }
        }
        return result;
    }

    /** By lane of this worker; empty if the step does not ask. Before anything of the step: its times are training's. */
    private List<Loss> validate(long step, LaneRange lanes) {
        return validation.isDue(step)
                ? IntStream.range(lanes.from(), lanes.to())
                        .mapToObj(lane -> validation.of(model, lane))
                        .toList()
                : List.of();
    }

    @Override
    public void save(SaveListener listener) {
        if (state.steps() == 0) {
            listener.onFailed("nothing is trained yet: there is nothing to save");
        } else {
            state.load();
            checkpoints.save(store, state.steps(), state.broken(), listener);
        }
    }

    @Override
    public String weightsSha256() {
        state.load();
        return store.sha256();
    }

    @Override
    public Map<String, String> hashes() {
        return checkpoints.hashes();
    }

    @Override
    public List<String> heads() {
        return settings.objective().headNames();
    }

    @Override
    public void leave() {
        Membership in = membership;
        if (in != null) {
            membership = null;
            in.close();
        }
    }

    @Override
    public long committedSteps() {
        return state.steps();
    }

    @Override
    public BrokenShards brokenShards() {
        return state.broken();
    }

    @Override
    public void close() {
        leave();
        model.close();
    }
}
