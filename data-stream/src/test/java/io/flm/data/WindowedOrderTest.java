package io.flm.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WindowedOrderTest {
    /** Shards of 0 to 40 samples. */
    private static long[] firsts() {
        long[] firsts = new long[31];
        for (int i = 0; i < 30; i++) {
            firsts[i + 1] = firsts[i] + (i * 17) % 41;
        }
        return firsts;
    }

    private static int shardOf(long[] firsts, long index) {
        int shard = 0;
        while (firsts[shard + 1] <= index) {
            shard++;
        }
        return shard;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 7, 30, 1000})
    void anEpochShowsEverySampleOnce(int window) {
        long[] firsts = firsts();
        Places order = Places.of(3, firsts, window);
        for (long epoch = 0; epoch < 6; epoch++) {
            long start = epoch * firsts[30];
            assertThat(LongStream.range(start, start + firsts[30])
                            .map(order::index)
                            .sorted()
                            .toArray())
                    .isEqualTo(LongStream.range(0, firsts[30]).toArray());
            assertThat(order.epoch(start)).isEqualTo(epoch);
        }
    }

    @Test
    void noMoreShardsThanTheWindowAreNeededAtATimeAndEachOfThemInOneWindowOnly() {
        long[] firsts = firsts();
        Places order = Places.of(5, firsts, 4);
        List<Integer> visited = new ArrayList<>();
        for (long place = 0; place < firsts[30]; place++) {
            visited.add(shardOf(firsts, order.index(place)));
        }
        Set<Integer> done = new HashSet<>();
        Set<Integer> open = new HashSet<>();
        for (int place = 0; place < visited.size(); place++) {
            int shard = visited.get(place);
            assertThat(done).doesNotContain(shard);
            open.add(shard);
            assertThat(open).hasSizeLessThanOrEqualTo(4);
            if (!visited.subList(place + 1, visited.size()).contains(shard)) {
                open.remove(shard);
                done.add(shard);
            }
        }
    }

    @Test
    void samplesAreMixedAndEachEpochAndSeedMixesThemAnew() {
        long[] firsts = firsts();
        Places order = Places.of(5, firsts, 4);
        List<Long> first = indices(order, 0, firsts[30]);
        assertThat(first).isNotEqualTo(first.stream().sorted().toList());
        assertThat(indices(order, firsts[30], firsts[30])).isNotEqualTo(first);
        assertThat(indices(Places.of(6, firsts, 4), 0, firsts[30])).isNotEqualTo(first);
        assertThat(indices(Places.of(5, firsts, 4), 0, firsts[30])).isEqualTo(first);
        int changes = 0;
        for (int i = 1; i < first.size(); i++) {
            changes += shardOf(firsts, first.get(i)) == shardOf(firsts, first.get(i - 1)) ? 0 : 1;
        }
        assertThat(changes).as("neighbours of other shards").isGreaterThan(first.size() / 2);
    }

    @Test
    void aSeekGoesWhereASequenceWouldBe() {
        long[] firsts = firsts();
        Places sequence = Places.of(5, firsts, 4);
        List<Long> all = indices(sequence, 0, 10 * firsts[30]);
        Places sought = Places.of(5, firsts, 4);
        for (long place : new long[] {9 * firsts[30] + 3, 17, firsts[30], 5 * firsts[30] - 1}) {
            assertThat(sought.index(place)).isEqualTo(all.get((int) place));
        }
    }

    @Test
    void itTellsHowManyPlacesLaterEachShardIsNeeded() {
        long[] firsts = firsts();
        WindowedOrder order = new WindowedOrder(5, firsts, 4);
        long size = firsts[30];
        for (long place : new long[] {0, 7, size / 2, size - 1, size, 3 * size - 2}) {
            for (int shard = 0; shard < 30; shard++) {
                if (firsts[shard] == firsts[shard + 1]) {
                    continue;
                }
                order.index(place);
                long until = order.placesUntil(shard);
                long next = place;
                while (shardOf(firsts, order.index(next)) != shard) {
                    next++;
                }
                order.index(place);
                assertThat(until).as("shard %d at %d", shard, place).isLessThanOrEqualTo(next - place);
                if (until
                        > 0) { // it is not of the window at hand: its own begins then, whose shards hold 160 samples at
                    // most
                    assertThat(next - place - until).isLessThanOrEqualTo(160);
                }
            }
        }
    }

    @Test
    void withoutAWindowItIsTheOrderThatItWas() {
        Order order = new Order(5, 100);
        assertThat(indices(Places.of(5, new long[] {0, 40, 100}, 0), 0, 300))
                .isEqualTo(LongStream.range(0, 300).map(order::index).boxed().toList());
    }

    private static List<Long> indices(Places order, long start, long count) {
        return LongStream.range(start, start + count).map(order::index).boxed().toList();
    }
}
