package io.flm.data.parquet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.management.ThreadMXBean;
import io.flm.data.Bytes;
import io.flm.data.Dataset;
import io.flm.data.RemoteSettings;
import io.flm.data.SampleException;
import io.flm.data.Sha256;
import io.flm.data.Split;
import io.flm.data.UserException;
import io.flm.data.source.Sources;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Files that pyarrow 26.0.1 wrote, and in {@code NAME.json} what it reads from them: thirteen rows each, with nulls, in several row groups and
 * pages, of either version, plain and by dictionaries, packed in each way that is read.
 */
class ParquetShardTest {
    private static final Path FILES = Path.of("src/test/resources/io/flm/data/parquet");
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path folder = Path.of("");

    private static Dataset open(Path... files) {
        return Sources.open(List.of(files));
    }

    private static JsonNode expected(String name) throws IOException {
        return JSON.readTree(FILES.resolve(name + ".json").toFile());
    }

    private static void assertRow(Dataset source, long row, JsonNode expected) throws Exception {
        List<String> captions = new ArrayList<>();
        expected.path("captions").forEach(caption -> captions.add(caption.asText()));
        assertThat(source.key(row)).isEqualTo(expected.path("key").asText());
        if (captions.isEmpty()) {
            assertThatThrownBy(() -> source.captions(row)).isInstanceOf(SampleException.class);
        } else {
            assertThat(source.captions(row)).isEqualTo(captions);
        }
        byte[] image = source.image(row);
        assertThat(source.imageSizeBytes(row)).isEqualTo(image.length);
        if (expected.path("sha256").isNull()) {
            assertThat(image).isEmpty();
        } else {
            assertThat(Sha256.of(image)).isEqualTo(expected.path("sha256").asText());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"snappy.parquet", "zstd.parquet", "gzip.parquet", "lz4.parquet", "plain.parquet"})
    void rowsAreThoseThatPyarrowReads(String name) throws Exception {
        JsonNode expected = expected(name);
        try (Dataset source = open(FILES.resolve(name))) {
            assertThat(source.size()).isEqualTo(expected.size()).isEqualTo(13);
            List<Long> rows = new ArrayList<>(LongStream.range(0, 13).boxed().toList());
            for (long row : rows) {
                assertRow(source, row, expected.get((int) row));
            }
            Collections.reverse(rows);
            for (long row : rows) {
                assertRow(source, row, expected.get((int) row));
            }
        }
    }

    @Test
    void columnsOfOtherNamesAreNamed() throws Exception {
        Path renamed = FILES.resolve("renamed.parquet");
        assertThatThrownBy(() -> open(renamed))
                .isInstanceOf(UserException.class)
                .hasMessage(renamed
                        + ": has no column image, img, picture, jpg, png, webp, but photo, words, key; name the one"
                        + " that holds a picture's file with `flm data pack --column image=NAME`");
        ParquetColumns columns = ParquetColumns.USUAL.with(Map.of("image", "photo", "caption", "words"));
        try (Dataset source = Sources.open(List.of(renamed), Split.ALL, RemoteSettings.defaults(), columns)) {
            assertRow(source, 0, expected("gzip.parquet").get(0));
        }
        ParquetColumns wrong = ParquetColumns.USUAL.with(Map.of("image", "photo", "caption", "caption"));
        assertThatThrownBy(() -> Sources.open(List.of(renamed), Split.ALL, RemoteSettings.defaults(), wrong))
                .hasMessageContaining("has no column caption, but photo, words, key");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "brotli.parquet;column jpg of row group 1 is packed by brotli, which is not read; write it anew with snappy or zstd",
                "list-of-pictures.parquet;column image is of byte_array element, repeated, where binary"
            })
    void whatIsNotReadIsRefusedInOneLine(String name, String message) {
        assertThatThrownBy(() -> open(FILES.resolve(name)))
                .isInstanceOf(UserException.class)
                .hasMessageContaining(message)
                .hasMessageStartingWith(FILES.resolve(name) + ": ");
    }

    @Test
    void anEncodingThatIsNotReadIsNamed() {
        try (Dataset source = open(FILES.resolve("delta.parquet"))) {
            assertThatThrownBy(() -> source.captions(0))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("column title of row group 1 is encoded as delta byte array");
        }
    }

    @Test
    void otherAndCutFilesAreRefused() throws IOException {
        byte[] whole = Files.readAllBytes(FILES.resolve("snappy.parquet"));
        Path cut = folder.resolve("cut.parquet");
        for (int size : new int[] {1, 3, 5, 12, 500, whole.length - 1}) {
            Files.write(cut, Arrays.copyOf(whole, size));
            assertThatThrownBy(() -> open(cut))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("a Parquet file that is cut before its end, after " + size + " bytes");
        }
        Files.write(cut, new byte[0]);
        assertThatThrownBy(() -> open(cut)).hasMessageContaining("an empty file, of 0 bytes");
        Files.write(cut, "ARROW1 and so on".getBytes(StandardCharsets.US_ASCII));
        assertThatThrownBy(() -> open(cut)).hasMessageContaining("an Arrow file");
    }

    /** Whatever a byte is changed to: a line for the user, or a sample that is bad; no other exception, and no endless work. */
    @ParameterizedTest
    @ValueSource(strings = {"snappy.parquet", "zstd.parquet", "gzip.parquet", "lz4.parquet"})
    void damageIsToldInOneLine(String name) throws Exception {
        byte[] whole = Files.readAllBytes(FILES.resolve(name));
        Path damaged = folder.resolve("damaged.parquet");
        SplittableRandom random = new SplittableRandom(1);
        int told = 0;
        for (int round = 0; round < 400; round++) {
            byte[] bytes = whole.clone();
            for (int i = 0; i < 3; i++) {
                int back = round % 2 == 0 ? whole.length : Math.min(whole.length, 1500); // half of them near the footer
                bytes[whole.length - 1 - random.nextInt(back)] = (byte) random.nextInt();
            }
            Files.write(damaged, bytes);
            try (Dataset source = open(damaged)) {
                for (long row = 0; row < source.size() && row < 50; row++) {
                    try {
                        source.key(row);
                        source.image(row);
                        source.captions(row);
                    } catch (SampleException e) {
                        told++;
                    }
                }
            } catch (UserException e) {
                assertThat(e.getMessage()).contains("damaged.parquet").doesNotContain("\n");
                told++;
            } catch (UncheckedIOException | IOException e) {
                throw new AssertionError("round " + round, e);
            }
        }
        assertThat(told).isPositive();
    }

    // ---- footers that no library writes

    private Path file(byte[] footer) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(footer.length + 12).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put("PAR1".getBytes(StandardCharsets.US_ASCII)).put(footer).putInt(footer.length);
        return Files.write(
                folder.resolve("footer.parquet"),
                bytes.put("PAR1".getBytes(StandardCharsets.US_ASCII)).array());
    }

    /** A structure of Thrift's compact protocol, of fields whose numbers stand before them. */
    private static byte[] struct(byte[]... fields) {
        return joined(joined(fields), new byte[1]);
    }

    private static byte[] joined(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Arrays.stream(parts).forEach(out::writeBytes);
        return out.toByteArray();
    }

    private static byte[] varint(long value) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        long rest = value;
        for (; rest > 0x7f; rest >>>= 7) {
            out.write((int) ((rest & 0x7f) | 0x80));
        }
        out.write((int) rest);
        return out.toByteArray();
    }

    private static byte[] number(int id, long value) {
        return joined(new byte[] {6}, varint(2L * id), varint(2 * value));
    }

    private static byte[] text(int id, String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        return joined(new byte[] {8}, varint(2L * id), varint(bytes.length), bytes);
    }

    private static byte[] list(int id, List<byte[]> structs) {
        byte[] head = joined(new byte[] {9}, varint(2L * id), new byte[] {(byte) 0xfc}, varint(structs.size()));
        return joined(head, joined(structs.toArray(byte[][]::new)));
    }

    private static byte[] group(String name, int children) {
        return struct(number(3, 0), text(4, name), number(5, children));
    }

    private static byte[] column(String name) {
        return struct(number(1, 6), number(3, 1), text(4, name)); // optional bytes
    }

    private static final List<byte[]> SCHEMA = List.of(group("schema", 2), column("image"), column("caption"));

    /** Groups of which each is always there add no levels, but a step of the reader's each. */
    @Test
    void groupsWithinGroupsWithoutEndAreRefused() throws IOException {
        List<byte[]> schema = new ArrayList<>(Collections.nCopies(9_000, group("inner", 1)));
        schema.add(column("image"));
        Path file = file(struct(list(2, schema), list(4, List.of())));
        assertThatThrownBy(() -> open(file))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("a damaged Parquet file (its footer leads out of itself, or is none)");
    }

    @Test
    void rowGroupsBeforeTheSchemaHaveItsColumnsToo() throws IOException {
        byte[] rows = struct(list(1, List.of()), number(3, 5));
        Path file = file(struct(list(4, List.of(rows)), list(2, SCHEMA)));
        assertThatThrownBy(() -> open(file))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("a damaged Parquet file");
    }

    /** A byte may be an empty structure: of objects that a footer makes there are no more than whole ones would have room in it. */
    @ParameterizedTest
    @ValueSource(strings = {"groups", "groups behind the schema", "chunks", "many lists of groups"})
    void aFooterAsksForNoMuchMoreMemoryThanItHasBytes(String of) throws IOException {
        List<byte[]> empty = Collections.nCopies(1 << 22, new byte[1]);
        byte[] schema = list(2, SCHEMA);
        byte[] footer = switch (of) {
            case "groups" -> struct(list(4, empty), schema);
            case "groups behind the schema" -> struct(schema, list(4, empty));
            case "chunks" -> struct(list(4, List.of(struct(list(1, empty), number(3, 5)))), schema);
            case "many lists of groups" -> {
                byte[] chunk = new byte[1];
                byte[] group = struct(list(1, List.of(chunk, chunk)), number(3, 1));
                byte[] groups = list(4, Collections.nCopies(20_000, group));
                yield struct(schema, joined(Collections.nCopies(10, groups).toArray(byte[][]::new)));
            }
            default -> throw new AssertionError(of);
        };
        Path file = file(footer);
        byte[] bytes = Files.readAllBytes(file);
        Bytes inMemory = new Bytes() {
            @Override
            public long size() {
                return bytes.length;
            }

            @Override
            public void read(ByteBuffer into, long position) {
                into.put(bytes, (int) position, into.remaining());
            }
        };
        ThreadMXBean thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = thread.getCurrentThreadAllocatedBytes();
        assertThatThrownBy(() -> ParquetFile.open(file, inMemory))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("a damaged Parquet file");
        assertThat(thread.getCurrentThreadAllocatedBytes() - before).isLessThan(8L * bytes.length);
    }

    /** As pyarrow writes an empty table: the row group is there, and its chunks are nowhere. */
    @Test
    void aFileWithoutARowIsSaidToBeOne() throws IOException {
        byte[] metadata =
                struct(number(1, 6), list(2, List.of()), list(3, List.of()), number(4, 1), number(5, 0), number(9, 0));
        byte[] chunk = struct(number(2, 0), joined(new byte[] {12}, varint(2 * 3), metadata));
        byte[] rows = struct(list(1, List.of(chunk, chunk)), number(2, 0), number(3, 0));
        Path file = file(struct(list(2, SCHEMA), list(4, List.of(rows))));
        assertThatThrownBy(() -> open(file))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("a Parquet file without a row");
    }
}
