package io.flm.launch.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.flm.data.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunLockTest {
    private static final Path LOCKS = Path.of("/proc/locks"); // those of the system, by inode

    @TempDir
    private Path folder = Path.of("");

    @Test
    void whoAsksForAFolderThatThisProcessHoldsDoesNotOpenItsLock() throws IOException {
        assumeThat(Files.isReadable(LOCKS)).isTrue();
        Path run = Files.createDirectory(folder.resolve("run"));
        try (RunLock held = RunLock.take(run)) {
            assumeThat(isLocked(held.folder())).isTrue();
            assertThat(RunLock.isHeld(run)).isTrue();
            assertThatThrownBy(() -> RunLock.take(run))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining(
                            "in use by process " + ProcessHandle.current().pid() + ", this one");
            assertThat(isLocked(run)).isTrue();
        }
        assertThat(RunLock.isHeld(run)).isFalse();
        RunLock.take(run).close();
    }

    private static boolean isLocked(Path run) throws IOException {
        return Files.readString(LOCKS).contains(":" + Files.getAttribute(run.resolve("lock"), "unix:ino") + " ");
    }
}
