package io.flm.data.pack;

import io.flm.data.pack.Prepared.Measures;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Base64;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** What is to be known of the shard at hand when it is finished. */
final class ShardRecord {
    private final long first;
    private final Set<String> keys = new HashSet<>();
    private final Map<Rejection, Long> leftOut = new EnumMap<>(Rejection.class);
    private final ByteArrayOutputStream hashes = new ByteArrayOutputStream();
    private final DataOutputStream hashesOut = new DataOutputStream(hashes);
    private final Statistics usable = new Statistics();
    private final Statistics written = new Statistics();
    private long samples;
    private long captions;

    /** @param first of the source's samples that it may hold */
    ShardRecord(long first) {
        this.first = first;
    }

    long first() {
        return first;
    }

    long samples() {
        return samples;
    }

    /** Whether it has a sample of this key. */
    boolean holds(String key) {
        return keys.contains(key);
    }

    /** Counts a sample that can be used. */
    void see(Measures measures) {
        usable.addPicture(measures.width(), measures.height(), measures.readBytes());
        for (int words : measures.words()) {
            usable.addCaption(words);
        }
    }

    /** Counts a sample that goes into it. */
    void put(String key, long index, Measures measures) {
        keys.add(key);
        samples++;
        captions += measures.wantedWords().length;
        written.addPicture(measures.width(), measures.height(), measures.writtenBytes());
        for (int words : measures.wantedWords()) {
            written.addCaption(words);
        }
        try {
            hashesOut.writeInt(Math.toIntExact(index - first));
            hashesOut.writeLong(measures.hash());
        } catch (IOException e) {
            throw new UncheckedIOException(e); // nothing is written but memory
        }
    }

    /** Counts a sample that is left out. */
    void leaveOut(Rejection rejection) {
        leftOut.merge(rejection, 1L, Long::sum);
    }

    PackedShard of(String shard, long end, long sizeBytes, String sha256, long leftOutBytes, PackSettings settings) {
        return new PackedShard(
                shard,
                first,
                end,
                samples,
                captions,
                sizeBytes,
                sha256,
                leftOut,
                leftOutBytes,
                settings.comparesPictures() ? Base64.getEncoder().encodeToString(hashes.toByteArray()) : "",
                usable,
                written);
    }
}
