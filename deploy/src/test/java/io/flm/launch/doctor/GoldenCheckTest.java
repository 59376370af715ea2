package io.flm.launch.doctor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flm.data.UserException;
import io.flm.launch.command.TestEnvironment;
import io.flm.worker.model.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GoldenCheckTest {
    private static final Path TINY = TestEnvironment.ROOT.resolve("tests/golden/flm-tiny");

    @Test
    void findsTheModelWithinTheTolerances() {
        GoldenCheck check = GoldenCheck.of(TINY, "cpu", Precision.FP32, 1);
        assertThat(check.passed()).as(check.render()).isTrue();
        assertThat(check.render()).contains("r0.3 gradients", "5e-05", "mlm losses");
        assertThat(check.toList())
                .allSatisfy(group -> assertThat(group)
                        .containsKeys("group", "error", "tolerance", "worst", "compared")
                        .containsEntry("passed", true));
    }

    @Test
    void measuresBf16WithoutJudgingIt() {
        GoldenCheck check = GoldenCheck.of(TINY, "cpu", Precision.BF16, 1);
        assertThat(check.passed()).isTrue();
        assertThat(check.render()).contains("measured, ").doesNotContain("ok, ");
    }

    @Test
    void refusesAFolderThatHoldsNoGoldenData(@TempDir Path folder) {
        assertThatThrownBy(() -> GoldenCheck.of(folder, "cpu", Precision.FP32, 1))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("meta.json");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            ''                                                     | no readable meta.json (no JSON object); give a folder
            []                                                     | no readable meta.json (no JSON object); give a folder
            {'name': 'cut                                          | no readable meta.json (no JSON); give a folder
            {}                                                     | meta.json has no object special_ids; take another copy
            {'special_ids': {'pad': 1}}                            | meta.json has no object config; take another copy
            {'special_ids': {'pad': 1}, 'config': {'vocab_size': 0}} | no whole number from 1 under config.vocab_size
            """, quoteCharacter = '"')
    void refusesDamagedGoldenDataInOneLine(String meta, String message, @TempDir Path folder) throws IOException {
        for (String file : List.of("weights.safetensors", "inputs.safetensors", "outputs-flm-r0.safetensors")) {
            Files.copy(TINY.resolve(file), folder.resolve(file));
        }
        Files.writeString(folder.resolve("meta.json"), meta.replace("''", "").replace('\'', '"'));
        assertThatThrownBy(() -> GoldenCheck.of(folder, "cpu", Precision.FP32, 1))
                .isInstanceOf(UserException.class)
                .hasMessageContaining(message)
                .message()
                .doesNotContain("\n");
    }

    @Test
    void saysWhichDataAFolderLacks(@TempDir Path folder) throws IOException {
        for (String file :
                List.of("meta.json", "weights.safetensors", "inputs.safetensors", "outputs-caption.safetensors")) {
            Files.copy(TINY.resolve(file), folder.resolve(file));
        }
        GoldenCheck check = GoldenCheck.of(folder, "cpu", Precision.FP32, 1);
        assertThat(check.passed()).isTrue();
        assertThat(check.render().lines())
                .anySatisfy(line -> assertThat(line).matches("outputs-mlm.safetensors +not there: not compared"))
                .anySatisfy(line -> assertThat(line).matches("greedy captions, logits .*ok, .*"))
                .noneSatisfy(line -> assertThat(line).contains("outputs-caption.safetensors"));
    }

    @Test
    void refusesADeviceThatIsNotThere() {
        assertThatThrownBy(() -> GoldenCheck.of(TINY, "cuda:64", Precision.FP32, 1))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("no cuda:64");
    }
}
