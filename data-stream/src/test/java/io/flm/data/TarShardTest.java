package io.flm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TarShardTest {
    private static final byte[] PICTURE = Shards.png(4, 4, 0x336699);

    @TempDir
    private Path folder = Path.of("");

    @ParameterizedTest
    @CsvSource({
        "22.05.png, 22.05.txt, 22.05",
        "235342 Track 2.0 (Clean).png, 235342 Track 2.0 (Clean).txt, 235342 Track 2.0 (Clean)",
        "v1.5_a.png, v1.5_a.json, v1.5_a",
        "0000.image.jpg, 0000.caption.txt, 0000",
        "m0.jpg, m0.text, m0",
        "q0.jpg, q0.caption, q0",
        "in.d/a.JPG, in.d/a.TXT, in.d/a",
        "./b.webp, ./b.txt, ./b",
        "photo.jpg, photo.jpg.json, photo",
        "my.image.png, my.image.txt, my",
        "two words.png, two words.txt, two words"
    })
    void aKeyIsTheNameBeforeTheFormAndMayHoldDots(String picture, String caption, String key) throws Exception {
        String text = caption.endsWith("json") ? "{\"caption\": \"a fish\"}" : "a fish";
        Path file =
                new TarBytes().file(picture, PICTURE).file(caption, text).end(2).write(folder.resolve("a.tar"));
        try (Dataset source = Dataset.open(List.of(file))) {
            assertThat(source.name(0)).isEqualTo("a.tar:" + key);
            assertThat(source.captions(0)).containsExactly("a fish");
            assertThat(source.image(0)).isEqualTo(PICTURE);
            assertThat(source.size()).isEqualTo(1);
            assertThat(source.leftOut().total()).isZero();
        }
    }

    @Test
    void namesWithTheSameBeginningAreSamplesOfTheirOwn() {
        Path file = new TarBytes()
                .sample("v1.5_a")
                .sample("v1.6_b")
                .sample("v1")
                .end(2)
                .write(folder.resolve("a.tar"));
        assertThat(keys(file)).containsExactly("a.tar:v1.5_a", "a.tar:v1.6_b", "a.tar:v1");
    }

    @Test
    void thePlainerNameIsTakenWhereASampleHasTwoFilesOfAForm() throws Exception {
        Path file = new TarBytes()
                .file("a.caption.txt", "of a word before the form")
                .file("a.text", "text")
                .file("a.txt", "txt")
                .file("a.png", PICTURE)
                .file("a.jpg", "another")
                .end(2)
                .write(folder.resolve("a.tar"));
        try (Dataset source = Dataset.open(List.of(file))) {
            assertThat(source.captions(0)).containsExactly("txt");
            assertThat(source.image(0)).isEqualTo(PICTURE);
            assertThat(source.leftOut().names())
                    .containsExactly(
                            "a.tar:a.caption.txt: a second text of its key",
                            "a.tar:a.text: a second text of its key",
                            "a.tar:a.jpg: a second picture of its key");
        }
    }

    @Test
    void whatIsInNoSampleIsCountedByKindAndNamed() {
        Path file = new TarBytes()
                .sample("a")
                .file("a.mask.png", PICTURE)
                .file("a.cls", "7")
                .file("b.cls", "8")
                .file("mute.txt", "a caption")
                .file("._a.png", "of macOS")
                .file("README", "text")
                .with(TarBytes.header("folder/", '5', 0))
                .link('2', "l.png", "a.png")
                .with(TarBytes.header("tty", '3', 0))
                .with(TarBytes.header("pipe.png", '6', 0))
                .with(TarBytes.header("odd.png", 'Z', 3))
                .content(new byte[3])
                .end(2)
                .write(folder.resolve("a.tar"));
        try (Dataset source = Dataset.open(List.of(file))) {
            assertThat(source.size()).isEqualTo(1);
            assertThat(source.leftOut().counts())
                    .isEqualTo(Map.of(
                            "cls: neither a picture nor a caption", 2L,
                            "png: a picture without a caption (txt, json)", 1L,
                            "txt: a caption without a picture (jpg, png, webp, gif, bmp, tif)", 1L,
                            "png: a hidden file", 1L,
                            "without a kind: neither a picture nor a caption", 1L,
                            "png: a symbolic link, which is not followed", 1L,
                            "without a kind: a device", 1L,
                            "png: a named pipe", 1L,
                            "png: an entry of an unknown type", 1L));
            assertThat(source.leftOut().names())
                    .contains(
                            "a.tar:a.mask.png: a picture without a caption (txt, json)",
                            "a.tar:b.cls: neither a picture nor a caption");
            assertThat(source.leftOut().toString())
                    .startsWith("2 cls: neither a picture nor a caption; ")
                    .endsWith("; 3 of 3 other kinds");
        }
    }

    @Test
    void aMillionFilesOfOtherKindsTakeNoMemory() {
        LeftOut leftOut = new LeftOut();
        for (int i = 0; i < 1_000_000; i++) {
            leftOut.add("a.tar:" + i + ".k" + i % 100_000, "neither a picture nor a caption");
        }
        assertThat(leftOut.total()).isEqualTo(1_000_000);
        assertThat(leftOut.counts())
                .hasSizeLessThanOrEqualTo(201)
                .containsEntry("k0: neither a picture nor a caption", 10L);
        assertThat(leftOut.names()).hasSizeLessThan(201 * 100);
    }

    @Test
    void dataWithoutASampleSayWhatTheyHold() {
        Path file = new TarBytes()
                .file("a.tga", PICTURE)
                .file("a.txt", "a fish")
                .file("b.tga", PICTURE)
                .end(2)
                .write(folder.resolve("a.tar"));
        assertThatThrownBy(() -> Dataset.open(List.of(file)))
                .isInstanceOf(UserException.class)
                .hasMessage("[" + file
                        + "]: hold no sample, a picture (jpg, png, webp, gif, bmp, tif) beside a txt or json of the same name,"
                        + " but 2 tga: neither a picture nor a caption; 1 txt: a caption without a picture (jpg, png, webp, gif, bmp, tif);"
                        + " give other data");
        Path empty = new TarBytes().end(20).write(folder.resolve("empty.tar"));
        assertThatThrownBy(() -> Dataset.open(List.of(empty)))
                .hasMessageContaining("hold no sample")
                .hasMessageContaining("nor another file");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 20})
    void joinedShardsAreReadOnBehindTheEndOfEach(int blocks) {
        Path file = new TarBytes()
                .file("0.png", PICTURE)
                .end(blocks)
                .file("0.txt", "a fish")
                .sample("1")
                .end(blocks)
                .sample("2")
                .end(2)
                .write(folder.resolve("a.tar"));
        assertThat(keys(file)).containsExactly("a.tar:0", "a.tar:1", "a.tar:2");
    }

    @Test
    void aNameThatWaitsAtTheEndOfAnArchiveIsOfNoEntryOfTheNext() {
        Path file = new TarBytes()
                .sample("0")
                .pax('x', "path=other.png")
                .end(2)
                .sample("1")
                .end(2)
                .write(folder.resolve("a.tar"));
        assertThat(keys(file)).containsExactly("a.tar:0", "a.tar:1");
    }

    @Test
    void whatIsNoTarBehindAnEndIsRefusedByItsByte() {
        TarBytes tar = new TarBytes().sample("0").end(2);
        int end = tar.size();
        Path block =
                tar.content("no header".getBytes(StandardCharsets.UTF_8)).end(2).write(folder.resolve("block.tar"));
        Path rest = new TarBytes().sample("0").end(2).raw(new byte[] {1, 2, 3}).write(folder.resolve("rest.tar"));
        assertThatThrownBy(() -> Dataset.open(List.of(block)))
                .hasMessage(block + ": not a whole tar file (byte " + end
                        + ": no header of a tar entry behind the end of what"
                        + " was joined); fetch it again, or leave it out");
        assertThatThrownBy(() -> Dataset.open(List.of(rest)))
                .hasMessage(rest + ": not a whole tar file (byte " + end
                        + ": 3 bytes that are no tar); fetch it again, or" + " leave it out");
    }

    @Test
    void aDamagedHeaderIsRefusedByItsByte() throws IOException {
        TarBytes tar = new TarBytes().sample("0");
        int start = tar.size();
        Path file = tar.sample("1").end(2).write(folder.resolve("a.tar"));
        byte[] bytes = Files.readAllBytes(file);
        bytes[start + 2] ^= 1; // of the name
        Files.write(file, bytes);
        assertThatThrownBy(() -> Dataset.open(List.of(file)))
                .hasMessageContaining("(byte " + start + ": no header of a tar entry);");
    }

    @Test
    void aHardLinkIsTheFileThatItPointsTo() throws Exception {
        Path file = new TarBytes()
                .file("./b.png", PICTURE)
                .file("b.txt", "a dog")
                .link('1', "c.png", "b.png")
                .link('1', "d.png", "c.png")
                .file("c.txt", "a cat")
                .file("d.txt", "a cow")
                .link('1', "e.png", "elsewhere.png")
                .end(2)
                .write(folder.resolve("a.tar"));
        try (Dataset source = Dataset.open(List.of(file))) {
            assertThat(source.size()).isEqualTo(2); // ./b.png and b.txt are of two folders
            assertThat(source.name(0)).isEqualTo("a.tar:c");
            assertThat(source.image(0)).isEqualTo(PICTURE).isEqualTo(source.image(1));
            assertThat(source.captions(1)).containsExactly("a cow");
            assertThat(source.leftOut().names())
                    .contains("a.tar:e.png: a hard link to a file that is not in the shard");
        }
    }

    @Test
    void aHardLinkMayRepeatItsTargetOrOnlyItsSize() throws Exception {
        byte[] repeated = TarBytes.header("c.png", '1', PICTURE.length);
        TarBytes.put(repeated, 157, "b.png".getBytes(StandardCharsets.UTF_8));
        byte[] onlySize = TarBytes.header("d.png", '1', PICTURE.length);
        TarBytes.put(onlySize, 157, "b.png".getBytes(StandardCharsets.UTF_8));
        Path file = new TarBytes()
                .sample("b")
                .with(repeated)
                .content(PICTURE)
                .file("c.txt", "a cat")
                .with(onlySize)
                .file("d.txt", "a cow")
                .end(2)
                .write(folder.resolve("a.tar"));
        try (Dataset source = Dataset.open(List.of(file))) {
            assertThat(source.size()).isEqualTo(3);
            for (int i = 0; i < 3; i++) {
                assertThat(source.image(i)).isEqualTo(PICTURE);
            }
        }
    }

    @Test
    void sparseFilesOfGnuAndPaxAreNamedForWhatTheyAre() {
        byte[] gnu = TarBytes.header("old.png", 'S', 10);
        gnu[482] = 1; // its map goes on
        Path file = new TarBytes()
                .with(gnu)
                .raw(new byte[512])
                .content(new byte[10])
                .pax(
                        'x',
                        "GNU.sparse.major=1",
                        "GNU.sparse.minor=0",
                        "GNU.sparse.name=new.png",
                        "GNU.sparse.realsize=9000")
                .file("./GNUSparseFile.7/new.png", "1\n0\n10\n")
                .sample("a")
                .end(2)
                .write(folder.resolve("a.tar"));
        try (Dataset source = Dataset.open(List.of(file))) {
            assertThat(source.size()).isEqualTo(1);
            assertThat(source.leftOut().names())
                    .containsExactly(
                            "a.tar:old.png: a sparse file, which is not unfolded",
                            "a.tar:new.png: a sparse file, which is not unfolded");
        }
    }

    @Test
    void namesAreBytesWhateverTheLocale() throws Exception {
        byte[] latin = TarBytes.header("?.png", '0', PICTURE.length);
        latin[0] = (byte) 0xe9;
        byte[] latinText = TarBytes.header("?.txt", '0', 1);
        latinText[0] = (byte) 0xe9;
        Path file = new TarBytes()
                .sample("\u00dcn\u00efc\u00f6d\u00e9 \u540d\u524d \ud83d\ude00")
                .with(latin)
                .content(PICTURE)
                .with(latinText)
                .content(new byte[] {'e'})
                .end(2)
                .write(folder.resolve("a.tar"));
        assertThat(keys(file))
                .containsExactly("a.tar:\u00dcn\u00efc\u00f6d\u00e9 \u540d\u524d \ud83d\ude00", "a.tar:\u00e9");
    }

    @Test
    void allDialectsGiveTheSameTable() throws Exception {
        String name = "\u00fc/" + "long".repeat(60) + "/name";
        Path gnu = dialect("gnu.tar", TarArchiveOutputStream.LONGFILE_GNU, TarArchiveOutputStream.BIGNUMBER_STAR, name);
        Path pax =
                dialect("pax.tar", TarArchiveOutputStream.LONGFILE_POSIX, TarArchiveOutputStream.BIGNUMBER_POSIX, name);
        for (Path file : List.of(gnu, pax)) {
            try (Dataset source = Dataset.open(List.of(file))) {
                assertThat(source.name(0)).isEqualTo(file.getFileName() + ":" + name);
                assertThat(source.image(0)).isEqualTo(PICTURE);
                assertThat(source.captions(0)).containsExactly("a fish");
                assertThat(source.size()).isEqualTo(1);
            }
        }
    }

    private Path dialect(String file, int longNames, int bigNumbers, String name) throws IOException {
        Path path = folder.resolve(file);
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(Files.newOutputStream(path), "UTF-8")) {
            tar.setLongFileMode(longNames);
            tar.setBigNumberMode(bigNumbers);
            tar.setAddPaxHeadersForNonAsciiNames(longNames == TarArchiveOutputStream.LONGFILE_POSIX);
            for (Map.Entry<String, byte[]> e : Map.of(
                            ".png", PICTURE, ".txt", "a fish".getBytes(StandardCharsets.UTF_8))
                    .entrySet()) {
                TarArchiveEntry entry = new TarArchiveEntry(name + e.getKey());
                entry.setModTime(-86_400_000); // before 1970
                entry.setSize(e.getValue().length);
                tar.putArchiveEntry(entry);
                tar.write(e.getValue());
                tar.closeArchiveEntry();
            }
        }
        return path;
    }

    @Test
    void oldAndOddHeadersAreRead() throws Exception {
        byte[] v7 = TarBytes.header("a.png", '\0', PICTURE.length);
        Arrays.fill(v7, 257, 512, (byte) 0);
        byte[] prefixed = TarBytes.header("a.txt", '0', 6);
        byte[] binary = TarBytes.header("b.png", '0', 0);
        TarBytes.put(binary, 124, new byte[] {(byte) 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (byte) PICTURE.length});
        byte[] inFolder = TarBytes.header("c.txt", '0', 6);
        TarBytes.put(inFolder, 345, "deep/er".getBytes(StandardCharsets.UTF_8));
        Path file = new TarBytes()
                .pax('g', "comment=0123456789abcdef")
                .with(v7)
                .content(PICTURE)
                .with(prefixed)
                .content("a fish".getBytes(StandardCharsets.UTF_8))
                .with(binary)
                .content(PICTURE)
                .file("b.txt", "a fish")
                .pax('x', "path=deep/er/c.png", "mtime=-1.5", "size=" + PICTURE.length)
                .with(TarBytes.header("other", '0', 0))
                .content(PICTURE)
                .with(inFolder)
                .content("a fish".getBytes(StandardCharsets.UTF_8))
                .end(2)
                .write(folder.resolve("a.tar"));
        assertThat(keys(file)).containsExactly("a.tar:a", "a.tar:b", "a.tar:deep/er/c");
        try (Dataset source = Dataset.open(List.of(file))) {
            for (int i = 0; i < 3; i++) {
                assertThat(source.image(i)).isEqualTo(PICTURE);
                assertThat(source.captions(i)).containsExactly("a fish");
            }
        }
    }

    @Test
    void aFileOfMoreThanTwoGibibytesIsPassedOver() throws IOException {
        long size = 3L << 30;
        byte[] header = TarBytes.header("large.npy", '0', size);
        byte[] picture = TarBytes.header("large.png", '0', size);
        TarBytes end = new TarBytes().sample("a").end(2);
        Path rest = end.write(folder.resolve("rest"));
        Path file = new TarBytes().with(header).write(folder.resolve("a.tar"));
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) { // with holes, not with gibibytes
            channel.write(ByteBuffer.wrap(bytes(new TarBytes().with(picture))), 512 + size);
            channel.write(ByteBuffer.wrap(Files.readAllBytes(rest)), 2 * (512 + size));
        }
        try (Dataset source = Dataset.open(List.of(file))) {
            assertThat(source.size()).isEqualTo(1);
            assertThat(source.leftOut().names())
                    .containsExactly(
                            "a.tar:large.npy: neither a picture nor a caption", "a.tar:large.png: larger than 2 GiB");
        }
    }

    private byte[] bytes(TarBytes tar) throws IOException {
        return Files.readAllBytes(tar.write(folder.resolve("bytes")));
    }

    @Test
    void aHeaderThatClaimsTheWorldIsRefused() {
        byte[] huge = TarBytes.header("a.png", '0', 0);
        TarBytes.put(huge, 124, new byte[] {(byte) 0x80, 0, 0, 0, 127, -1, -1, -1, -1, -1, -1, -1});
        byte[] negative = TarBytes.header("a.png", '0', 0);
        Arrays.fill(negative, 124, 136, (byte) 0xff);
        Path large = new TarBytes().with(huge).end(2).write(folder.resolve("large.tar"));
        Path minus = new TarBytes().with(negative).end(2).write(folder.resolve("minus.tar"));
        Path name =
                new TarBytes().with(TarBytes.header("x", 'L', 8L << 30)).end(2).write(folder.resolve("name.tar"));
        Path record = new TarBytes().pax('x', "path").sample("a").end(2).write(folder.resolve("record.tar"));
        assertThatThrownBy(() -> Dataset.open(List.of(large))).hasMessageContaining("(cut within a.png)");
        assertThatThrownBy(() -> Dataset.open(List.of(minus)))
                .hasMessageContaining("(byte 124: a size that no file has)");
        assertThatThrownBy(() -> Dataset.open(List.of(name)))
                .hasMessageContaining("(byte 512: a header of 8589934592 bytes)");
        assertThatThrownBy(() -> Dataset.open(List.of(record)))
                .hasMessageContaining("(byte 512: no record of a pax header)");
    }

    /** Wherever a record's number ends, it is looked no further than the header goes. */
    @ParameterizedTest
    @ValueSource(strings = {"0", "1", "9", "12", "1 ", "0 x", "3 =", "12 path=a.png\n7", "12 path=a.png\n0"})
    void aRecordThatIsNoneIsRefused(String records) throws IOException {
        byte[] content = records.getBytes(StandardCharsets.US_ASCII);
        Path file = new TarBytes()
                .sample("a")
                .with(TarBytes.header("pax", 'x', content.length))
                .content(content)
                .sample("b")
                .end(2)
                .write(folder.resolve("record.tar"));
        assertThatThrownBy(() -> Dataset.open(List.of(file)))
                .isInstanceOf(UserException.class)
                .hasMessageContaining(": no record of a pax header)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/", "///"})
    void anEntryWithoutANameIsLeftOut(String name) throws IOException {
        Path file = new TarBytes().sample("a").file(name, "of nothing").end(2).write(folder.resolve("nameless.tar"));
        try (Dataset source = Dataset.open(List.of(file))) {
            assertThat(source.size()).isEqualTo(1);
            assertThat(source.leftOut().total()).isEqualTo(1);
        }
    }

    @Test
    void whatIsNoTarIsSaidWithWhatToDo() throws IOException {
        assertThat(refusal("a.tar.bz2", 'B', 'Z', 'h', '9'))
                .endsWith("compressed by bzip2; unpack it with bunzip2, and give the .tar");
        assertThat(refusal("a.tar.xz", 0xfd, '7', 'z', 'X', 'Z', 0)).contains("compressed by xz; unpack it with unxz");
        assertThat(refusal("a.tar.zst", 0x28, 0xb5, 0x2f, 0xfd)).contains("compressed by zstd; unpack it with zstd -d");
        assertThat(refusal("a.tar", 'P', 'K', 3, 4)).contains("a zip file");
        assertThat(refusal("a.tar", '<', '!', 'd', 'o', 'c', 't', 'y', 'p', 'e', ' '))
                .contains("a page of HTML");
        assertThat(refusal("a.tar")).contains("an empty file, of 0 bytes");
        Path pointer = Files.writeString(folder.resolve("p.tar"), "version https://git-lfs.github.com/spec/v1\n");
        assertThatThrownBy(() -> Dataset.open(List.of(pointer))).hasMessageContaining("git lfs pull");
    }

    @ParameterizedTest
    @ValueSource(strings = {"par1", "bzhang", "pk\u0003\u0004", "<html"})
    void aTarWhoseFirstNameBeginsAsAnotherFormatDoesIsATar(String key) {
        assertThat(keys(new TarBytes().sample(key).end(2).write(folder.resolve("a.tar"))))
                .containsExactly("a.tar:" + key);
        assertThatThrownBy(() -> keys(new TarBytes().sample(key).write(folder.resolve("cut.tar"))))
                .hasMessageContaining("not a whole tar file");
    }

    private String refusal(String name, int... begin) throws IOException {
        byte[] content = new byte[begin.length == 0 ? 0 : 2000];
        for (int i = 0; i < begin.length; i++) {
            content[i] = (byte) begin[i];
        }
        Path file = Files.write(folder.resolve(name), content);
        List<String> messages = new ArrayList<>();
        assertThatThrownBy(() -> Dataset.open(List.of(file)))
                .isInstanceOf(UserException.class)
                .satisfies(e -> messages.add(String.valueOf(e.getMessage())));
        assertThat(messages.get(0)).startsWith(file + ": ");
        return messages.get(0);
    }

    @Test
    void joinedPackedShardsAreReadWhole() throws IOException {
        Path file = folder.resolve("a.tgz");
        try (OutputStream out = Files.newOutputStream(file)) {
            for (String key : List.of("0", "1")) {
                Path one = new TarBytes().sample(key).end(2).write(folder.resolve("one"));
                try (GZIPOutputStream gzip = new GZIPOutputStream(new Unclosed(out))) {
                    Files.copy(one, gzip);
                }
            }
        }
        assertThat(keys(file)).containsExactly("a.tgz:0", "a.tgz:1");
    }

    private static final class Unclosed extends FilterOutputStream {
        Unclosed(OutputStream out) {
            super(out);
        }

        @Override
        public void close() throws IOException {
            flush();
        }
    }

    private static List<String> keys(Path file) {
        try (Dataset source = Dataset.open(List.of(file))) {
            List<String> keys = new ArrayList<>();
            for (long i = 0; i < source.size(); i++) {
                keys.add(source.name(i));
            }
            return keys;
        }
    }
}
