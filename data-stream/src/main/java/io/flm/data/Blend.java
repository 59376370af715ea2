package io.flm.data;

import io.flm.data.RandomStream.Purpose;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The order of a mixture: of which source the sample at a place is, and which of that source's own endless sequence.
 *
 * <p>Like cards that are dealt. All places are numbered; the first source takes every so many of them, as even as whole numbers can
 * be; the second one likewise of those that are left, and the last one what nobody took. So after any number of cards each source has
 * its share of them, to within S - 1 cards of S sources. Then each block of cards, as many as a step has samples, is shuffled, or a
 * lane would meet the same source again and again.
 *
 * <p>It is computed place by place from the seed, in whole numbers, with no list in memory: a seek costs nothing, and all machines agree.
 * Drawing each place's source at random would need all draws before it to know which sample of the source comes.
 */
final class Blend implements Places {
    private static final double WHOLE = 0x1.0p63;

    private final List<Places> orders;
    private final int[] shards; // the first of each source, and the end
    private final long[] firsts; // the first sample of each source, and the end
    private final double[] weights; // together 1
    private final long[]
            shares; // what a source takes of what those before it leave, in units of 2^-63; the last one takes all
    private final int block;
    private final Order shuffle;

    /** A sample of a source's own sequence. */
    private record Turn(int source, long number) {}

    /**
     * Of sources whose shards come one source after the other.
     *
     * @param firsts the first sample of each shard, and the end
     * @param shards the first shard of each source, and the end
     * @param weights of each source, above 0
     * @param window shards of a source among which its samples are mixed; 0: all
     * @param block places that are shuffled together: the samples of a step
     */
    Blend(long seed, long[] firsts, int[] shards, List<Double> weights, int window, int block) {
        int count = weights.size();
        this.shards = shards.clone();
        this.firsts = new long[count + 1];
        this.orders = new ArrayList<>();
        for (int source = 0; source < count; source++) {
            long first = firsts[shards[source]];
            long[] own = new long[shards[source + 1] - shards[source] + 1];
            for (int k = 0; k < own.length; k++) {
                own[k] = firsts[shards[source] + k] - first;
            }
            this.firsts[source] = first;
            orders.add(Places.of(RandomStream.key(seed, Purpose.MIXTURE, source), own, window));
        }
        this.firsts[count] = firsts[firsts.length - 1];
        double sum = weights.stream().mapToDouble(weight -> weight).sum();
        this.weights = weights.stream().mapToDouble(weight -> weight / sum).toArray();
        this.shares = new long[count - 1];
        for (int source = 0; source < shares.length; source++) {
            double left = weights.subList(source, count).stream()
                    .mapToDouble(weight -> weight)
                    .sum();
            shares[source] = (long) (weights.get(source) / left * WHOLE);
        }
        this.block = block;
        this.shuffle = new Order(RandomStream.key(seed, Purpose.MIXTURE), block);
    }

    @Override
    public long epoch(long place) {
        Turn turn = turn(place);
        return orders.get(turn.source).epoch(turn.number);
    }

    @Override
    public long index(long place) {
        Turn turn = turn(place);
        return firsts[turn.source] + orders.get(turn.source).index(turn.number);
    }

    private Turn turn(long place) {
        long left = place / block * block + shuffle.index(place);
        for (int source = 0; source < shares.length; source++) {
            long taken = taken(left, shares[source]);
            if (taken(left + 1, shares[source]) > taken) {
                return new Turn(source, taken);
            }
            left -= taken;
        }
        return new Turn(shares.length, left);
    }

    /** How many of so many cards a share takes: floor(count * share / 2^63). */
    private static long taken(long count, long share) {
        return Math.multiplyHigh(count << 1, share);
    }

    /** Places of the mixture, as many as its source takes of them. */
    @Override
    public @Nullable Upcoming upcoming() {
        if (orders.get(0).upcoming() == null) {
            return null;
        }
        return shard -> {
            int source = 0;
            while (shards[source + 1] <= shard) {
                source++;
            }
            Upcoming own = orders.get(source).upcoming();
            return own == null ? 0 : (long) (own.placesUntil(shard - shards[source]) / weights[source]);
        };
    }
}
