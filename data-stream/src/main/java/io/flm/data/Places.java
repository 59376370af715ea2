package io.flm.data;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Which sample comes at each place of an endless sequence of epochs, each of which shows every sample once. */
interface Places {
    /** The epoch of a place: of the source that its sample is of. */
    long epoch(long place);

    /** The sample at a place. */
    long index(long place);

    /** When each shard comes; null: the order takes them all together. */
    default @Nullable Upcoming upcoming() {
        return null;
    }

    /**
     * The order of one source.
     *
     * @param firsts the first sample of each shard, and the end
     * @param window shards among which samples are mixed; 0: all
     */
    static Places of(long seed, long[] firsts, int window) {
        return window == 0 ? new Order(seed, firsts[firsts.length - 1]) : new WindowedOrder(seed, firsts, window);
    }

    /**
     * The order of a run: of a mixture, if there are several sources.
     *
     * @param batch samples of a step
     */
    static Places of(long seed, Examples examples, DataSettings settings, int batch) {
        int[] sources = examples.sources();
        if (sources.length == 2) {
            return of(seed, examples.firsts(), settings.orderWindow());
        }
        List<Double> weights =
                settings.sources().stream().map(SourceSettings::weight).toList();
        return new Blend(seed, examples.firsts(), sources, weights, settings.orderWindow(), batch);
    }
}
