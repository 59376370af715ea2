package io.flm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatasetTest {
    private static final byte[] PICTURE = Shards.png(4, 4, 0x336699);

    @TempDir
    private Path folder = Path.of("");

    @Test
    void aSampleIsThePictureAndTheCaptionsOfOneKey() throws Exception {
        Shards shards = new Shards()
                .with("in/a.1.png", PICTURE) // the key is "in/a.1", which has no caption
                .with("in/b.png", PICTURE)
                .with("in/b.txt", "a blue square")
                .with("in/c.json", "{\"captions\": [\"one\", \"two\"], \"caption\": \"three\"}")
                .with("in/c.PNG", PICTURE)
                .with("in/d.jpeg", PICTURE)
                .with("in/d.json", "{\"caption\": \"four\"}");
        try (Dataset source = open(shards)) {
            assertThat(source.size()).isEqualTo(3);
            assertThat(source.name(0)).isEqualTo("a.tar:in/b");
            assertThat(source.image(0)).isEqualTo(PICTURE);
            assertThat(source.captions(0)).containsExactly("a blue square");
            assertThat(source.captions(1)).containsExactly("one", "two");
            assertThat(source.captions(2)).containsExactly("four");
            assertThat(source.name(2)).isEqualTo("a.tar:in/d");
        }
    }

    @Test
    void aFolderOpensItsShardsInTheOrderOfTheirNamesPackedOrNot() throws Exception {
        Path plain = new Shards().with("x.png", PICTURE).with("x.txt", "x").write(folder.resolve("b.tar"));
        zip(plain, folder.resolve("a.tar.gz"));
        Files.writeString(folder.resolve("README"), "not a shard");
        try (Dataset source = Dataset.open(List.of(folder))) {
            assertThat(source.name(0)).isEqualTo("a.tar.gz:x");
            assertThat(source.name(1)).isEqualTo("b.tar:x");
            assertThat(source.image(0)).isEqualTo(source.image(1));
        }
    }

    @Test
    void theShippedPicturesOpen() throws Exception {
        try (Dataset source = Dataset.open(List.of(Path.of("emoji/emoji-fluent.tar.gz")))) {
            assertThat(source.size()).isEqualTo(3337);
            assertThat(source.captions(0)).hasSizeGreaterThanOrEqualTo(1);
            assertThat(Pictures.with(PictureSettings.from(ConfigFactory.load())).decode(source.image(0), 64))
                    .hasSize(3 * 64 * 64);
        }
    }

    @Test
    void manyThreadsReadTheSameBytesAsOne() throws Exception {
        Shards shards = new Shards();
        for (int i = 0; i < 50; i++) {
            shards.with(i + ".png", Shards.png(4, 4, i)).with(i + ".txt", "number " + i);
        }
        try (Dataset source = open(shards)) {
            List<String> read = IntStream.range(0, 2000)
                    .parallel()
                    .mapToObj(i -> readSample(source, i % 50))
                    .toList();
            for (int i = 0; i < read.size(); i++) {
                assertThat(read.get(i)).isEqualTo("number " + i % 50 + Arrays.hashCode(Shards.png(4, 4, i % 50)));
            }
        }
    }

    private static String readSample(Dataset source, int index) {
        try {
            return source.captions(index).get(0) + Arrays.hashCode(source.image(index));
        } catch (SampleException | IOException e) {
            return String.valueOf(e.getMessage());
        }
    }

    @Test
    void theIdentityIsThatOfTheContentsAndNotOfTheFolder() throws Exception {
        Shards one = new Shards().with("x.png", PICTURE).with("x.txt", "x");
        Path other = Files.createDirectory(folder.resolve("other"));
        try (Dataset here = Dataset.open(List.of(one.write(folder.resolve("a.tar"))));
                Dataset there = Dataset.open(List.of(one.write(other.resolve("a.tar"))));
                Dataset more = Dataset.open(
                        List.of(one.with("y.png", PICTURE).with("y.txt", "y").write(folder.resolve("a.tar"))))) {
            assertThat(here.sha256()).isEqualTo(there.sha256()).isNotEqualTo(more.sha256());
        }
    }

    @Test
    void theIdentityOfDataThatEarlierRunsTrainedOnStays() throws Exception {
        try (Dataset source = Dataset.open(List.of(Path.of("emoji/emoji-fluent.tar.gz")))) {
            assertThat(source.sha256()).isEqualTo("b21aba1a388eb05009bf1762970d559eefc7d6c6219b3706b5bfeb736fc890c5");
        }
        Shards shards = new Shards()
                .with("a.png", PICTURE)
                .with("a.txt", "of the text")
                .with("a.json", "{\"caption\": \"of the JSON\"}")
                .with("b.png", PICTURE)
                .with("b.txt", "a fish");
        try (Dataset source = open(shards)) {
            String table = "a.tar[Entry[key=a, image=Range[offset=512, sizeBytes=" + PICTURE.length
                    + "], caption=Range[offset=2560, sizeBytes=26], json=true, otherwise=Range[offset=1536, sizeBytes=11]], Entry[key=b, image=Range[offset=3584, sizeBytes="
                    + PICTURE.length + "], caption=Range[offset=4608, sizeBytes=6], json=false]]";
            assertThat(PICTURE).hasSizeLessThan(513);
            assertThat(source.sha256()).isEqualTo(Sha256.of(table.getBytes(StandardCharsets.UTF_8)));
        }
    }

    /** The text beside a JSON is what a sample says where the JSON holds no caption. */
    @Test
    void aTextBesideAJsonIsOfTheDatasIdentity() throws Exception {
        Path file = folder.resolve("a.tar");
        List<String> identities = new ArrayList<>();
        for (String text : List.of("a fish", "a red fish")) {
            Path written = new Shards()
                    .with("a.png", PICTURE)
                    .with("a.json", "{}")
                    .with("a.txt", text)
                    .write(file);
            try (Dataset source = Dataset.open(List.of(written))) {
                assertThat(source.captions(0)).containsExactly(text);
                identities.add(source.sha256());
            }
        }
        assertThat(identities).doesNotHaveDuplicates();
    }

    @Test
    void aShardCutAnywhereIsRefusedByName() throws IOException {
        Path whole = Shards.of(3).write(folder.resolve("whole.tar"));
        byte[] bytes = Files.readAllBytes(whole);
        int blocks = 0;
        while (!isZero(bytes, blocks)) {
            blocks++;
        }
        Path cut = folder.resolve("cut.tar");
        for (int block = 1; block <= blocks; block++) {
            for (int length : new int[] {block * 512 - 300, block * 512}) {
                Files.write(cut, Arrays.copyOf(bytes, length));
                assertThatThrownBy(() -> Dataset.open(List.of(cut)))
                        .as("cut to %d bytes", length)
                        .isInstanceOf(UserException.class)
                        .hasMessageStartingWith(cut + ": not a whole tar file (")
                        .hasMessageContaining("); fetch it again, or");
            }
        }
    }

    /** GNU tar and Python read such a file as a whole one. Nobody can tell it from a copy that ended early. */
    @Test
    void aShardWithoutAnEndIsRefusedUntilSomebodySaysThatItIsWhole() throws Exception {
        TarBytes tar = new TarBytes().sample("0").sample("1");
        int size = tar.size();
        Path file = tar.write(folder.resolve("a.tar"));
        String refusal =
                ": not a whole tar file (ends at byte " + size + " without the mark of an end, as if it were cut"
                        + " there); fetch it again, or, if nothing is missing, append 1024 zero bytes to it";
        assertThatThrownBy(() -> Dataset.open(List.of(file))).hasMessage(file + refusal);
        Path packed = folder.resolve("b.tar.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(packed))) {
            Files.copy(file, out);
        }
        assertThatThrownBy(() -> Dataset.open(List.of(packed))).hasMessage(packed + refusal);
        Files.write(file, new byte[1024], StandardOpenOption.APPEND);
        try (Dataset source = Dataset.open(List.of(file))) {
            assertThat(source.size()).isEqualTo(2);
        }
    }

    private static boolean isZero(byte[] bytes, int block) {
        return Arrays.equals(bytes, block * 512, block * 512 + 512, new byte[512], 0, 512);
    }

    @Test
    void aCutPackedShardIsRefusedByName() throws IOException {
        Path packed = folder.resolve("a.tar.gz");
        zip(Shards.of(3).write(folder.resolve("a.tar")), packed);
        byte[] bytes = Files.readAllBytes(packed);
        Files.write(packed, Arrays.copyOf(bytes, bytes.length / 2));
        assertThatThrownBy(() -> Dataset.open(List.of(packed)))
                .isInstanceOf(UserException.class)
                .hasMessage(packed + ": not a whole tar file (cut before its end); fetch it again, or leave it out");
    }

    @Test
    void picturesAndCaptionsThatBelongToNoSampleAreCountedAndNamed() {
        Shards shards = Shards.of(2).with("alone.png", PICTURE).with("mute.txt", "a caption");
        try (Dataset source = open(shards)) {
            assertThat(source.size()).isEqualTo(2);
            assertThat(source.leftOut().names())
                    .containsExactly(
                            "a.tar:mute.txt: a caption without a picture (jpg, png, webp, gif, bmp, tif)",
                            "a.tar:alone.png: a picture without a caption (txt, json)");
        }
    }

    @Test
    void whatIsMissingOrEmptyOrNoShardIsSaidInOneLine() throws IOException {
        Path missing = folder.resolve("missing.tar");
        Path none = Files.createDirectory(folder.resolve("none"));
        Path junk = Files.write(folder.resolve("junk.tar"), new byte[] {1, 2, 3, 4, 5});
        Path bare = new Shards().with("x.md", "text").write(folder.resolve("bare.tar"));
        assertThatThrownBy(() -> Dataset.open(List.of()))
                .isInstanceOf(UserException.class)
                .hasMessageStartingWith("no data: ");
        for (Path path : List.of(missing, none, junk, bare)) {
            assertThatThrownBy(() -> Dataset.open(List.of(path)))
                    .isInstanceOf(UserException.class)
                    .message()
                    .contains(path.toString())
                    .doesNotContain("\n");
        }
    }

    @Test
    void aCaptionThatCannotBeUsedNamesItsSample() {
        Shards shards = new Shards()
                .with("a.png", PICTURE)
                .with("a.txt", " .. ")
                .with("b.png", PICTURE)
                .with("b.txt", new byte[] {(byte) 0xc3, 'x'})
                .with("c.png", PICTURE)
                .with("c.json", "{\"captions\": ")
                .with("d.png", PICTURE)
                .with("d.json", "{\"text\": \"a fish\"}")
                .with("e.png", PICTURE)
                .with("e.json", "{\"captions\": [null, 7, true]}");
        List<String> causes = List.of(
                "a.tar:a: the caption is empty",
                "a.tar:b: the caption is not text in UTF-8",
                "a.tar:c: the caption's JSON is broken (",
                "a.tar:d: the JSON has neither \"captions\" nor \"caption\", but text",
                "a.tar:e: the JSON holds no caption: its \"captions\" is a list without a text");
        try (Dataset source = open(shards)) {
            for (int i = 0; i < causes.size(); i++) {
                int index = i;
                assertThatThrownBy(() -> source.captions(index))
                        .isInstanceOf(SampleException.class)
                        .hasMessageStartingWith(causes.get(i));
            }
        }
    }

    @Test
    void onlyTextsAreCaptions() throws Exception {
        Shards shards = new Shards()
                .with("a.png", PICTURE)
                .with("a.json", "{\"captions\": [null, \"a dog\", 7, false, \"\", \"a cat\"]}");
        try (Dataset source = open(shards)) {
            assertThat(source.captions(0)).containsExactly("a dog", "a cat");
        }
    }

    @Test
    void aReadThatFailsIsTriedAgainAFewTimes() throws IOException {
        AtomicInteger reads = new AtomicInteger();
        byte[] read = Reads.tried(() -> {
            if (reads.incrementAndGet() < 3) {
                throw new IOException("timed out");
            }
            return PICTURE;
        });
        assertThat(read).isEqualTo(PICTURE);
        assertThatThrownBy(() -> Reads.tried(() -> {
                    throw new IOException("Input/output error");
                }))
                .isInstanceOf(IOException.class)
                .hasMessage("cannot be read (Input/output error), tries: 4");
    }

    private Dataset open(Shards shards) {
        return Dataset.open(List.of(shards.write(folder.resolve("a.tar"))));
    }

    private static void zip(Path plain, Path packed) throws IOException {
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(packed))) {
            Files.copy(plain, out);
        }
    }
}
