package io.flm.worker.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flm.data.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ForeignCheckpointTest {
    @TempDir
    private Path folder = Path.of("");

    @Test
    void aCheckpointWhoseStateNeverEndsIsRefused() throws IOException {
        Files.createSymbolicLink(folder.resolve("state.json"), Path.of("/dev/zero"));
        assertThatThrownBy(() -> Checkpoint.open(folder))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("not a regular file");
    }

    @Test
    void aFileInThePlaceOfACheckpointIsNamedInWords() throws IOException {
        Path file = Files.createFile(folder.resolve("step-0000000001"));
        assertThatThrownBy(() -> Checkpoint.open(file))
                .isInstanceOf(UserException.class)
                .hasMessage(file + ": cannot be read (Not a directory)");
    }

    @Test
    void valuesThatAKeyCannotHaveAreNotTakenFromACheckpoint() {
        assertThatThrownBy(
                        () -> States.identity("flm.model.hidden = 4294967296").config("step-1"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("step-1: flm.model.hidden = 4294967296 was altered: expected a whole number");
        assertThat(States.identity("flm.model.later = 4, flm.train.lanes = 8")
                        .config("step-1")
                        .entrySet())
                .hasSize(1);
    }
}
