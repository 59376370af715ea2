package io.flm.launch.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flm.data.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What others have in a folder, or put there meanwhile, is never lost. */
class ExportFolderTest {
    @TempDir
    private Path parent = Path.of("");

    private Path write(String name, String content) throws IOException {
        Path file = parent.resolve("out").resolve(name);
        Files.createDirectories(parent.resolve("out"));
        return Files.writeString(file, content);
    }

    private ExportFolder begin(boolean force, String weights) {
        ExportFolder begun = ExportFolder.begin(parent.resolve("out"), force);
        begun.text(Export.OFFICIAL_WEIGHTS, weights);
        begun.text(Export.CARD, "# x\n\n" + OfficialCard.MARK + "\nfor them.\n");
        return begun;
    }

    private List<String> content() throws IOException {
        try (Stream<Path> all = Files.list(parent)) {
            return all.map(path -> String.valueOf(path.getFileName())).toList();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"model_type\": \"bert\"}", "{}", "[\"flm\"]", "no JSON", ""})
    void aFolderOfHuggingFacesStyleThatIsNotOursIsNeverReplaced(String config) throws IOException {
        write("config.json", config);
        write("model.safetensors", "theirs");
        write("tokenizer.json", "theirs");
        refused(true, "out: holds other files");
        write("modeling_flm.py", "ours");
        refused(true, "out: holds other files");
        write("config.json", "{\"model_type\": \"flm\"}");
        assertThatCode(() -> ExportFolder.requireFree(parent.resolve("out"), true))
                .doesNotThrowAnyException();
        refused(false, "out: holds an export already");
        Files.delete(write("modeling_flm.py", ""));
        refused(true, "out: holds other files");
    }

    @Test
    void weightsWithACardThatIsNotOursAreNeverReplaced() throws IOException {
        write(Export.OFFICIAL_WEIGHTS, "theirs");
        refused(true, "out: holds other files");
        write(Export.CARD, "# Theirs, of " + OfficialCard.MARK);
        refused(true, "out: holds other files");
        write(Export.CARD, "# Ours\n" + OfficialCard.MARK + "\n");
        assertThatCode(() -> ExportFolder.requireFree(parent.resolve("out"), true))
                .doesNotThrowAnyException();
    }

    private void refused(boolean force, String message) {
        assertThatThrownBy(() -> ExportFolder.requireFree(parent.resolve("out"), force))
                .isInstanceOf(UserException.class)
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatWasPutIntoTheFolderMeanwhileStays(boolean force) throws IOException {
        Files.createDirectories(parent.resolve("out"));
        try (ExportFolder begun = begin(force, "mine")) {
            Path thesis = write("thesis.txt", "theirs");
            assertThatThrownBy(begun::publish)
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("out: holds thesis.txt, which is of no export");
            assertThat(thesis).hasContent("theirs");
        }
        assertThat(content()).containsExactly("out");
    }

    @Test
    void ofTwoExportsToOneNewFolderTheFirstStays() throws IOException {
        try (ExportFolder first = begin(false, "first");
                ExportFolder second = begin(false, "second")) {
            assertThat(first.publish()).hasSize(2);
            assertThatThrownBy(second::publish)
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("out: holds an export already");
        }
        assertThat(parent.resolve("out").resolve(Export.OFFICIAL_WEIGHTS)).hasContent("first");
        assertThat(content()).containsExactly("out");
        try (ExportFolder third = begin(true, "third")) {
            third.publish();
        }
        assertThat(parent.resolve("out").resolve(Export.OFFICIAL_WEIGHTS)).hasContent("third");
        assertThat(content()).containsExactly("out");
    }
}
