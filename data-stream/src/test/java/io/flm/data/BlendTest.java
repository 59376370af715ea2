package io.flm.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BlendTest {
    private static final int BLOCK = 48;

    /** Of 100, 30 and 7 samples: of two shards, of one, of three of which one is empty. */
    private static final long[] FIRSTS = {0, 60, 100, 130, 133, 133, 137};

    private static final int[] SHARDS = {0, 2, 3, 6};
    private static final long[] SOURCES = {0, 100, 130, 137};

    private static Blend blend(long seed, int window, Double... weights) {
        return new Blend(seed, FIRSTS, SHARDS, List.of(weights), window, BLOCK);
    }

    private static int sourceOf(long index) {
        return index < 100 ? 0 : index < 130 ? 1 : 2;
    }

    @ParameterizedTest
    @CsvSource({"0.7, 0.2, 0.1", "1, 1, 1", "0.001, 1000, 3", "1e-6, 0.5, 1e6", "0.25, 0.5, 0.25"})
    void afterEachBlockEverySourceHasItsShareToWithinTheNumberOfSourcesLessOne(double a, double b, double c) {
        Blend blend = blend(3, 0, a, b, c);
        double[] shares = {a / (a + b + c), b / (a + b + c), c / (a + b + c)};
        long[] counts = new long[3];
        for (long place = 0; place < 2000L * BLOCK; place++) {
            counts[sourceOf(blend.index(place))]++;
            if ((place + 1) % BLOCK == 0) {
                for (int source = 0; source < 3; source++) {
                    assertThat(Math.abs(counts[source] - (place + 1) * shares[source]))
                            .as("source %d after %d places", source, place + 1)
                            .isLessThanOrEqualTo(2);
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"0", "1", "2"})
    void eachSourceShowsEachOfItsSamplesOnceInEachOfItsOwnEpochs(int window) {
        Blend blend = blend(5, window, 0.5, 0.3, 0.2);
        List<Map<Long, List<Long>>> visits = List.of(new HashMap<>(), new HashMap<>(), new HashMap<>());
        for (long place = 0; place < 40L * BLOCK; place++) {
            long index = blend.index(place);
            visits.get(sourceOf(index))
                    .computeIfAbsent(blend.epoch(place), any -> new ArrayList<>())
                    .add(index);
        }
        for (int source = 0; source < 3; source++) {
            Map<Long, List<Long>> epochs = visits.get(source);
            long last = epochs.keySet().stream().mapToLong(epoch -> epoch).max().orElseThrow();
            assertThat(last).as("epochs of source %d", source).isGreaterThan(3);
            List<Long> all = LongStream.range(SOURCES[source], SOURCES[source + 1])
                    .boxed()
                    .toList();
            for (long epoch = 0; epoch < last; epoch++) { // a block is shuffled, so two epochs may overlap in one
                assertThat(epochs.get(epoch)).containsExactlyInAnyOrderElementsOf(all);
            }
        }
        assertThat(visits.get(1).get(0L))
                .as("another order in another epoch")
                .isNotEqualTo(visits.get(1).get(1L));
    }

    @Test
    void aSeekGoesWhereASequenceWouldBe() {
        Blend sequence = blend(5, 1, 0.5, 0.3, 0.2);
        List<Long> all = indices(sequence, 0, 5000);
        Blend sought = blend(5, 1, 0.5, 0.3, 0.2);
        for (int place : new int[] {4711, 3, 2500, 49, 48, 47}) {
            assertThat(sought.index(place)).isEqualTo(all.get(place));
        }
    }

    @Test
    void anotherSeedMixesAnew() {
        List<Long> first = indices(blend(5, 0, 0.5, 0.3, 0.2), 0, 500);
        assertThat(indices(blend(5, 0, 0.5, 0.3, 0.2), 0, 500)).isEqualTo(first);
        assertThat(indices(blend(6, 0, 0.5, 0.3, 0.2), 0, 500)).isNotEqualTo(first);
    }

    @Test
    void noLaneMeetsOneSourceMoreThanAnotherLaneDoes() {
        Blend blend = blend(5, 0, 0.5, 0.25, 0.25);
        int lanes = 4;
        int steps = 1000;
        double[] ofFirst = new double[lanes];
        for (long place = 0; place < (long) steps * BLOCK; place++) {
            ofFirst[(int) (place % lanes)] += sourceOf(blend.index(place)) == 0 ? 1 : 0;
        }
        double each = steps * BLOCK * 0.5 / lanes;
        // Draws without replacement: 5 deviations of 12,000 fair coins are 274; evenly dealt cards would give all to
        // two lanes.
        assertThat(Arrays.stream(ofFirst).boxed())
                .allSatisfy(count -> assertThat(Math.abs(count - each)).isLessThan(274));
    }

    @Test
    void itTellsHowManyPlacesLaterEachShardIsNeeded() {
        Blend blend = blend(5, 1, 0.5, 0.3, 0.2);
        assertThat(blend(5, 0, 0.5, 0.3, 0.2).upcoming()).isNull();
        Upcoming upcoming = Objects.requireNonNull(blend.upcoming());
        for (long place : new long[] {0, 500, 1111}) {
            for (int shard : new int[] {0, 1, 2, 3, 5}) {
                IntStream.range(0, BLOCK).forEach(k -> blend.index(place - place % BLOCK + k)); // all sources are there
                long until = upcoming.placesUntil(shard);
                long next = place - place % BLOCK + BLOCK;
                while (!holds(shard, blend.index(next))) {
                    next++;
                }
                assertThat(until).as("shard %d at %d", shard, place).isLessThanOrEqualTo(next - place + 2 * BLOCK);
            }
        }
    }

    private static boolean holds(int shard, long index) {
        return FIRSTS[shard] <= index && index < FIRSTS[shard + 1];
    }

    private static List<Long> indices(Places order, long start, long count) {
        return LongStream.range(start, start + count).map(order::index).boxed().toList();
    }
}
