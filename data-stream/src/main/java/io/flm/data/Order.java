package io.flm.data;

import io.flm.data.RandomStream.Purpose;

/**
 * The order of a source's N samples: another permutation each epoch, computed place by place with no list in memory, so that a
 * seek costs nothing. A Feistel network permutes the smallest power of four that holds N; what falls outside walks on until it
 * falls inside (Black, Rogaway 2002).
 *
 * <p>The lanes take turns: the k-th sample of lane l is the place k * lanes + l of the endless sequence of epochs.
 */
final class Order implements Places {
    private static final int ROUNDS = 6;

    private final long seed;
    private final long size;
    private final int halfBits;

    Order(long seed, long size) {
        this.seed = seed;
        this.size = size;
        int bits = Math.max(2, 64 - Long.numberOfLeadingZeros(size - 1));
        this.halfBits = (bits + 1) / 2;
    }

    @Override
    public long epoch(long place) {
        return place / size;
    }

    @Override
    public long index(long place) {
        long epoch = epoch(place);
        long at = place % size;
        do {
            at = permute(epoch, at);
        } while (at >= size);
        return at;
    }

    private long permute(long epoch, long at) {
        long mask = (1L << halfBits) - 1;
        long left = at >>> halfBits;
        long right = at & mask;
        for (int round = 0; round < ROUNDS; round++) {
            long next = left ^ (RandomStream.key(seed, Purpose.ORDER, epoch, round, right) & mask);
            left = right;
            right = next;
        }
        return left << halfBits | right;
    }
}
