package io.flm.worker.train;

import io.flm.data.CorruptionCounts;
import io.flm.data.LaneBatch;
import io.flm.data.Targets;
import io.flm.exchange.LaneTotals;
import io.flm.exchange.StepTotals;
import io.flm.worker.model.Loss;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What rides on the exchange beside gradients, as the exchange's heads: those of the objective; if the step looks at held-out
 * samples, the same heads once more for these; how much each head predicts of the texts, and how much is hidden from it, as counts of
 * which some are right; last the bad samples, as a count.
 */
final class StepSums {
    private StepSums() {}

    /**
     * A lane's.
     *
     * @param heldOut the lane's held-out samples; the step of every member has them, or none has
     */
    static LaneTotals of(LaneBatch batch, Loss trained, @Nullable Loss heldOut) {
        Loss asked = heldOut == null ? Loss.none(0) : heldOut;
        List<CorruptionCounts> heads =
                batch.text().heads().stream().map(Targets::corruption).toList();
        long[] of = heads.stream()
                .flatMapToLong(c -> LongStream.of(c.predictable(), c.visible()))
                .toArray();
        long[] some = heads.stream()
                .flatMapToLong(c -> LongStream.of(c.predicted(), c.hidden()))
                .toArray();
        return new LaneTotals(
                batch.lane(),
                joined(trained.targetCounts(), asked.targetCounts(), of, new long[] {batch.bad()}),
                Stream.of(trained.sums(), asked.sums(), new double[of.length + 1])
                        .flatMapToDouble(Arrays::stream)
                        .toArray(),
                joined(trained.correctCounts(), asked.correctCounts(), some, new long[1]),
                Arrays.stream(batch.text().lengths()).asLongStream().sum(),
                batch.samples());
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
