package io.flm.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.security.auth.module.UnixSystem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class DriverDirectoryTest {
    private static final long USER = new UnixSystem().getUid();

    @TempDir
    private Path parent;

    /** Somebody's, as it lies beside the program's. */
    @TempDir
    private Path elsewhere;

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

    private Path folder() {
        return parent.resolve("flm-exchange-" + USER);
    }

    private static Path withMode(Path file, String mode) throws IOException {
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
    }

    private void expectRefusal(String why) {
        assertThatThrownBy(() -> DriverDirectory.open(parent))
                .isInstanceOf(ExchangeException.class)
                .hasMessage(
                        folder() + ": " + why
                                + ", so that others may have made what is in it; have it removed, or set flm.exchange.directory");
    }

    @Test
    void whatProcessesLeaveIsRemovedOnceTheyAreDead() throws Exception {
        withMode(Files.createDirectory(folder()), "rwx------");
        Path leftover = Files.createDirectories(folder().resolve("17-0/aeron/publications"));
        Files.createFile(leftover.resolve("1.logbuffer"));
        Files.createFile(folder().resolve("17-0.lock"));
        Files.createFile(folder().resolve("18-0.lock")); // died before it had made a folder
        try (DriverDirectory first = DriverDirectory.open(parent);
                DriverDirectory second = DriverDirectory.open(parent);
                DriverDirectory third = DriverDirectory.open(parent)) {
            assertThat(folder().resolve("17-0")).doesNotExist();
            assertThat(folder().resolve("18-0.lock")).doesNotExist();
            letAnotherProcessOpenOne();
            assertThat(first.path()).exists();
            assertThat(second.path()).exists();
            assertThat(third.path()).exists();
        }
        assertThat(parent).isEmptyDirectory();
    }

    @Test
    void aFolderOfAnEarlierProcessOfThisIdIsNoHindrance() throws Exception {
        withMode(Files.createDirectory(folder()), "rwx------");
        Path earlier =
                Files.createDirectory(folder().resolve(ProcessHandle.current().pid() + "-0"));
        Files.createSymbolicLink(earlier.resolve("aeron"), elsewhere);
        Files.createFile(elsewhere.resolve("kept"));
        try (DriverDirectory opened = DriverDirectory.open(parent)) {
            assertThat(opened.path()).isEmptyDirectory();
        }
        assertThat(elsewhere.resolve("kept")).exists();
    }

    @Test
    void whatLinksLeadToIsNeverRemoved() throws Exception {
        Path kept = Files.createFile(elsewhere.resolve("kept"));
        // Names as an older release made them, in a folder where everybody may plant them.
        Files.createFile(parent.resolve("flm-exchange-17-0.lock"));
        Files.createSymbolicLink(parent.resolve("flm-exchange-17-0"), elsewhere);
        withMode(Files.createDirectory(folder()), "rwx------");
        Files.createFile(folder().resolve("17-0.lock"));
        Files.createSymbolicLink(folder().resolve("17-0"), elsewhere);
        Files.createFile(folder().resolve("18-0.lock"));
        Files.createDirectory(folder().resolve("18-0"));
        Files.createSymbolicLink(folder().resolve("18-0/images"), elsewhere);
        Files.createSymbolicLink(folder().resolve("19-0.lock"), kept);
        Files.createDirectory(folder().resolve("19-0"));
        try (DriverDirectory opened = DriverDirectory.open(parent)) {
            assertThat(opened.path()).exists();
            assertThat(folder().resolve("17-0")).doesNotExist();
            assertThat(folder().resolve("18-0")).doesNotExist();
            assertThat(folder().resolve("19-0")).as("a link is no lock").exists();
            Files.createSymbolicLink(opened.path().resolve("planted"), elsewhere);
        }
        assertThat(kept).exists();
        assertThat(parent.resolve("flm-exchange-17-0.lock")).exists();
    }

    @Test
    void whatIsKeptThereIsForItsOwnerAlone() throws Exception {
        try (DriverDirectory opened = DriverDirectory.open(parent);
                SharedRing ring = SharedRing.create(opened.path(), 1)) {
            assertThat(ring).isNotNull();
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder())))
                    .isEqualTo("rwx------");
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(opened.path())))
                    .isEqualTo("rwx------");
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(Path.of(opened.path() + ".lock"))))
                    .isEqualTo("rw-------");
            try (var files = Files.list(opened.path())) {
                assertThat(files)
                        .hasSize(1)
                        .allSatisfy(
                                file -> assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                                        .isEqualTo("rw-------"));
            }
        }
    }

    @Test
    void aFolderThatAnotherUserHasMadeIsRefused() throws Exception {
        withMode(Files.createDirectory(parent.resolve("flm-exchange-" + (USER + 1))), "rwx------");
        assertThatThrownBy(() -> DriverDirectory.open(parent, USER + 1))
                .hasMessageContaining("flm-exchange-" + (USER + 1) + ": belongs to user " + USER + ", not to this one ("
                        + (USER + 1) + "), so that others");
    }

    @Test
    void aLinkInPlaceOfTheFolderIsRefused() throws Exception {
        withMode(elsewhere, "rwx------");
        Files.createSymbolicLink(folder(), elsewhere);
        expectRefusal("is a link");
        assertThat(elsewhere).isEmptyDirectory();
    }

    @Test
    void aLinkToNothingInPlaceOfTheFolderIsRefused() throws Exception {
        Files.createSymbolicLink(folder(), elsewhere.resolve("nothing"));
        expectRefusal("is a link");
        assertThat(elsewhere).isEmptyDirectory();
    }

    @Test
    void aFileInPlaceOfTheFolderIsRefused() throws Exception {
        Files.createFile(folder());
        expectRefusal("is no folder");
    }

    @Test
    void aFolderThatOthersMayReadOrWriteIsRefused() throws Exception {
        Files.createDirectory(folder());
        withMode(folder(), "rwxr-x---");
        expectRefusal("has mode 750 instead of 700");
        withMode(folder(), "rwx----w-");
        expectRefusal("has mode 702 instead of 700");
    }

    @Test
    void whereEverybodyMayReplaceTheFolderNothingIsKept() throws Exception {
        withMode(parent, "rwxrwxrwx");
        assertThatThrownBy(() -> DriverDirectory.open(parent))
                .hasMessageStartingWith(parent + ": everybody may replace what is in it: set its sticky bit");
        Files.setAttribute(parent, "unix:mode", 01777);
        DriverDirectory.open(parent).close();
    }

    @Test
    void whereThereIsNoSuchFolderOneIsNamedToSet() {
        assertThatThrownBy(() -> DriverDirectory.open(parent.resolve("missing")))
                .isInstanceOf(ExchangeException.class)
                .hasMessageStartingWith(parent.resolve("missing") + ": no folder for the exchange's buffers")
                .hasMessageEndingWith("set flm.exchange.directory");
    }
}
