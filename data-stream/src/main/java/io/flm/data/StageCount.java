package io.flm.data;

import java.util.concurrent.atomic.LongAdder;

/**
 * What one stage of the pipeline has done so far. The slowest stage is the one with the most nanoseconds a sample.
 *
 * @param stage read-texts, tokenize, read-pictures, decode, augment, corrupt or batch, in the order of a sample's way
 * @param samples that it worked on; the first two pass over those whose tokens are kept
 * @param nanos spent in it, over all its threads
 */
public record StageCount(String stage, long samples, long nanos) {
    /** Samples that one thread would bring through this stage in a second; 0 before the first. */
    public double samplesPerSecond() {
        return nanos == 0 ? 0 : samples * 1e9 / nanos;
    }

    /** This and what the same stage did elsewhere. */
    public StageCount plus(StageCount other) {
        return new StageCount(stage, samples + other.samples, nanos + other.nanos);
    }

    /** Counts. Thread-safe. */
    static final class Counter {
        private final String stage;
        private final LongAdder samples = new LongAdder();
        private final LongAdder nanos = new LongAdder();

        Counter(String stage) {
            this.stage = stage;
        }

        void add(long count, long sinceNanos) {
            samples.add(count);
            nanos.add(System.nanoTime() - sinceNanos);
        }

        StageCount count() {
            return new StageCount(stage, samples.sum(), nanos.sum());
        }
    }
}
