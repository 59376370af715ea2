package io.flm.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class StagingBufferTest {
    private static final int MANY = 3_000_000;

    private static float[] values(int count, float first) {
        float[] values = new float[count];
        for (int index = 0; index < count; index++) {
            values[index] = first + index;
        }
        return values;
    }

    @Test
    void givesWhatWasPutAcrossItsBlocks() {
        try (StagingBuffer aside = new StagingBuffer().of(100, 100 + MANY)) {
            aside.put(100, values(MANY, 7), MANY);
            float[] got = new float[2_000_000];
            aside.get(500_100, got, got.length);
            assertThat(got).isEqualTo(values(got.length, 500_007));

            List<Integer> counts = new ArrayList<>();
            aside.each(150, 100 + MANY, (block, offset, from, count) -> {
                assertThat(block.get(offset)).isEqualTo(from - 100 + 7f);
                counts.add(count);
            });
            assertThat(counts).hasSize(3);
            assertThat(counts.stream().mapToInt(Integer::intValue).sum()).isEqualTo(MANY - 50);
        }
    }

    @Test
    void servesOtherRangesAfterwards() {
        try (StagingBuffer aside = new StagingBuffer().of(0, 10)) {
            aside.put(0, values(10, 1), 10);
            aside.of(MANY, 2 * MANY);
            aside.put(2 * MANY - 3, values(3, 5), 3);
            float[] got = new float[3];
            aside.get(2 * MANY - 3, got, 3);
            assertThat(got).containsExactly(5, 6, 7);
            aside.of(0, 0).each(0, 0, (block, offset, from, count) -> {
                throw new AssertionError("nothing is there");
            });
        }
    }
}
