package io.flm.launch.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flm.launch.console.LogFiles;
import io.flm.launch.console.LogForm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is written in a folder where somebody else may have put a link, whenever that came there. */
class PlainFileTest {
    @TempDir
    private Path folder = Path.of("");

    private Path victim = Path.of("");
    private Path link = Path.of("");

    @BeforeEach
    void aLink() throws IOException {
        victim = Files.writeString(folder.resolve("victim"), "mine");
        link = Files.createSymbolicLink(folder.resolve("link"), victim);
    }

    @Test
    void aLinkIsReplacedAndNotFollowed() throws IOException {
        PlainFile.replace(link, "of the run");
        assertThat(victim).hasContent("mine");
        assertThat(link).isRegularFile().hasContent("of the run");
        assertThat(Files.isSymbolicLink(link)).isFalse();
    }

    @Test
    void nothingIsAddedThroughALink() {
        assertThatThrownBy(() -> PlainFile.append(link).close()).isInstanceOf(IOException.class);
        assertThat(victim).hasContent("mine");
    }

    @Test
    void aLogIsNotWrittenThroughALinkThatCameAfterTheFolderWasLookedAt() {
        LogFiles logs = LogFiles.of(warning -> {});
        assertThatThrownBy(() -> logs.to(link, LogForm.TEXT))
                .hasMessageContaining(link + ": no log can be written there");
        logs.close(false);
        assertThat(victim).hasContent("mine");
    }

    @Test
    void aFileThatCannotBeReplacedIsAsItWasAndNothingIsLeftBeside() throws IOException {
        Path full = folder.resolve("taken");
        Files.createDirectories(full.resolve("by a folder"));
        assertThatThrownBy(() -> PlainFile.replace(full, "text")).isInstanceOf(IOException.class);
        assertThat(folder.toFile().list()).containsExactlyInAnyOrder("victim", "link", "taken");
    }

    @Test
    void aSecretIsItsOwnersAlone() throws IOException {
        Path secret = folder.resolve("secret");
        PlainFile.replace(secret, "token", "rw-------");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(secret)))
                .isEqualTo("rw-------");
    }
}
