package io.flm.data;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What takes the place of the samples of shards that stay broken. A theatre that loses a row of seats gives each guest the same seat
 * of the next evening that has it: the place that is the same in the lane's next window whose sample is of a whole shard. The next place of
 * the lane would not do: an order by windows of shards has many of one shard behind each other, and one sample would stand for all of them.
 *
 * <p>It follows from the order and from what is left out alone.
 */
final class LeftOutShards {
    static final long KEPT = -1;

    private static final int TRIES = 1000; // beside four epochs

    private final Examples examples;
    private final PictureSource source;
    private final Places order;
    private final long stride;
    private final long tries;

    /** @param stride places of a window of all lanes */
    LeftOutShards(Examples examples, PictureSource source, Places order, long stride) {
        this.examples = examples;
        this.source = source;
        this.order = order;
        this.stride = stride;
        this.tries = TRIES + 4 * examples.size() / stride;
    }

    /** The step from which on an example is left out; {@link #KEPT}: it is not. */
    long firstStep(long example, BrokenShards broken) {
        Map.Entry<String, Long> shard = shard(example, broken);
        return shard == null ? KEPT : shard.getValue();
    }

    /** For which shard an example is left out, and from which step on: of several the first; null: it is not. */
    Map.@Nullable Entry<String, Long> shard(long example, BrokenShards broken) {
        Map.Entry<String, Long> first = null;
        if (!broken.firstSteps().isEmpty()) {
            for (long picture : examples.pictures(example)) {
                String file = source.file(picture);
                Long its = broken.firstSteps().get(file);
                if (its != null && (first == null || its < first.getValue())) {
                    first = Map.entry(file, its);
                }
            }
        }
        return first;
    }

    /** The place whose sample is taken for that of a place: itself, if that is not left out. */
    long taken(long place, BrokenShards broken) {
        long at = place;
        for (long k = 0; firstStep(order.index(at), broken) != KEPT; k++) {
            if (k == tries) {
                throw new UserException(
                        "no sample is left: " + broken.firstSteps().size()
                                + " shards stay broken, such as "
                                + broken.firstSteps().keySet().iterator().next()
                                + "; mend them, and go on with --resume");
            }
            at += stride;
        }
        return at;
    }
}
