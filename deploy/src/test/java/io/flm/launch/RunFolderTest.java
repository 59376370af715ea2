package io.flm.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flm.data.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunFolderTest {
    @TempDir
    private Path parent = Path.of("");

    private Path aRun(String name) throws IOException {
        try (RunFolder run = RunFolder.create(parent.resolve(name))) {
            Files.writeString(run.configuration(), "");
            return run.path();
        }
    }

    @Test
    void aNewRunTakesTheNextNumber() throws IOException {
        assertThat(RunFolder.next(parent, "emoji")).isEqualTo(parent.resolve("emoji-1"));
        aRun("emoji-1");
        assertThat(RunFolder.next(parent, "emoji")).isEqualTo(parent.resolve("emoji-2"));
    }

    @Test
    void aFolderThatHoldsARunIsNotTakenForANewOne() throws IOException {
        Path run = aRun("run");
        assertThatThrownBy(() -> RunFolder.create(run))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("already holds a run")
                .hasMessageContaining("--resume");
        RunFolder.resume(run).close();
    }

    @Test
    void aRunThatIsBeingTrainedIsNotTakenASecondTime() throws IOException {
        Path run = aRun("run");
        try (RunFolder held = RunFolder.resume(run)) {
            assertThatThrownBy(() -> RunFolder.resume(held.path())).hasMessageContaining("another living process");
            assertThatThrownBy(() -> RunFolder.create(held.path())).hasMessageContaining("another living process");
        }
        RunFolder.resume(run).close();
    }

    @Test
    void aFolderOfOtherThingsIsLeftAlone() throws IOException {
        Path letters = Files.createDirectory(parent.resolve("letters"));
        Path letter = Files.writeString(letters.resolve("letter.txt"), "dear");
        assertThatThrownBy(() -> RunFolder.create(letters)).hasMessageContaining("is not empty");
        assertThatThrownBy(() -> RunFolder.create(letter)).hasMessageContaining("is a file");
        assertThatThrownBy(() -> RunFolder.create(letter.resolve("run")))
                .hasMessageContaining("cannot be made (Not a directory)");
        assertThat(letters.toFile().list()).containsExactly("letter.txt");
    }

    @Test
    void whereThereIsNoRunThereIsNothingToResume() {
        assertThatThrownBy(() -> RunFolder.resume(parent.resolve("nowhere"))).hasMessageContaining("holds no run");
        assertThat(RunFolder.newest(parent.resolve("nowhere"))).isEmpty();
    }

    @Test
    void theNewestRunIsTheOneWorkedOnLast() throws IOException {
        Path first = aRun("a-1");
        Path second = aRun("a-2");
        Files.createDirectory(parent.resolve("b"));
        Files.writeString(first.resolve("flm.log"), "");
        Files.writeString(second.resolve("flm.log"), "");
        assertThat(first.resolve("flm.log").toFile().setLastModified(2_000_000)).isTrue();
        assertThat(second.resolve("flm.log").toFile().setLastModified(1_000_000))
                .isTrue();
        assertThat(RunFolder.newest(parent)).contains(first);
    }

    @Test
    void aFolderMadeForARunThatDidNotBeginIsRemoved() throws IOException {
        RunFolder run = RunFolder.create(parent.resolve("run"));
        Files.writeString(run.configuration(), "");
        run.discard();
        assertThat(run.path()).doesNotExist();
    }
}
