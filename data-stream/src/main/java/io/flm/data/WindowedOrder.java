package io.flm.data;

import io.flm.data.RandomStream.Purpose;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * An order for data that are larger than what is kept of them: each epoch takes the shards in another order, some of them at a time, and
 * mixes samples within these alone. So each byte of a shard is needed within a short part of an epoch, and then not until the next one.
 *
 * <p>Like {@link Order} it follows from the seed and the place alone, and a seek costs nothing but the order of the shards, 16 bytes
 * each, which is kept of the epochs that were asked for last.
 */
final class WindowedOrder implements Places, Upcoming {
    private static final int MOST_EPOCHS = 4; // workers of a node are in the same one, or in neighbours

    private final long seed;
    private final long[] firsts;
    private final int window;
    private final Map<Long, Epoch> epochs = new ConcurrentHashMap<>();

    private volatile long newest; // place

    /**
     * The shards in the order of an epoch.
     *
     * @param ends how many samples the first of them have together
     * @param turns of each shard: which one it is
     */
    private record Epoch(int[] shards, long[] ends, int[] turns) {}

    /**
     * Of shards.
     *
     * @param firsts the first sample of each, and the end
     * @param window so many shards are mixed
     */
    WindowedOrder(long seed, long[] firsts, int window) {
        this.seed = seed;
        this.firsts = firsts.clone();
        this.window = window;
    }

    private long size() {
        return firsts[firsts.length - 1];
    }

    @Override
    public long epoch(long place) {
        return place / size();
    }

    @Override
    public long index(long place) {
        newest = place;
        long number = epoch(place);
        long at = place % size();
        Epoch epoch = of(number);
        int begin = shardAt(epoch, at) / window * window;
        int end = Math.min(begin + window, epoch.shards.length);
        long before = before(epoch, begin);
        long mixed = new Order(RandomStream.key(seed, Purpose.ORDER, number, begin), epoch.ends[end - 1] - before)
                .index(at - before);
        int shard = shardAt(epoch, before + mixed);
        return firsts[epoch.shards[shard]] + before + mixed - before(epoch, shard);
    }

    @Override
    public Upcoming upcoming() {
        return this;
    }

    private static long before(Epoch epoch, int turn) {
        return turn == 0 ? 0 : epoch.ends[turn - 1];
    }

    @Override
    public long placesUntil(int shard) {
        long place = newest;
        long number = epoch(place);
        long at = place % size();
        Epoch epoch = of(number);
        int begin = epoch.turns[shard] / window * window;
        int end = Math.min(begin + window, epoch.shards.length);
        if (at < epoch.ends[end - 1]) {
            return Math.max(0, before(epoch, begin) - at);
        }
        Epoch next = of(number + 1);
        return size() - at + before(next, next.turns[shard] / window * window);
    }

    /** The shard, by its place in the epoch, that a place of the epoch falls into; shards may be empty. */
    private static int shardAt(Epoch epoch, long at) {
        int found = Arrays.binarySearch(epoch.ends, at + 1);
        if (found < 0) {
            return -found - 1;
        }
        while (found > 0 && epoch.ends[found - 1] == at + 1) {
            found--;
        }
        return found;
    }

    private Epoch of(long number) {
        Epoch known = epochs.get(number);
        if (known == null) {
            known = epoch(number, firsts.length - 1);
            if (epochs.size() >= MOST_EPOCHS) {
                epochs.clear();
            }
            epochs.put(number, known);
        }
        return known;
    }

    private Epoch epoch(long number, int count) {
        Order order = new Order(RandomStream.key(seed, Purpose.ORDER, number), count);
        int[] shards = new int[count];
        int[] turns = new int[count];
        long[] ends = new long[count];
        long end = 0;
        for (int k = 0; k < count; k++) {
            shards[k] = (int) order.index(k);
            turns[shards[k]] = k;
            end += firsts[shards[k] + 1] - firsts[shards[k]];
            ends[k] = end;
        }
        return new Epoch(shards, ends, turns);
    }
}
