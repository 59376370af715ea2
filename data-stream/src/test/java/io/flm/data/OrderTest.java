package io.flm.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OrderTest {
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 16, 17, 1000, 6982})
    void eachEpochVisitsEachSampleOnceAndEpochsDiffer(long size) {
        Order order = new Order(7, size);
        long[] first = LongStream.range(0, size).map(order::index).toArray();
        long[] second = LongStream.range(size, 2 * size).map(order::index).toArray();
        assertThat(LongStream.of(first).sorted())
                .containsExactlyElementsOf(LongStream.range(0, size).boxed().toList());
        assertThat(LongStream.of(second).sorted())
                .containsExactlyElementsOf(LongStream.range(0, size).boxed().toList());
        if (size > 3) {
            assertThat(first).isNotEqualTo(second);
        }
    }

    @Test
    void neighboursAreStrangers() {
        // In a uniform order of 6,982 the mean distance of neighbours is a third of that, give or take 20.
        Order order = new Order(1, 6982);
        double distance = LongStream.range(1, 6982)
                .map(place -> Math.abs(order.index(place) - order.index(place - 1)))
                .average()
                .orElseThrow();
        assertThat(distance).isBetween(6982 / 3.0 - 100, 6982 / 3.0 + 100);
    }
}
