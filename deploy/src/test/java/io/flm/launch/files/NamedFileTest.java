package io.flm.launch.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flm.data.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NamedFileTest {
    @TempDir
    private Path folder = Path.of("");

    @Test
    void askingLeavesNothingAndChangesNothing() throws IOException {
        Path page = folder.resolve("page.html");
        NamedFile.requireWritable(page, "--html");
        assertThat(folder).isEmptyDirectory();
        Files.writeString(page, "<p>old</p>");
        NamedFile.requireWritable(page, "--html");
        assertThat(page).hasContent("<p>old</p>");
    }

    /** What no look at the folder tells: here a name that no file system takes. */
    @Test
    void whatCannotBeMadeIsToldBeforeTheWork() {
        Path page = folder.resolve("p".repeat(300));
        assertThatThrownBy(() -> NamedFile.requireWritable(page, "--html"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining(page + ": cannot be written (")
                .hasMessageEndingWith("); give another --html");
    }

    @Test
    void folders() {
        assertThatThrownBy(() -> NamedFile.requireWritable(folder, "--html"))
                .hasMessage(folder + ": is a folder; give another --html");
        assertThatThrownBy(() -> NamedFile.requireWritable(folder.resolve("no/page"), "--html"))
                .hasMessage(folder.resolve("no/page") + ": there is no folder " + folder.resolve("no")
                        + "; give another --html");
    }
}
