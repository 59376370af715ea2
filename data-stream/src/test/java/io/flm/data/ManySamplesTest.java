package io.flm.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Ten thousand shards of a thousand samples each, all with a table of contents: opened, and shuffled for an epoch. The tar file is one of
 * two megabytes with ten thousand names, and every table of contents is a file of its own, of 41 KB. {@code -Dflm.test.shard-samples=10000} makes it a
 * hundred million. What it took is printed.
 */
class ManySamplesTest {
    private static final int SHARDS = 10_000;
    private static final int SHARD_SAMPLES = Integer.getInteger("flm.test.shard-samples", 1_000);
    private static final long SAMPLES = (long) SHARDS * SHARD_SAMPLES;
    private static final int KEY_BYTES = 9;

    /** A place, a size, and where the key ends: see {@link ShardTable}. */
    private static final int SAMPLE_BYTES = 12 + 8 + KEY_BYTES;

    /** A shard's objects: its name, its file, its table. */
    private static final int SHARD_BYTES = 2_048;

    @TempDir
    private Path folder = Path.of("");

    private static String key(int sample) {
        return String.format(Locale.ROOT, "%0" + KEY_BYTES + "d", sample);
    }

    private static String name(int shard) {
        return String.format(Locale.ROOT, "shard-%05d.tar", shard);
    }

    private void writeShards() throws IOException {
        TarBytes tar = new TarBytes();
        byte[] picture = Shards.png(4, 4, 7);
        for (int i = 0; i < SHARD_SAMPLES; i++) {
            tar.file(key(i) + ".png", picture).file(key(i) + ".txt", key(i));
        }
        Path first = tar.end(2).write(folder.resolve(name(0)));
        ShardIndex.write(List.of(first), RemoteSettings.defaults(), Optional.empty(), false, written -> {});
        Path table = folder.resolve(name(0) + IndexFile.END);
        for (int i = 1; i < SHARDS; i++) {
            Files.createLink(folder.resolve(name(i)), first);
            Files.copy(table, folder.resolve(name(i) + IndexFile.END), StandardCopyOption.COPY_ATTRIBUTES);
        }
    }

    private static long heapBytes() {
        for (int i = 0; i < 3; i++) {
            System.gc();
        }
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    /** Of this thread, which alone works. */
    private static double seconds() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() / 1e9;
    }

    /** Every sample once; how many places later its shard's next sample comes does not matter here. */
    private static double shuffled(Places places) {
        BitSet seen = new BitSet();
        BitSet rest = new BitSet(); // beyond what one set can number
        double begin = seconds();
        for (long place = 0; place < SAMPLES; place++) {
            long index = places.index(place);
            assertOnce(index <= Integer.MAX_VALUE ? seen : rest, (int) (index & Integer.MAX_VALUE), place);
        }
        double took = seconds() - begin;
        assertThat((long) seen.cardinality() + rest.cardinality()).isEqualTo(SAMPLES);
        return took;
    }

    private static void assertOnce(BitSet seen, int bit, long place) {
        if (seen.get(bit)) {
            throw new AssertionError("place " + place + " shows a sample for the second time");
        }
        seen.set(bit);
    }

    @Test
    void tenThousandTablesOfContentsAreOpenedWithAFewBytesASampleAndAnEpochShowsEachSampleOnce() throws Exception {
        writeShards();
        long before = heapBytes();
        double begin = seconds();
        try (Dataset samples = Dataset.open(List.of(folder))) {
            double opened = seconds() - begin;
            long held = heapBytes() - before;
            assertThat(samples.size()).isEqualTo(SAMPLES);
            assertThat(held).isLessThan(SAMPLES * SAMPLE_BYTES + (long) SHARDS * SHARD_BYTES);

            List<Double> shuffles = new ArrayList<>();
            for (int window : List.of(0, 16)) {
                shuffles.add(shuffled(Places.of(1, samples.firsts(), window)));
            }
            long last = Places.of(1, samples.firsts(), 0).index(SAMPLES - 1);
            assertThat(samples.captions(last)).containsExactly(key((int) (last % SHARD_SAMPLES)));
            assertThat(samples.name(last))
                    .isEqualTo(name((int) (last / SHARD_SAMPLES)) + ":" + key((int) (last % SHARD_SAMPLES)));
            System.out.printf(
                    Locale.ROOT,
                    "%,d samples in %,d shards: opened in %.1f s, %.1f bytes of heap a sample; an epoch's order takes %.2f s,"
                            + " in windows of 16 shards %.2f s; seconds are of one thread's processor time%n",
                    SAMPLES,
                    SHARDS,
                    opened,
                    (double) held / SAMPLES,
                    shuffles.get(0),
                    shuffles.get(1));
        }
    }
}
