package io.flm.launch.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import io.flm.data.UserException;
import io.flm.launch.command.TestEnvironment;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class FineTuningSettingsTest {
    private static Config of(String task) {
        return Configuration.builder().task(task).build().config();
    }

    /** The key takes its words in upper or lower case: the settings of the task are then the same. */
    @Test
    void aTasksSettingsAreItsOwnHoweverItsNameIsWritten() {
        assertThat(of("vqa").getDouble("flm.train.head-lr-factor")).isEqualTo(50);
        assertThat(of("VQA")).isEqualTo(of("vqa"));
    }

    /** A pretraining may have read the first captions alone. */
    @Test
    void tasksOfCaptionsLearnAllOfAPicture() {
        for (String task : new String[] {"retrieval", "caption"}) {
            Config config = Configuration.builder()
                    .set("flm.data.captions=first", Path.of(""))
                    .task(task)
                    .build()
                    .config();
            assertThat(config.getString("flm.data.captions")).isEqualTo("random");
        }
    }

    @Test
    void matchingWantsASecondSampleInEachBatch() {
        Config one = Configuration.builder()
                .preset("tiny", TestEnvironment.ROOT)
                .set("flm.train.matching=on", Path.of(""))
                .set("flm.train.micro-batch=1", Path.of(""))
                .build()
                .config();
        assertThatThrownBy(() -> Settings.checkRun(one))
                .isInstanceOf(UserException.class)
                .hasMessage(
                        "flm.train.matching is on, but flm.train.micro-batch = 1: a text meets no picture of another"
                                + " sample; set it to 2 or more, or matching off");
    }
}
