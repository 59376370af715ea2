package io.flm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OpenFilesTest {
    @TempDir
    private Path folder = Path.of("");

    @Test
    void aThousandShardsAreReadWithFewOpenFiles() throws IOException {
        assumeThat(Files.isDirectory(Path.of("/proc/self/fd"))).isTrue();
        byte[] shard = Files.readAllBytes(new TarBytes().sample("a").end(2).write(folder.resolve("first")));
        List<Path> shards = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            shards.add(Files.write(folder.resolve(i + ".tar"), shard));
        }
        try (Dataset source = Dataset.open(shards)) {
            List<String> read = IntStream.range(0, 2000)
                    .parallel()
                    .mapToObj(i -> caption(source, i % 1000))
                    .distinct()
                    .toList();
            assertThat(read).containsExactly("a a");
            try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
                assertThat(open.filter(this::isOurs).count()).isBetween(1L, (long) OpenFiles.MOST_IDLE);
            }
        }
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            assertThat(open.filter(this::isOurs)).isEmpty();
        }
    }

    private boolean isOurs(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).startsWith(folder.toRealPath());
        } catch (IOException e) {
            return false; // that of the listing
        }
    }

    private static String caption(Dataset source, long index) {
        try {
            return source.captions(index).get(0);
        } catch (SampleException | IOException e) {
            return String.valueOf(e.getMessage());
        }
    }

    @Test
    void aShardThatChangedIsNotReadOn() throws Exception {
        Path first = new TarBytes().sample("a").end(2).write(folder.resolve("0.tar"));
        List<Path> shards = new ArrayList<>(List.of(first));
        for (int i = 1; i <= OpenFiles.MOST_IDLE; i++) {
            shards.add(new TarBytes().sample("b").end(2).write(folder.resolve(i + ".tar")));
        }
        try (Dataset source = Dataset.open(shards)) {
            new TarBytes().sample("c").end(4).write(first); // closed by now: the others were opened since
            assertThatThrownBy(() -> source.captions(0))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("0.tar has changed since it was opened first");
        }
    }

    @Test
    void theTrueCauseIsSaidOfWhatCannotBeOpened() {
        Path file = Path.of("a.tar");
        assertThat(FileErrors.opening(file, new FileSystemException("a.tar", null, "Too many open files")))
                .hasMessage("a.tar: this process has too many open files; raise the limit with ulimit -n");
        assertThat(FileErrors.opening(file, new AccessDeniedException("a.tar")))
                .hasMessage("a.tar: may not be read by this user; change its permissions, or those of its folder");
        assertThat(FileErrors.opening(file, new NoSuchFileException("a.tar")))
                .hasMessage("a.tar: no such file or folder; give other data");
        assertThat(FileErrors.opening(Path.of("cc/*.tar"), new NoSuchFileException("cc/*.tar")))
                .hasMessage("cc/*.tar: no such file; patterns are the shell's: name several by braces, as in"
                        + " a-{000..123}.tar, or by their folder");
        assertThat(FileErrors.opening(file, new IOException("Input/output error")))
                .hasMessage("a.tar: cannot be read (Input/output error); look at this machine's disk");
    }

    @Test
    void theReasonOfAnErrorIsNotTheNameOfItsFileOnceMore() {
        assertThat(FileErrors.reason(new NoSuchFileException("a.tar"))).isEqualTo("no such file or folder");
        assertThat(FileErrors.reason(new AccessDeniedException("a.tar"))).isEqualTo("permission denied");
        assertThat(WriteErrors.of(Path.of("a.html"), new AccessDeniedException("a.html"), "choose another --html"))
                .hasMessage("a.html: cannot be written (permission denied); choose another --html");
    }

    @Test
    void whatIsUnpackedIsBoundedAndLeavesNothingBehind() throws IOException {
        Path packed = folder.resolve("a.tar.gz");
        Path plain = new TarBytes().sample("a").end(200).write(folder.resolve("a"));
        try (GZIPOutputStream gzip = new GZIPOutputStream(Files.newOutputStream(packed))) {
            Files.copy(plain, gzip);
        }
        Path temporary = Files.createDirectory(folder.resolve("tmp"));
        try (OpenFiles files = new OpenFiles();
                Unpacked enough = new Unpacked(temporary, 1 << 20);
                Unpacked little = new Unpacked(temporary, 1 << 10);
                Unpacked nowhere = new Unpacked(folder.resolve("none"), 1 << 20)) {
            Bytes bytes = files.file(packed);
            assertThat(enough.unpack(String.valueOf(packed), bytes).size()).isEqualTo(Files.size(plain));
            assertThat(temporary).isEmptyDirectory();
            assertThatThrownBy(() -> little.unpack(String.valueOf(packed), bytes))
                    .isInstanceOf(UserException.class)
                    .hasMessage(packed + ": the .tar.gz files of the data need more than 0 MiB in " + temporary
                            + ", the most that is unpacked; unpack them with gunzip, and give the .tar");
            assertThatThrownBy(() -> nowhere.unpack(String.valueOf(packed), bytes))
                    .isInstanceOf(UserException.class)
                    .hasMessage(packed + ": cannot be unpacked into " + folder.resolve("none")
                            + " (no such file or folder); name another folder by TMPDIR, or unpack it with gunzip");
        }
    }
}
