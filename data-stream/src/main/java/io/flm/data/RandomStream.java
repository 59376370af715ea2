package io.flm.data;

import java.util.Comparator;
import java.util.stream.LongStream;

/**
 * Random numbers that depend on a key alone: seed, purpose and a few numbers such as step and lane. Never on a thread, a
 * rank or the time, so whoever runs a lane draws the same. SplitMix64 (Steele, Lea, Flood 2014), state mixed from the key.
 */
public final class RandomStream {
    /** What the numbers are for; streams of different purposes are independent. */
    public enum Purpose {
        ORDER(1),
        CAPTION(2),
        AUGMENT(3),
        CORRUPT(4),
        DROPOUT(5),
        WEIGHTS(6),
        FALSE_TEXTS(7),
        SAMPLING(8),
        MIXTURE(9);

        /** Part of the key: it never changes, or old runs could not be repeated. */
        private final long number;

        Purpose(long number) {
            this.number = number;
        }
    }

    private static final long GAMMA = 0x9E3779B97F4A7C15L;

    private long state;

    private RandomStream(long state) {
        this.state = state;
    }

    public static RandomStream of(long seed, Purpose purpose, long... key) {
        return new RandomStream(key(seed, purpose, key));
    }

    /** One well-mixed number of a key, for seeding what draws by itself. */
    public static long key(long seed, Purpose purpose, long... key) {
        long z = mix(seed + GAMMA);
        z = mix(z ^ purpose.number * GAMMA);
        for (long k : key) {
            z = mix(z * 3 + k + GAMMA); // not commutative: (step 1, lane 2) differs from (step 2, lane 1)
        }
        return z;
    }

    /** The numbers below {@code count} in a random order, that of {@link Purpose#ORDER}: of samples that are looked at once. */
    public static long[] order(long count, long seed) {
        return LongStream.range(0, count)
                .boxed()
                .sorted(Comparator.comparingLong(number -> key(seed, Purpose.ORDER, number)))
                .mapToLong(number -> number)
                .toArray();
    }

    public long nextLong() {
        state += GAMMA;
        return mix(state);
    }

    /** Uniform in [0, 1), 53 bits. */
    public double nextDouble() {
        return (nextLong() >>> 11) * 0x1.0p-53;
    }

    /** Uniform in [0, bound), bound at least 1. The bias, below bound / 2^63, is of no consequence here. */
    public int nextInt(int bound) {
        if (bound < 1) {
            throw new IllegalArgumentException("bound " + bound);
        }
        return (int) Math.floorMod(nextLong() >>> 1, (long) bound);
    }

    public boolean nextBoolean(double probability) {
        return nextDouble() < probability;
    }

    private static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
