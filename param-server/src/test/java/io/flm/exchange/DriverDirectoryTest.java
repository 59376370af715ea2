package io.flm.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class DriverDirectoryTest {
    @TempDir
    private Path parent;

    /** A process that opens a folder, and so removes what dead ones have left. */
    static final class Other {
        public static void main(String[] arguments) throws ExchangeException {
            DriverDirectory.open(Path.of(arguments[0])).close();
        }
    }

    private void letAnotherProcessOpenOne() throws Exception {
        Process other = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Other.class.getName(),
                        parent.toString())
                .inheritIO()
                .start();
        assertThat(other.waitFor()).isZero();
    }

    @Test
    void whatProcessesLeaveIsRemovedOnceTheyAreDead() throws Exception {
        Path leftover = Files.createDirectories(parent.resolve("flm-exchange-17-0/publications"));
        Files.createFile(parent.resolve("flm-exchange-17-0.lock"));
        try (DriverDirectory first = DriverDirectory.open(parent);
                DriverDirectory second = DriverDirectory.open(parent);
                DriverDirectory third = DriverDirectory.open(parent)) {
            assertThat(leftover.getParent()).doesNotExist();
            Files.createDirectory(first.path());
            Files.createDirectory(second.path());
            Files.createDirectory(third.path());
            letAnotherProcessOpenOne();
            assertThat(first.path()).exists();
            assertThat(second.path()).exists();
            assertThat(third.path()).exists();
        }
        assertThat(parent).isEmptyDirectory();
    }
}
