package io.flm.worker.train;

import io.flm.exchange.Codec;
import io.flm.exchange.LaneRange;
import io.flm.exchange.LaneTree;
import io.flm.exchange.Partial;
import io.flm.worker.model.Gradient;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Supplier;

/**
 * The gradients of a worker's lanes, added up the {@link LaneTree} as they are computed. A binary counter: it holds one sum
 * for each subtree that is complete and not yet part of a larger one, so about log2(lanes) buffers. With lanes 0 to 3, lane 1 is
 * added to lane 0, lane 3 to lane 2, then the sum of 2 and 3 to that of 0 and 1.
 *
 * <p>What other workers have is added by the exchange.
 */
final class LaneSums {
    private record Held(LaneRange lanes, Gradient sum) {}

    private final int laneCount;
    private final Codec codec;
    private final Supplier<Gradient> newGradient;
    private final Deque<Gradient> free = new ArrayDeque<>();
    private final List<Held> held = new ArrayList<>(); // in lane order
    private Held current; // the lane at hand
    private final List<Held> siblings = new ArrayList<>(); // those that it completes, smallest first

    LaneSums(int laneCount, Codec codec, Supplier<Gradient> newGradient) {
        this.laneCount = laneCount;
        this.codec = codec;
        this.newGradient = newGradient;
        this.current = new Held(new LaneRange(0, 0), newGradient.get());
        free.push(current.sum());
    }

    /** Forgets the sums of an earlier step. */
    void clear() {
        held.forEach(h -> free.push(h.sum()));
        held.clear();
    }

    /** The buffer for the gradient of a lane; lanes come in ascending order. */
    Gradient begin(int lane) {
        current = new Held(new LaneRange(lane, lane + 1), free.isEmpty() ? newGradient.get() : free.pop());
        siblings.clear();
        LaneRange block = current.lanes();
        for (int i = held.size() - 1; i >= 0 && LaneTree.areSiblings(held.get(i).lanes(), block, laneCount); i--) {
            siblings.add(held.get(i));
            block = new LaneRange(held.get(i).lanes().from(), lane + 1);
        }
        return current.sum();
    }

    /** A stage of the lane's gradient is complete: adds it to the blocks that it completes. */
    void add(int stage) {
        Gradient right = current.sum();
        round(right, stage);
        for (Held left : siblings) {
            left.sum().add(right, stage);
            round(left.sum(), stage);
            right = left.sum();
        }
    }

    /** Every sum is what the codec can hold, so that it is the same whether it was sent or not. */
    private void round(Gradient sum, int stage) {
        if (codec == Codec.BF16) {
            sum.roundToBf16(stage);
        }
    }

    /** All stages of the lane are added. */
    void end() {
        if (siblings.isEmpty()) {
            held.add(current);
            return;
        }
        Held outermost = siblings.get(siblings.size() - 1);
        held.subList(held.size() - siblings.size(), held.size()).clear();
        held.add(
                new Held(new LaneRange(outermost.lanes().from(), current.lanes().to()), outermost.sum()));
        free.push(current.sum());
        siblings.subList(0, siblings.size() - 1).forEach(s -> free.push(s.sum()));
    }

    /**
     * What this worker hands over of a stage: called for its last lane, after {@link #add} of the stage and before
     * {@link #end}, so that the exchange starts while backward still runs.
     */
    List<Partial> partials(int stage) {
        List<Partial> partials = new ArrayList<>();
        for (Held h : held.subList(0, held.size() - siblings.size())) {
            partials.add(new Partial(h.lanes(), h.sum().segment(stage)));
        }
        Held last = siblings.isEmpty() ? current : siblings.get(siblings.size() - 1);
        partials.add(new Partial(
                new LaneRange(last.lanes().from(), current.lanes().to()),
                last.sum().segment(stage)));
        return partials;
    }

    /** The buffer of the first subtree, which may take the sum over all lanes once the partials are handed over. */
    Gradient total() {
        return held.get(0).sum();
    }
}
