package io.flm.data;

import java.util.List;

/** Which source each sample is of: those of a source come one after another. */
final class SourceOfSample {
    private final long[] firsts; // sample of each source, and the end
    private final List<SourceSettings> settings;

    /** @throws IllegalArgumentException where the settings have other sources than the examples */
    SourceOfSample(Examples examples, List<SourceSettings> settings) {
        int[] shards = examples.sources();
        if (shards.length != settings.size() + 1) {
            throw new IllegalArgumentException(
                    settings.size() + " sources are configured, and " + (shards.length - 1) + " are open");
        }
        long[] firstOfShard = examples.firsts();
        this.firsts = new long[shards.length];
        for (int source = 0; source < shards.length; source++) {
            firsts[source] = firstOfShard[shards[source]];
        }
        this.settings = settings;
    }

    /** S. */
    int count() {
        return settings.size();
    }

    /** The number of a sample's source; that of its picture has the same, because only a mixture's samples have several. */
    int number(long index) {
        int source = 0;
        while (source + 1 < settings.size() && firsts[source + 1] <= index) {
            source++;
        }
        return source;
    }

    SourceSettings of(long index) {
        return settings.get(number(index));
    }
}
