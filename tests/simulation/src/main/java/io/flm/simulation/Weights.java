package io.flm.simulation;

import io.flm.data.BrokenShards;
import io.flm.exchange.LaneRange;

/**
 * Weights in place of weights: 64 bits that depend on all steps and lanes before, in such a way that a step or lane that is left
 * out, done twice, or done with other weights changes all that follow.
 */
final class Weights {
    /** Of the data. */
    static final int SHARDS = 8;

    private Weights() {}

    /** The weights before the first step. */
    static long first(long seed) {
        return mix(seed);
    }

    /** What some lanes contribute to a step. */
    static long gradient(long weights, long step, LaneRange lanes, BrokenShards broken) {
        long sum = 0;
        for (int lane = lanes.from(); lane < lanes.to(); lane++) {
            sum += mix(weights + mix(step) * 31 + lane + mix(shard(step, lane, broken)));
        }
        return sum;
    }

    /** The shard that a lane's sample of a step is of: where one is left out, the next that is not. */
    static int shard(long step, int lane, BrokenShards broken) {
        BrokenShards out = broken.at(step);
        int shard = (int) (mix(step * 1009 + lane) >>> 32) % SHARDS;
        while (out.firstSteps().containsKey(name(shard))) {
            shard = (shard + 1) % SHARDS;
        }
        return shard;
    }

    static String name(int shard) {
        return "shard-" + shard;
    }

    /** The weights after a step whose lanes contribute {@code sum}. */
    static long next(long weights, long step, long sum) {
        return mix(weights ^ mix(sum + step));
    }

    /** The weights after so many steps that nothing disturbed, but that shards broke. */
    static long after(long seed, int lanes, long steps, BrokenShards broken) {
        long weights = first(seed);
        for (long step = 0; step < steps; step++) {
            weights = next(weights, step, gradient(weights, step, new LaneRange(0, lanes), broken));
        }
        return weights;
    }

    /** Spreads every bit over all others (the finalizer of SplitMix64). */
    static long mix(long z) {
        long s = z + 0x9e3779b97f4a7c15L;
        long a = (s ^ s >>> 30) * 0xbf58476d1ce4e5b9L;
        long b = (a ^ a >>> 27) * 0x94d049bb133111ebL;
        return b ^ b >>> 31;
    }
}
