package io.flm.data.arrow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flm.data.Dataset;
import io.flm.data.SampleException;
import io.flm.data.Sha256;
import io.flm.data.Shard;
import io.flm.data.ShardFiles;
import io.flm.data.UserException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files that pyarrow wrote: {@code make.py} beside them says how. */
class ArrowShardTest {
    private static final Path MADE = Path.of("src/test/resources/io/flm/data/arrow");
    private static final String AGAIN = "); fetch it again, or write it anew";

    @TempDir
    private Path folder = Path.of("");

    private final ShardFiles files = new ShardFiles();

    @AfterEach
    void close() throws IOException {
        files.close();
    }

    private Shard open(Path file) {
        return ArrowShard.open(file, String.valueOf(file.getFileName()), files);
    }

    private Shard made(String name) {
        return open(MADE.resolve(name));
    }

    private Path file(String name, byte[] content) throws IOException {
        return Files.write(folder.resolve(name), content);
    }

    @Test
    void rowsOfAllRecordBatchesAreThePicturesAndCaptionsOfTheArchive() throws Exception {
        Shard shard = made("fluent.arrow");
        assertThat(shard.size()).isEqualTo(64);
        assertThat(shard.key(0)).isEqualTo("fluent/0023-20e3");
        try (Dataset archive = Dataset.open(List.of(Path.of("emoji/emoji-fluent.tar.gz")))) {
            for (int row = 0; row < shard.size(); row++) {
                long sample = archive.find(shard.key(row)).orElseThrow();
                assertThat(shard.image(row)).isEqualTo(archive.image(sample)).hasSize(shard.imageSizeBytes(row));
                assertThat(shard.captions(row)).isEqualTo(archive.captions(sample));
            }
        }
    }

    @Test
    void rowsWithoutAKeyColumnAreNumbered() throws Exception {
        Shard shard = made("plain.arrow");
        assertThat(IntStream.range(0, 5).mapToObj(shard::key))
                .containsExactly("000000000", "000000001", "000000002", "000000003", "000000004");
        assertThat(shard.captions(2)).containsExactly("d", "e", "f"); // of the second of three batches
        assertThat(shard.captions(4)).containsExactly("h");
        assertThatThrownBy(() -> shard.key(5)).hasMessage("row 5 of 5");
    }

    @Test
    void largeTypesAndAnyColumnsBesideThemAreRead() throws Exception {
        Shard shard = made("large.arrow");
        Shard plain = made("plain.arrow");
        assertThat(IntStream.range(0, 5).mapToObj(shard::key))
                .containsExactly("7", "11", "-3", "1099511627776", "000000004");
        assertThat(shard.captions(2)).containsExactly("ä €");
        for (int row : new int[] {0, 2, 3, 4}) {
            assertThat(shard.image(row)).isEqualTo(plain.image(row));
        }
        assertThat(shard.imageSizeBytes(1)).isZero(); // null: a bad sample, since no picture has 0 bytes
        assertThat(shard.image(1)).isEmpty();
        assertThatThrownBy(() -> shard.captions(4))
                .isInstanceOf(SampleException.class)
                .hasMessage("large.arrow:000000004: its caption is null");
    }

    @Test
    void aKeyThatIsNullIsTheNumberOfItsRowWhateverBytesItHas() {
        Shard shard = made("hidden.arrow");
        assertThat(IntStream.range(0, 5).mapToObj(shard::key))
                .containsExactly("one", "000000001", "three", "four", "five");
    }

    @Test
    void keysOfUnsignedNumbersAreNeverBelowZero() {
        Shard ints = made("unsigned32.arrow");
        assertThat(IntStream.range(0, 5).mapToObj(ints::key))
                .containsExactly("7", "4294967293", "000000002", "0", "2147483648");
        Shard longs = made("unsigned64.arrow");
        assertThat(IntStream.range(0, 5).mapToObj(longs::key))
                .containsExactly("7", "18446744073709551613", "000000002", "0", "9223372036854775808");
    }

    @Test
    void captionsThatAreNullOrEmptyAreBadSamplesUnlessThereAreOthers() throws Exception {
        Shard shard = made("nulls.arrow");
        assertThat(shard.captions(0)).containsExactly("a");
        assertThatThrownBy(() -> shard.captions(1)).hasMessage("nulls.arrow:two: its caption is null");
        assertThatThrownBy(() -> shard.captions(2)).hasMessage("nulls.arrow:000000002: it has no text");
        assertThatThrownBy(() -> shard.captions(3)).hasMessage("nulls.arrow:four: it has no text");
        assertThatThrownBy(() -> shard.captions(4)).hasMessage("nulls.arrow:000000004: the text is empty");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            lz4.arrow        | its record batches are compressed (lz4), which is not read; write the file without compression
            zstd.arrow       | its record batches are compressed (zstd), which is not read; write the file without compression
            empty.arrow      | an Arrow file without a row; give other data
            stream.arrow     | of Arrow's streaming format, where its file format is wanted; write it with pyarrow.ipc.new_file
            dictionary.arrow | column caption is dictionary-encoded, which is not read; write it as plain utf8
            struct.arrow     | column image is struct of bytes, path, where binary, a picture's file, is wanted; write it so
            numbers.arrow    | column caption is list of int of 64 bits, where a list of utf8, or utf8, is wanted; write it so
            view.arrow       | column image is of a type that is not read (BINARY_VIEW); write the file without it
            questions.arrow  | has no column caption, but image, questions, answers; to pretrain on, a file has image (binary) and caption (a list of texts, or a text)
            """)
    void otherFilesAreRefusedByWhatTheyAre(String name, String cause) {
        assertThatThrownBy(() -> made(name))
                .isInstanceOf(UserException.class)
                .hasMessage(MADE.resolve(name) + ": " + cause);
    }

    @Test
    void whatIsNoArrowFileIsNamed() throws IOException {
        Path text = file("text.arrow", "a caption".getBytes(StandardCharsets.US_ASCII));
        assertThatThrownBy(() -> open(text)).hasMessage(text + ": no Arrow file; give other data");
        Path page = file("page.arrow", "<!DOCTYPE html>".getBytes(StandardCharsets.US_ASCII));
        assertThatThrownBy(() -> open(page)).hasMessageContaining("a page of HTML, not the file itself");
        Path empty = file("empty.arrow", new byte[0]);
        assertThatThrownBy(() -> open(empty))
                .hasMessage(empty + ": an empty file, of 0 bytes; fetch it again, or leave it out");
        assertThatThrownBy(() -> open(folder.resolve("none.arrow"))).hasMessageContaining("no such file or folder");
        assertThatThrownBy(() -> open(folder)).hasMessageContaining("a folder where a file is wanted");
    }

    @Test
    void aFileCutAnywhereIsRefusedInOneLine() throws IOException {
        byte[] whole = Files.readAllBytes(MADE.resolve("plain.arrow"));
        for (int length = 1; length < whole.length; length++) {
            Path cut = file("cut.arrow", Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> open(cut))
                    .isInstanceOf(UserException.class)
                    .hasMessage(cut + ": an Arrow file that is cut before its end, after " + length
                            + " bytes; fetch it again");
        }
        int footer = ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN).getInt(whole.length - 10) + 10;
        byte[] middleGone = Arrays.copyOf(whole, whole.length - 64);
        System.arraycopy(whole, whole.length - footer, middleGone, middleGone.length - footer, footer);
        Path gone = file("gone.arrow", middleGone);
        assertThatThrownBy(() -> open(gone))
                .isInstanceOf(UserException.class)
                .hasMessage(gone + ": a damaged Arrow file (record batch 3 leads beyond its end" + AGAIN);
    }

    /** Bytes are changed at random: whatever becomes of the file, it is read, or refused as a whole, or a sample of it is bad. */
    @Test
    void damageNeverEndsInAnythingButAnAnswer() throws Exception {
        Random random = new Random(16);
        int refused = 0;
        for (String name : List.of("plain.arrow", "large.arrow", "nulls.arrow")) {
            byte[] whole = Files.readAllBytes(MADE.resolve(name));
            for (int round = 0; round < 400; round++) {
                byte[] bytes = whole.clone();
                for (int flips = 1 + random.nextInt(4); flips > 0; flips--) {
                    int at = random.nextInt(bytes.length);
                    bytes[at] = (byte) (random.nextBoolean() ? 0xff : random.nextInt());
                }
                refused += answers(file("flipped.arrow", bytes)) ? 0 : 1;
            }
        }
        assertThat(refused).isBetween(130, 1190);
    }

    private static boolean answers(Path file) throws IOException {
        try (ShardFiles its = new ShardFiles()) {
            Shard shard = ArrowShard.open(file, "flipped.arrow", its);
            for (int row = 0; row < Math.min(20, shard.size()); row++) {
                shard.key(row);
                assertThat(shard.image(row)).hasSize(shard.imageSizeBytes(row));
                try {
                    assertThat(shard.captions(row)).isNotEmpty();
                } catch (SampleException e) {
                    assertThat(e.getMessage()).startsWith("flipped.arrow:");
                }
            }
            return true;
        } catch (UserException e) {
            assertThat(e.getMessage()).startsWith(file + ": ").doesNotContain("\n");
            return false;
        }
    }

    @Test
    void otherCaptionsOrPicturesAreAnotherIdentity() {
        List<String> digests = List.of("plain.arrow", "fluent.arrow", "large.arrow").stream()
                .map(name -> {
                    MessageDigest digest = Sha256.newDigest();
                    made(name).digest(digest);
                    return Sha256.hex(digest);
                })
                .toList();
        assertThat(digests).doesNotHaveDuplicates();
        MessageDigest again = Sha256.newDigest();
        made("plain.arrow").digest(again);
        assertThat(Sha256.hex(again)).isEqualTo(digests.get(0));
    }
}
