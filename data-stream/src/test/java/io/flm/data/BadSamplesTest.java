package io.flm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import org.junit.jupiter.api.Test;

class BadSamplesTest {
    private static final double DEFAULT =
            DataSettings.from(ConfigFactory.load()).badSampleRate();

    private static void meet(long sourceSize, double rate, int count) {
        BadSamples bad = new BadSamples(sourceSize, rate);
        for (int index = 0; index < count; index++) {
            bad.add(index, new SampleException("a.tar:s" + index, "torn"));
        }
    }

    @Test
    void threeOfFiveHundredSamplesOfTheWebDoNotStopARunButADamagedShardDoes() {
        assertThatCode(() -> meet(500, DEFAULT, 10)).doesNotThrowAnyException();
        assertThatThrownBy(() -> meet(500, DEFAULT, 11)).isInstanceOf(UserException.class);
        assertThatCode(() -> meet(100_000, DEFAULT, 1000)).doesNotThrowAnyException();
        assertThatThrownBy(() -> meet(100_000, DEFAULT, 1001)).hasMessageContaining("1001 bad of 100000");
    }

    @Test
    void aSmallSourceDoesNotStopAtItsFirstButWhereMostIsBad() {
        assertThat(BadSamples.most(3, DEFAULT)).isEqualTo(1);
        assertThat(BadSamples.most(1, DEFAULT)).isLessThan(1);
        assertThatThrownBy(() -> meet(500, 0, 1)).isInstanceOf(UserException.class);
    }
}
