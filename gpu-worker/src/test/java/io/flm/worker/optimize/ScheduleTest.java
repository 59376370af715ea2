package io.flm.worker.optimize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class ScheduleTest {
    @Test
    void theOfficialScheduleWarmsUpFromZeroAndFallsToZeroOnALine() {
        // the reference run of the official code: 20 steps, 1 of them warm-up, base 8e-5
        Schedule schedule = new Schedule(Schedule.Shape.LINEAR, 8e-5, 1, 20);
        assertThat(schedule.rate(0)).isZero();
        assertThat(schedule.rate(1)).isEqualTo(8e-5, within(1e-18));
        assertThat(schedule.rate(2)).isEqualTo(7.578947368421054e-5, within(1e-18));
        assertThat(schedule.rate(6)).isEqualTo(5.894736842105264e-5, within(1e-18));
        assertThat(schedule.rate(20)).isZero();
    }

    @Test
    void aConstantScheduleStaysWhereTheWarmUpEnds() {
        Schedule schedule = new Schedule(Schedule.Shape.CONSTANT, 2e-3, 50, 100);
        assertThat(schedule.rate(25)).isEqualTo(1e-3, within(1e-15));
        assertThat(schedule.rate(50)).isEqualTo(2e-3);
        assertThat(schedule.rate(99)).isEqualTo(2e-3);
    }

    @Test
    void aCosineIsHalfWayDownInTheMiddle() {
        Schedule schedule = new Schedule(Schedule.Shape.COSINE, 1, 0, 100);
        assertThat(schedule.rate(0)).isEqualTo(1, within(1e-12));
        assertThat(schedule.rate(50)).isEqualTo(0.5, within(1e-12));
        assertThat(schedule.rate(100)).isEqualTo(0, within(1e-12));
    }
}
