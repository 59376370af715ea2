package io.flm.worker.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.flm.data.UserException;
import io.flm.worker.config.Keys;
import io.flm.worker.objective.Objective;
import io.flm.worker.objective.itm.ImageTextMatching;
import io.flm.worker.objective.mlm.MaskedLanguageModeling;
import java.util.List;
import org.junit.jupiter.api.Test;

class ObjectivesTest {
    private static Config with(String changed) {
        return ConfigFactory.parseString(changed).withFallback(ConfigFactory.defaultReference());
    }

    @Test
    void theKeyTakesTheWordsOfAllObjectives() {
        assertThat(Keys.known()
                        .find("flm.train.objective")
                        .orElseThrow()
                        .domain()
                        .words())
                .containsExactlyElementsOf(Objectives.all(with("").getConfig("flm.train")).stream()
                        .map(Objective::key)
                        .toList());
    }

    @Test
    void anObjectiveReadsItsOwnSettings() {
        assertThat(TrainSettings.from(with("flm.train { objective = MLM, mask-rate = 0.15, whole-word = on }"))
                        .objective())
                .isEqualTo(new MaskedLanguageModeling(0.15, 0.15, true));
        assertThat(TrainSettings.from(with("flm.train { objective = mlm, prediction-rate = 1 }"))
                        .objective())
                .isEqualTo(new MaskedLanguageModeling(0.4, 1, false));
        Objective flm = TrainSettings.from(with("flm.train.r2l-weight = 0.25")).objective();
        assertThat(flm.headNames()).containsExactly("rec", "l2r", "r2l");
        assertThat(flm.headWeights()).containsExactly(1, 1, 0.25);
    }

    @Test
    void matchingIsAddedToAnyObjective() {
        for (String base : List.of("flm", "mlm", "ar", "prefix-lm")) {
            Objective alone =
                    TrainSettings.from(with("flm.train.objective = " + base)).objective();
            Objective both = TrainSettings.from(with("flm.train { objective = " + base + ", matching = on }"))
                    .objective();
            assertThat(both).isEqualTo(new ImageTextMatching(alone, 8));
            assertThat(both.key()).isEqualTo(base);
            assertThat(both.setting()).endsWith("matching weight 8.0");
            assertThat(both.headNames())
                    .startsWith(alone.headNames().toArray(String[]::new))
                    .endsWith("itm");
            assertThat(both.hiddenTokens()).isEqualTo(alone.hiddenTokens());
            assertThat(both.hasLeftToRightStream()).isEqualTo(alone.hasLeftToRightStream());
        }
        assertThat(TrainSettings.from(with("flm.train { matching = on, matching-weight = 3 }"))
                        .objective()
                        .headWeights())
                .containsExactly(1, 1, 1, 3);
    }

    @Test
    void anUnknownObjectiveIsRefusedWithThoseThatThereAre() {
        assertThatThrownBy(() -> TrainSettings.from(with("flm.train.objective = mlx")))
                .isInstanceOf(UserException.class)
                .hasMessage("flm.train.objective = mlx: give one of flm, mlm, ar, prefix-lm");
    }
}
