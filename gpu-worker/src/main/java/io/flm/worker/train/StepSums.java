package io.flm.worker.train;

import io.flm.data.CorruptionCounts;
import io.flm.data.LaneBatch;
import io.flm.data.Targets;
import io.flm.exchange.LaneTotals;
import io.flm.exchange.StepTotals;
import io.flm.worker.SourceLoss;
import io.flm.worker.model.Loss;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What rides on the exchange beside gradients, as the exchange's heads: those of the objective; if the step looks at held-out
 * samples, the same heads once more for these; of a mixture two for each source: its loss, and its samples as a count with its weight as
 * a loss; how much each head predicts of the texts, and how much is hidden from it, as counts of
 * which some are right; last the bad samples, as a count.
 */
final class StepSums {
    private StepSums() {}

    /**
     * A lane's.
     *
     * @param bySource of a mixture; of data that are none it is not told
     * @param heldOut the lane's held-out samples; the step of every member has them, or none has
     */
    static LaneTotals of(
            LaneBatch batch, Loss trained, List<Loss> bySource, double[] headWeights, @Nullable Loss heldOut) {
        Loss asked = heldOut == null ? Loss.none(0) : heldOut;
        List<CorruptionCounts> heads =
                batch.text().heads().stream().map(Targets::corruption).toList();
        long[] of = heads.stream()
                .flatMapToLong(c -> LongStream.of(c.predictable(), c.visible()))
                .toArray();
        Loss sources = sources(batch, bySource, headWeights);
        long[] some = heads.stream()
                .flatMapToLong(c -> LongStream.of(c.predicted(), c.hidden()))
                .toArray();
        return new LaneTotals(
                batch.lane(),
                joined(trained.targetCounts(), asked.targetCounts(), sources.targetCounts(), of, new long[] {batch.bad()
                }),
                Stream.of(trained.sums(), asked.sums(), sources.sums(), new double[of.length + 1])
                        .flatMapToDouble(Arrays::stream)
                        .toArray(),
                joined(trained.correctCounts(), asked.correctCounts(), sources.correctCounts(), some, new long[1]),
                Arrays.stream(batch.text().lengths()).asLongStream().sum(),
                batch.samples());
    }

    private static Loss sources(LaneBatch batch, List<Loss> bySource, double[] headWeights) {
        int count = batch.bySource().length;
        if (count == 1) {
            return Loss.none(0);
        }
        Loss sums = Loss.none(2 * count);
        for (int source = 0; source < count; source++) {
            Loss its = bySource.get(source);
            sums.targetCounts()[2 * source] = Arrays.stream(its.targetCounts()).sum();
            sums.sums()[2 * source] = its.weightedSum(headWeights);
            sums.correctCounts()[2 * source] =
                    Arrays.stream(its.correctCounts()).sum();
            sums.targetCounts()[2 * source + 1] = batch.bySource()[source];
            sums.sums()[2 * source + 1] = its.weight(headWeights);
        }
        return sums;
    }

    private static long[] joined(long[]... parts) {
        return Stream.of(parts).flatMapToLong(Arrays::stream).toArray();
    }

    /** The objective's heads alone. */
    static StepTotals trained(StepTotals all, int heads) {
        Loss loss = heads(all, 0, heads);
        return new StepTotals(
                loss.targetCounts(), loss.sums(), loss.correctCounts(), all.tokens(), all.samples(), all.stop());
    }

    /** The heads of held-out samples, if the step looked at them. */
    static Loss heldOut(StepTotals all, int heads) {
        return heads(all, heads, 2 * heads);
    }

    /** How much each head predicts and may not see. */
    static List<CorruptionCounts> corruption(StepTotals all, int heads) {
        int from = all.targetCounts().length - 1 - 2 * heads;
        List<CorruptionCounts> counts = new ArrayList<>();
        for (int at = from; at < from + 2 * heads; at += 2) {
            counts.add(new CorruptionCounts(
                    all.targetCounts()[at],
                    all.correctCounts()[at],
                    all.targetCounts()[at + 1],
                    all.correctCounts()[at + 1]));
        }
        return counts;
    }

    /** The sources of a mixture. */
    static List<SourceLoss> sources(StepTotals all, int heads, List<String> names) {
        int from = all.targetCounts().length - 1 - 2 * heads - 2 * names.size();
        List<SourceLoss> sources = new ArrayList<>();
        for (String name : names) {
            sources.add(new SourceLoss(
                    name,
                    all.targetCounts()[from + 1],
                    all.lossSums()[from] / all.lossSums()[from + 1],
                    (double) all.correctCounts()[from] / all.targetCounts()[from]));
            from += 2;
        }
        return sources;
    }

    /** The bad samples. */
    static long bad(StepTotals all) {
        return all.targetCounts()[all.targetCounts().length - 1];
    }

    private static Loss heads(StepTotals all, int from, int to) {
        return new Loss(
                Arrays.copyOfRange(all.targetCounts(), from, to),
                Arrays.copyOfRange(all.lossSums(), from, to),
                Arrays.copyOfRange(all.correctCounts(), from, to));
    }
}
