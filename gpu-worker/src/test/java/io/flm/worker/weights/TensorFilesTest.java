package io.flm.worker.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flm.data.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A model in whichever form is the same tensors. */
class TensorFilesTest {
    private static final Path MADE = TorchArchiveTest.MADE;

    @TempDir
    private Path folder = Path.of("");

    @ParameterizedTest
    @CsvSource({"clip, clip-shards", "clip/pytorch_model.bin, clip-shards/model.safetensors.index.json"})
    void aModelInPartsIsTheModelInOneFile(String one, String other) {
        try (TensorFile whole = TensorFiles.open(MADE.resolve(one));
                TensorFile parts = TensorFiles.open(MADE.resolve(other))) {
            assertThat(parts.tensors().keySet())
                    .containsExactlyInAnyOrderElementsOf(whole.tensors().keySet());
            whole.tensors().forEach((name, entry) -> {
                assertThat(parts.tensors().get(name)).hasToString(entry.toString());
                if (!name.endsWith("position_ids")) {
                    assertThat(TorchArchiveTest.floats(parts, name))
                            .as(name)
                            .isEqualTo(TorchArchiveTest.floats(whole, name));
                }
            });
        }
    }

    private void refused(Path file, String message) {
        assertThatThrownBy(() -> TensorFiles.open(file).close())
                .isInstanceOf(UserException.class)
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {"weight_map": {"a": "../secret.bin"}}            | "../secret.bin", which is no file beside it
            {"weight_map": {"a": "/etc/passwd"}}              | "/etc/passwd", which is no file beside it
            {"weight_map": {"a": "own.index.json"}}           | "own.index.json", which is no file beside it
            {"weight_map": {"a": "."}}                        | ".", which is no file beside it
            {"weight_map": {"a": ".."}}                       | "..", which is no file beside it
            {"weight_map": {"a": "inner"}}                    | "inner", which is no file beside it
            {"weight_map": {"a": "b.bin", "a": "c.bin"}}      | no JSON (Duplicate field 'a')
            {"weight_map": {"a": "nowhere.bin"}}              | nowhere.bin: no such file
            {"weight_map": {"a": "legacy.bin"}}               | written by torch before 1.6
            {"weight_map": {"a": "views.pt"}}                 | no tensor a, which
            {"weight_map": {}}                                | has no "weight_map"
            [1]                                               | has no "weight_map"
            {"weight_map"                                     | no JSON
            """)
    void anIndexNamesFilesBesideItThatHoldItsTensors(String json, String message) throws IOException {
        Files.copy(MADE.resolve("legacy.bin"), folder.resolve("legacy.bin"));
        Files.copy(MADE.resolve("views.pt"), folder.resolve("views.pt"));
        Files.copy(
                MADE.resolve("views.safetensors"),
                Files.createDirectory(folder.resolve("inner")).resolve("model.safetensors"));
        Files.writeString(folder.resolve("model.safetensors.index.json"), json); // the folder itself is a model
        refused(Files.writeString(folder.resolve("own.index.json"), json), message);
    }

    @Test
    void whatIsNoFileOfTensorsIsRefused() throws IOException {
        refused(folder.resolve("nowhere"), "nowhere: no such file");
        refused(folder, "holds none of model.safetensors");
        refused(Files.writeString(folder.resolve("a.bin"), "<html>not here</html>"), "no whole safetensors file");
        refused(Files.createFile(folder.resolve("empty.ckpt")), "no whole safetensors file");
    }
}
