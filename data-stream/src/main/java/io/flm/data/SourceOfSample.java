package io.flm.data;

import java.util.List;

/** Which source each sample is of: those of a source come one after another. */
final class SourceOfSample {
    private final long[] firsts; // sample of each shard, and the end
    private final int[] shards; // the first of each source, and the end
    private final List<SourceSettings> settings;

    /** @throws IllegalArgumentException where the settings have other sources than the examples */
    SourceOfSample(Examples examples, List<SourceSettings> settings) {
        this.shards = examples.sources();
        if (shards.length != settings.size() + 1) {
            throw new IllegalArgumentException(
                    settings.size() + " sources are configured, and " + (shards.length - 1) + " are open");
        }
        this.firsts = examples.firsts();
        this.settings = settings;
    }

    /**
     * The number of a sample's source; of one behind all samples the last source.
     *
     * @param firsts the first sample of each shard, and the end
     * @param shards the first of each source, and the end
     */
    static int number(long[] firsts, int[] shards, long index) {
        int source = 0;
        while (source + 2 < shards.length && firsts[shards[source + 1]] <= index) {
            source++;
        }
        return source;
    }

    /** S. */
    int count() {
        return settings.size();
    }

    /** The number of a sample's source; that of its picture has the same, because only a mixture's samples have several. */
    int number(long index) {
        return number(firsts, shards, index);
    }

    SourceSettings of(long index) {
        return settings.get(number(index));
    }
}
