package io.flm.data.parquet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.data.Dataset;
import io.flm.data.RemoteSettings;
import io.flm.data.SampleException;
import io.flm.data.Sha256;
import io.flm.data.Split;
import io.flm.data.UserException;
import io.flm.data.source.Sources;
import java.io.IOException;
import java.io.UncheckedIOException;
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
}
