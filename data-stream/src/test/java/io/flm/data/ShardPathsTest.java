package io.flm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class ShardPathsTest {
    @TempDir
    private Path folder = Path.of("");

    @Test
    void aFolderGivesItsShardsWhateverTheLettersOfTheirEnds() throws IOException {
        for (String name : List.of("B.TAR", "a.tar", "c.tgz", "D.TGZ", "e.Tar.Gz")) {
            shard(folder.resolve(name), "x");
        }
        Files.write(folder.resolve("._a.tar"), new byte[] {0, 5, 22, 7}); // what macOS writes beside a.tar
        Files.writeString(folder.resolve("00000.parquet"), "PAR1");
        Files.createDirectory(folder.resolve("more"));
        LeftOut leftOut = new LeftOut();
        assertThat(ShardPaths.files(List.of(folder), leftOut))
                .extracting(file -> String.valueOf(file.getFileName()))
                .containsExactly("B.TAR", "D.TGZ", "a.tar", "c.tgz", "e.Tar.Gz");
        assertThat(leftOut.names())
                .containsExactly(
                        folder.resolve("._a.tar") + ": a hidden file",
                        folder.resolve("00000.parquet") + ": no shard",
                        folder.resolve("more") + ": a folder within a folder");
    }

    @Test
    void aShardOfAFolderThatCannotBeUnpackedIsRefusedAndNotPassedOver() throws IOException {
        shard(folder.resolve("a.tar"), "x");
        Path packed = Files.write(folder.resolve("b.tar.zst"), new byte[] {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd});
        assertThatThrownBy(() -> Dataset.open(List.of(folder)))
                .isInstanceOf(UserException.class)
                .hasMessageStartingWith(packed + ": compressed by zstd;");
    }

    @Test
    void bracesThatNoShellExpandedAre() throws IOException {
        for (int i = 0; i < 4; i++) {
            shard(folder.resolve("s-00" + i + ".tar"), "k" + i);
        }
        try (Dataset source = Dataset.open(List.of(folder.resolve("s-{000..003}.tar")))) {
            assertThat(source.shards()).containsOnlyKeys("s-000.tar", "s-001.tar", "s-002.tar", "s-003.tar");
        }
        Path pattern = folder.resolve("s-{000..008}.tar");
        assertThatThrownBy(() -> Dataset.open(List.of(pattern)))
                .isInstanceOf(UserException.class)
                .hasMessage(folder.resolve("s-004.tar") + ", " + folder.resolve("s-005.tar") + ", "
                        + folder.resolve("s-006.tar") + " and 2 more of " + pattern
                        + ": no such file; give other data");
        assertThatThrownBy(() -> Dataset.open(List.of(folder.resolve("{.,.}{.,.}/a.tar"))))
                .hasMessageContaining("braces must not stand for . or ..");
    }

    @Test
    void aFileWhoseNameHasBracesIsItself() throws IOException {
        shard(folder.resolve("{a,b}.tar"), "x");
        try (Dataset source = Dataset.open(List.of(folder.resolve("{a,b}.tar")))) {
            assertThat(source.name(0)).isEqualTo("{a,b}.tar:x");
        }
    }

    @Test
    void shardsOfOneNameAreToldApart() throws IOException {
        Path one = shard(folder.resolve("one/in/s.tar"), "x");
        Path two = shard(folder.resolve("two/in/s.tar"), "x");
        Path alone = shard(folder.resolve("two/in/t.tar"), "lonely");
        try (Dataset source = Dataset.open(List.of(one, two, alone));
                Dataset elsewhere = Dataset.open(
                        List.of(shard(folder.resolve("x/s.tar"), "x"), shard(folder.resolve("y/s.tar"), "x"), alone))) {
            assertThat(source.name(0)).isEqualTo("one/in/s.tar:x");
            assertThat(source.name(1)).isEqualTo("two/in/s.tar:x");
            assertThat(source.name(2)).isEqualTo("t.tar:lonely");
            assertThat(source.shards()).containsEntry("one/in/s.tar", 1).containsEntry("two/in/s.tar", 1);
            assertThat(source.sha256()).isEqualTo(elsewhere.sha256());
        }
    }

    @Test
    void aFolderWithoutShardsSaysThatItsFoldersAreNotSearched() throws IOException {
        shard(folder.resolve("train/a.tar"), "x");
        assertThatThrownBy(() -> Dataset.open(List.of(folder)))
                .hasMessage(
                        folder
                                + ": holds no .tar, .tar.gz, .arrow or .parquet, and its folders are not searched (train); give other data");
    }

    @Test
    @Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void aPipeIsRefusedAndNotWaitedFor() throws Exception {
        Path pipe = folder.resolve("pipe.tar");
        assumeThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor(10, TimeUnit.SECONDS))
                .isTrue();
        assumeThat(Files.exists(pipe)).isTrue();
        for (Path path : List.of(pipe, folder)) {
            assertThatThrownBy(() -> Dataset.open(List.of(path)))
                    .isInstanceOf(UserException.class)
                    .hasMessage(pipe + ": a pipe or a device where a file is wanted; give other data");
        }
        Path inner = Files.createDirectories(folder.resolve("f/a.tar"));
        assertThatThrownBy(() -> Dataset.open(List.of(folder.resolve("f"))))
                .hasMessage(inner + ": a folder where a file is wanted; give other data");
    }

    private static Path shard(Path file, String key) throws IOException {
        Files.createDirectories(file.resolveSibling(""));
        return new TarBytes().sample(key).end(2).write(file);
    }
}
