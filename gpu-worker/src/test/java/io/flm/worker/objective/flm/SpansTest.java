package io.flm.worker.objective.flm;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.data.RandomStream;
import io.flm.data.RandomStream.Purpose;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongToIntFunction;
import org.junit.jupiter.api.Test;

class SpansTest {
    private static final int DRAWS = 20_000;

    /**
     * {@code spans.json} holds what 20,000 draws of the official code gave for each length, rate and position: the extents that
     * were hidden on either side. Here as many are drawn. The difference of two means of n draws has the standard error
     * sd * sqrt(2 / n). There are 640 comparisons: by chance alone the largest of so many normal deviations exceeds 4.5
     * standard errors in less than 1 of 200 tests. Five draws are added, for extents that one side has met a few times in
     * 20,000 and the other never. The seed is fixed, so this test says the same each time. A mistake of one column in one
     * clamp is tens of standard errors.
     */
    @Test
    void extentsAreDistributedAsInTheOfficialCode() throws IOException {
        JsonNode golden = new ObjectMapper().readTree(SpansTest.class.getResourceAsStream("spans.json"));
        int padded = golden.path("padded_length").asInt();
        List<String> beyond = new ArrayList<>();
        int compared = 0;
        for (JsonNode oneCase : golden.path("cases")) {
            int n = oneCase.path("length").asInt();
            double rate = oneCase.path("rate").asDouble();
            for (JsonNode at : oneCase.path("positions")) {
                int i = at.path("position").asInt();
                RandomStream random = RandomStream.of(7, Purpose.CORRUPT, n, i, Math.round(100 * rate));
                long[] draws = new long[DRAWS];
                for (int k = 0; k < DRAWS; k++) {
                    draws[k] = Spans.draw(i, n, padded, rate, random);
                }
                String where = "length " + n + " rate " + rate + " position " + i;
                compare(draws, s -> Math.min(Spans.left(s), i - 1), at.path("left"), where + " left", beyond);
                compare(draws, s -> Math.min(Spans.right(s), n - 1 - i), at.path("right"), where, beyond);
                compared += 2;
            }
        }
        assertThat(compared).isEqualTo(640);
        assertThat(beyond).as("means beyond 4.5 standard errors").isEmpty();
    }

    private static void compare(
            long[] draws, LongToIntFunction extent, JsonNode golden, String where, List<String> beyond) {
        double sum = 0;
        for (long draw : draws) {
            sum += extent.applyAsInt(draw);
        }
        double error = golden.path("std").asDouble() * Math.sqrt(2.0 / DRAWS);
        double difference = sum / DRAWS - golden.path("mean").asDouble();
        if (Math.abs(difference) > 4.5 * error + 5.0 / DRAWS) {
            beyond.add(where + ": " + sum / DRAWS + " instead of " + golden.path("mean"));
        }
    }

    @Test
    void aSpanThatHidesEverythingLeavesOneKey() {
        int n = 8;
        for (int i = 1; i < n; i++) {
            int position = i;
            RandomStream random = RandomStream.of(1, Purpose.CORRUPT, i);
            for (int draw = 0; draw < 2_000; draw++) {
                long span = Spans.withOneKey(Spans.draw(i, n, 12, 0.95, random), i, n);
                int hidden = Math.min(Spans.left(span), i - 1) + Math.min(Spans.right(span), n - 1 - i);
                assertThat(hidden).as("position %d", position).isLessThan(n - 2);
            }
        }
    }

    @Test
    void aSpanThatLeavesAKeyIsNotTouched() {
        long span = Spans.draw(4, 8, 12, 0.5, RandomStream.of(3, Purpose.CORRUPT));
        assertThat(Spans.left(span) + Spans.right(span)).isPositive();
        assertThat(Spans.withOneKey(span, 4, 8)).isEqualTo(span);
    }
}
