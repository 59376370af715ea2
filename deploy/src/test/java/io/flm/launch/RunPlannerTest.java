package io.flm.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flm.coordinator.Submission;
import io.flm.data.UserException;
import io.flm.worker.RunPlan;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunPlannerTest {
    private static final Path HOME = Path.of("/opt/flm");
    private static final String DATA = "flm.data { paths = [\"/data/x.tar\"], tokenizer = /data/t.json }\n";

    @TempDir
    private Path folder = Path.of("");

    private static RunPlan plan(String config) {
        return new RunPlanner(HOME, false).plan(new Submission("r", config, 2, 3, true));
    }

    @Test
    void aPlanHoldsWhatWasSubmittedAndDefaultsOtherwise() {
        RunPlan plan = plan(DATA + "flm.train { lanes = 6, steps = 60 }");
        assertThat(plan.lanes()).isEqualTo(6);
        assertThat(plan.totalSteps()).isEqualTo(60);
        assertThat(plan.minWorkers()).isEqualTo(2);
        assertThat(plan.maxWorkers()).isEqualTo(3);
        assertThat(plan.resume()).isTrue();
        assertThat(plan.codec()).isEqualTo("fp32");
        assertThat(plan(DATA + "flm.exchange.codec = bf16").codec()).isEqualTo("bf16");
        assertThat(plan.encrypted()).isFalse();
        assertThat(new RunPlanner(HOME, true)
                        .plan(new Submission("r", DATA, 1, 0, false))
                        .encrypted())
                .isTrue();
    }

    /** Each host has the program, and the data that ship with it, in a folder of its own. */
    @Test
    void pathsWithinTheProgramMoveWithIt() {
        Configuration sent = Configuration.builder()
                .text(
                        "flm.data { paths = [/here/flm/data/a.tar, /data/b.tar], tokenizer = /here/flm/t.json }",
                        "t",
                        HOME)
                .build();
        String text = sent.portable(Path.of("/here/flm"));
        Configuration there =
                Configuration.builder().text(text, "submitted", HOME).build();
        assertThat(there.config().getStringList("flm.data.paths"))
                .containsExactly("/opt/flm/data/a.tar", "/data/b.tar");
        assertThat(there.config().getString("flm.data.tokenizer")).isEqualTo("/opt/flm/t.json");
        assertThat(there.portable(HOME)).contains("flm-home:/data/a.tar", "/data/b.tar", "flm-home:/t.json");
    }

    @Test
    void whatIsWrongIsNamed() {
        assertThatThrownBy(() -> plan("flm.trian.lanes = 3"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("flm.trian.lanes (submitted): no such key; did you mean flm.train.lanes?");
        assertThatThrownBy(() -> plan("flm {"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("submitted: not a configuration");
        assertThatThrownBy(() -> plan("akka.loglevel = DEBUG"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("other keys than those below flm: akka");
        assertThatThrownBy(() -> plan("")).isInstanceOf(UserException.class).hasMessageContaining("flm.data.paths");
        assertThatThrownBy(() -> plan(DATA + "flm.exchange.codec = fp8"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("flm.exchange.codec = fp8 (submitted): expected one of fp32, bf16");
        assertThatThrownBy(() -> plan(DATA + "flm.exchange.liveness-timeout = soon"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("liveness-timeout");
        assertThatThrownBy(() -> plan(DATA + "flm.train.lanes = 3000000000"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("lanes");
        assertThatThrownBy(() -> plan(DATA + "flm.data.tokenizer = \"a\\u0000b\""))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("no path");
        assertThatThrownBy(() -> plan(DATA + "flm.data.paths = " + "[".repeat(100_000)))
                .isInstanceOf(UserException.class);
    }

    @Test
    void aConfigurationThatNodesCannotTellEachOtherIsRefused() {
        assertThatThrownBy(() -> plan(MessageSizeTest.config(6000, 4)))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("more than the 262144 that nodes tell each other")
                .hasMessageContaining("give folders of shards");
    }

    /** Whoever may submit a run may not read the node's files by it. */
    @Test
    void aSubmittedTextReadsNoFileAndNoEnvironment() throws Exception {
        Path secret = Files.writeString(folder.resolve("secret.conf"), "flm.train.lanes = 3");
        for (String include : new String[] {
            "include \"" + secret + "\"",
            "include file(\"" + secret + "\")",
            "include url(\"" + secret.toUri() + "\")",
            "include classpath(\"node.conf\")"
        }) {
            assertThatThrownBy(() -> plan(DATA + include))
                    .as(include)
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("a submitted configuration holds its values itself");
        }
        assertThatThrownBy(() -> plan("flm.http.host = ${PATH}")).isInstanceOf(UserException.class);
    }
}
