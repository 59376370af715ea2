package io.flm.data.pack;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;

/**
 * A finished shard, as {@code shards.jsonl} has it.
 *
 * @param shard the name of its file; empty where nothing is in it
 * @param first of the source's samples that it was made of
 * @param end behind the last of these
 * @param samples that are in it
 * @param captions of these
 * @param bytes of its file
 * @param sha256 of its file
 * @param leftOut how many of the source's samples are not in it, by reason
 * @param leftOutBytes where the lines of these end in {@code left-out.jsonl}
 * @param hashes of each of its pictures the index in the source, from {@code first} on (4 bytes), and the hash (8 bytes), in Base64; empty
 *     where pictures are not compared
 * @param usable statistics of all samples that can be used, by the files that were read
 * @param written statistics of those that are in it: sizes as they were read, bytes as they were written
 */
record PackedShard(
        String shard,
        long first,
        long end,
        long samples,
        long captions,
        long bytes,
        String sha256,
        Map<Rejection, Long> leftOut,
        long leftOutBytes,
        String hashes,
        Statistics usable,
        Statistics written) {

    PackedShard {
        if (first < 0 || end < first || samples < 0 || samples > end - first || bytes < 0 || leftOutBytes < 0) {
            throw new IllegalArgumentException("numbers that no shard has");
        }
    }

    /** How its file is called: {@code shard-000017.tar}. */
    static String name(int number) {
        return String.format(Locale.ROOT, "shard-%06d.tar", number);
    }

    boolean isEmpty() {
        return samples == 0;
    }

    /** Adds its pictures to those that later ones are compared with. */
    void addTo(Duplicates duplicates) {
        ByteBuffer bytes = ByteBuffer.wrap(Base64.getDecoder().decode(hashes));
        try {
            while (bytes.hasRemaining()) {
                long index = first + bytes.getInt();
                duplicates.add(bytes.getLong(), index);
            }
        } catch (BufferUnderflowException e) {
            throw new IllegalArgumentException("hashes that are cut", e);
        }
    }

    /** Counts of several. */
    static Map<Rejection, Long> sum(Iterable<PackedShard> shards) {
        Map<Rejection, Long> counts = new EnumMap<>(Rejection.class);
        shards.forEach(shard -> shard.leftOut.forEach((rejection, count) -> counts.merge(rejection, count, Long::sum)));
        return counts;
    }
}
