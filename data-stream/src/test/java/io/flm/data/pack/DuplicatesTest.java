package io.flm.data.pack;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DuplicatesTest {
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 5, 7})
    void whatIsFoundIsWhatAComparisonWithAllFinds(int distance) {
        SplittableRandom random = new SplittableRandom(distance);
        Duplicates duplicates = new Duplicates(distance);
        List<Long> hashes = new ArrayList<>();
        int found = 0;
        for (int i = 0; i < 3000; i++) {
            long hash = random.nextLong();
            if (i > 0 && i % 2 == 0) { // near an earlier one
                hash = hashes.get(random.nextInt(hashes.size()));
                for (int flips = random.nextInt(distance + 2); flips > 0; flips--) {
                    hash ^= 1L << random.nextInt(64);
                }
            }
            long expected = -1;
            for (int k = 0; k < hashes.size() && expected < 0; k++) {
                expected = Long.bitCount(hashes.get(k) ^ hash) <= distance ? 10L * k : -1;
            }
            assertThat(duplicates.find(hash)).isEqualTo(expected);
            found += expected < 0 ? 0 : 1;
            duplicates.add(hash, 10L * hashes.size());
            hashes.add(hash);
        }
        assertThat(found).isBetween(100, 1500);
    }
}
