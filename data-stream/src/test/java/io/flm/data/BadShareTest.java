package io.flm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import org.junit.jupiter.api.Test;

class BadShareTest {
    private static final double DEFAULT =
            DataSettings.from(ConfigFactory.load()).badSampleRate();

    private static void meet(long sourceSize, double rate, int count) {
        BadShare share = new BadShare(sourceSize, rate, 1);
        share.add(0, count);
        share.check();
    }

    @Test
    void threeOfFiveHundredSamplesOfTheWebDoNotStopARunButADamagedShardDoes() {
        assertThatCode(() -> meet(500, DEFAULT, 10)).doesNotThrowAnyException();
        assertThatThrownBy(() -> meet(500, DEFAULT, 11)).isInstanceOf(UserException.class);
        assertThatCode(() -> meet(100_000, DEFAULT, 1000)).doesNotThrowAnyException();
        assertThatThrownBy(() -> meet(100_000, DEFAULT, 1001))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("1001 bad samples were drawn to fill the 100000 places")
                .hasMessageContaining("--resume and --set flm.data.bad-sample-rate=R")
                .hasMessageContaining("--resume --accept data")
                .hasMessageNotContaining("\n");
    }

    @Test
    void aSmallSourceDoesNotStopAtItsFirstButWhereMostIsBad() {
        assertThat(BadShare.most(3, DEFAULT)).isEqualTo(1);
        assertThat(BadShare.most(1, DEFAULT)).isLessThan(1);
        assertThatThrownBy(() -> meet(500, 0, 1)).isInstanceOf(UserException.class);
    }

    /** Whatever a run's length, the same few samples come again in each epoch. */
    @Test
    void eachEpochIsCountedAnew() {
        BadShare share = new BadShare(500, DEFAULT, 100);
        for (long step = 0; step < 500; step++) {
            share.add(step, step % 5 == 0 ? 10 : 0);
            share.check();
        }
        share.add(500, 8);
        share.add(504, 3);
        assertThatThrownBy(share::check)
                .hasMessageContaining("11 bad samples were drawn to fill the 500 places of the steps from 500 on");
    }

    @Test
    void aBatchLargerThanTheSourceDrawsItsSamplesMoreThanOnce() {
        BadShare share = new BadShare(20, DEFAULT, 200);
        share.add(0, 100);
        share.check();
        share.add(1, 101);
        assertThatThrownBy(share::check).isInstanceOf(UserException.class);
    }
}
