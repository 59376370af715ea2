package io.flm.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.flm.exchange.LaneRange;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LanesTest {
    private static List<Integer> counts(int lanes, double... laneMs) {
        return Lanes.deal(lanes, laneMs).stream().map(LaneRange::count).toList();
    }

    @Test
    void equalWorkersGetEquallyMany() {
        assertThat(counts(8, 1, 1, 1)).containsExactly(3, 3, 2);
        assertThat(counts(8, 0, 0, 0)).as("not measured").containsExactly(3, 3, 2);
        assertThat(counts(3, 1, 1, 1)).containsExactly(1, 1, 1);
    }

    @Test
    void aWorkerHalfAsFastGetsHalfAsMany() {
        assertThat(counts(9, 1, 2)).containsExactly(6, 3);
        assertThat(counts(9, 0, 1, 2))
                .as("the unknown one counts as the median")
                .containsExactly(2, 5, 2);
    }

    @Test
    void everyMemberHasALaneHoweverSlow() {
        assertThat(counts(4, 1, 1000)).containsExactly(3, 1);
    }

    @Test
    void everyDealIsContiguousAndComplete() {
        Random random = new Random(7);
        for (int i = 0; i < 200; i++) {
            double[] laneMs = random.doubles(1 + random.nextInt(9), 0.1, 9).toArray();
            int lanes = laneMs.length + random.nextInt(40);
            int next = 0;
            for (LaneRange range : Lanes.deal(lanes, laneMs)) {
                assertThat(range.from()).isEqualTo(next);
                assertThat(range.count()).isPositive();
                next = range.to();
            }
            assertThat(next).isEqualTo(lanes);
        }
    }

    @Test
    void theGainIsTheShareOfAStepThatTheBestDealSaves() {
        List<LaneRange> even = List.of(new LaneRange(0, 4), new LaneRange(4, 8));
        assertThat(Lanes.gain(even, new double[] {1, 3})).isCloseTo(0.5, within(1e-9));
        assertThat(Lanes.gain(even, new double[] {1, 1.1})).isZero();
        assertThat(Lanes.gain(even, new double[] {1, 0})).as("not measured").isZero();
    }
}
