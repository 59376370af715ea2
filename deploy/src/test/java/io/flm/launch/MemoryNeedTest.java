package io.flm.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.flm.data.UserException;
import io.flm.worker.model.ModelSettings;
import io.flm.worker.train.TrainSettings;
import org.junit.jupiter.api.Test;

/** What cannot fit into memory is refused before it begins. */
class MemoryNeedTest {
    private static final long GIB = 1L << 30;

    private static double leastGib(String preset, int workers, String... more) {
        Config c = config(preset, more);
        return MemoryNeed.leastBytes(ModelSettings.from(c), TrainSettings.from(c), workers, 4) / GIB;
    }

    private static Config config(String preset, String... more) {
        return ConfigFactory.parseString(String.join("\n", more))
                .withFallback(ConfigFactory.parseResources("presets/" + preset + ".conf"))
                .withFallback(ConfigFactory.load());
    }

    @Test
    void theHeadlineModelTakesEightBuffersOfItsParametersForOneWorker() {
        assertThat(leastGib("headline", 1, "flm.train.micro-batch = 1")).isBetween(10.0, 12.0);
        assertThat(leastGib("headline", 2, "flm.train.micro-batch = 1", "flm.train.lanes = 2"))
                .isBetween(16.0, 19.0);
    }

    @Test
    void theEmojiModelFitsAnywhere() {
        assertThat(leastGib("emoji", 2)).isLessThan(0.2);
    }

    @Test
    void whatCannotFitIsRefusedWithWhatToDo() {
        Config c = config("headline", "flm.train.micro-batch = 1000000000");
        assertThatThrownBy(() -> MemoryNeed.require(ModelSettings.from(c), TrainSettings.from(c), 1, 4, 24 * GIB))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("flm.train.micro-batch = 1000000000 need")
                .hasMessageContaining("this machine has 24.0; give fewer --workers");
    }
}
