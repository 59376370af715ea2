package io.flm.data.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flm.data.Dataset;
import io.flm.data.PictureSource;
import io.flm.data.RemoteSettings;
import io.flm.data.Split;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same samples, whatever kind of file they come in: here those of an Arrow file, of which the others are made. */
class SourcesTest {
    private static final Path ARROW = Path.of("src/test/resources/io/flm/data/arrow/fluent.arrow");
    private static final Path EMOJI = Path.of("emoji/emoji-fluent.tar.gz");

    @TempDir
    private Path folder = Path.of("");

    private record Read(String key, List<String> captions, byte[] picture) {}

    private static List<Read> read(List<Path> paths, Split split) throws Exception {
        try (Dataset source = Sources.open(paths, split)) {
            List<Read> all = new ArrayList<>();
            for (long index = 0; index < source.size(); index++) {
                all.add(new Read(source.key(index), source.captions(index), source.image(index)));
            }
            return all;
        }
    }

    private static void assertSame(List<Read> read, List<Read> expected) {
        assertThat(read).usingRecursiveFieldByFieldElementComparator().containsExactlyElementsOf(expected);
    }

    private Path csv(String name, List<Read> samples) throws IOException {
        StringBuilder table = new StringBuilder("image,caption\n");
        for (Read sample : samples) {
            for (String caption : sample.captions()) {
                table.append(sample.key())
                        .append(".png,\"")
                        .append(caption.replace("\"", "\"\""))
                        .append("\"\n");
            }
        }
        return Files.writeString(folder.resolve(name), table);
    }

    /** Pictures as files, their paths their keys. */
    private Path pictures(List<Read> samples) throws IOException {
        Path all = folder.resolve("pictures");
        for (Read sample : samples) {
            Path file = all.resolve(sample.key() + ".png");
            Files.createDirectories(file.getParent());
            Files.write(file, sample.picture());
        }
        return all;
    }

    @Test
    void tablesTakeTheirPicturesFromTarFilesAndFolders() throws Exception {
        List<Read> rows = read(List.of(ARROW), Split.ALL);
        assertThat(rows).hasSize(64);
        Path table = csv("captions.csv", rows);
        assertSame(read(List.of(table, EMOJI), Split.ALL), rows);
        assertSame(read(List.of(EMOJI, table), Split.ALL), rows);
        assertSame(read(List.of(table, pictures(rows)), Split.ALL), rows);
        Path beside = Files.move(table, pictures(rows).resolve("captions.csv"));
        assertSame(read(List.of(beside), Split.ALL), rows); // the folder that the table lies in
    }

    @Test
    void whatIsHeldOutFollowsFromKeysWhateverTheKind() throws Exception {
        List<Read> rows = read(List.of(ARROW), Split.ALL);
        List<Path> table = List.of(csv("captions.csv", rows), pictures(rows));
        List<Read> heldOut = read(List.of(ARROW), Split.heldOut(0.2));
        List<Read> trained = read(List.of(ARROW), Split.training(0.2));
        assertThat(heldOut).hasSizeBetween(5, 25);
        assertThat(heldOut.size() + trained.size()).isEqualTo(rows.size());
        assertSame(read(table, Split.heldOut(0.2)), heldOut);
        assertSame(read(table, Split.training(0.2)), trained);
        assertThat(Sources.count(table, Split.heldOut(0.2), Long.MAX_VALUE, RemoteSettings.defaults()))
                .isEqualTo(Sources.count(List.of(ARROW), Split.heldOut(0.2), Long.MAX_VALUE, RemoteSettings.defaults()))
                .isEqualTo(new Dataset.Counts(heldOut.size(), trained.size()));
    }

    @Test
    void kindsMayBeMixedAndKeepTheirOrder() throws Exception {
        List<Read> rows = read(List.of(ARROW), Split.ALL);
        csv("t-0.csv", rows.subList(0, 3));
        csv("t-1.csv", rows.subList(3, 5));
        Files.copy(ARROW, folder.resolve("all.arrow"));
        try (Dataset source =
                Sources.open(List.of(folder.resolve("t-{0..1}.csv"), folder.resolve("all.arrow"), pictures(rows)))) {
            assertThat(source.shards().toString()).isEqualTo("{t-0.csv=3, t-1.csv=2, all.arrow=64}");
            assertThat(source.name(4)).isEqualTo("t-1.csv:" + rows.get(4).key());
            assertThat(source.captions(5)).isEqualTo(rows.get(0).captions());
        }
        try (Dataset source = Sources.open(List.of(EMOJI, ARROW))) {
            assertThat(source.shards().toString()).isEqualTo("{emoji-fluent.tar.gz=3337, fluent.arrow=64}");
        }
    }

    @Test
    void aFolderOfArrowFilesIsTakenAndATableInOneIsGivenByName() throws Exception {
        Path arrows = Files.createDirectories(folder.resolve("arrows"));
        Files.copy(ARROW, arrows.resolve("b.arrow"));
        Files.copy(ARROW, arrows.resolve("a.ARROW"));
        Files.writeString(arrows.resolve("notes.txt"), "of somebody");
        try (Dataset source = Sources.open(List.of(arrows))) {
            assertThat(source.shards().toString()).isEqualTo("{a.ARROW=64, b.arrow=64}");
            assertThat(source.leftOut().counts().toString()).isEqualTo("{txt: no shard=1}");
        }
        assertThatThrownBy(() -> PictureSource.open(List.of(arrows)))
                .hasMessageContaining(
                        "holds no picture (jpg, png, webp, gif, bmp, tif), nor a .tar or .tar.gz, but 2 arrow")
                .hasMessageContaining("; pictures in Arrow files cannot be named by other files: give the folder of");
    }

    @Test
    void anArrowFileAmongPicturesOrTheirTarFilesDoesNotMatter() throws Exception {
        List<Read> rows = read(List.of(ARROW), Split.ALL);
        Path table = csv("captions.csv", rows);
        Path all = pictures(rows);
        Files.copy(ARROW, all.resolve("x.arrow"));
        assertSame(read(List.of(table, all), Split.ALL), rows);
        Path tars = Files.createDirectory(folder.resolve("tars"));
        Files.copy(ARROW, tars.resolve("x.arrow"));
        Files.copy(EMOJI, tars.resolve("emoji.tar.gz"));
        assertSame(read(List.of(table, tars), Split.ALL), rows);
    }

    @Test
    void bracesOfFoldersStandForEachOfThem() throws Exception {
        List<Read> rows = read(List.of(ARROW), Split.ALL);
        StringBuilder table = new StringBuilder("image,caption\n");
        for (int i = 0; i < 2; i++) {
            Path part = Files.createDirectories(folder.resolve("part-" + i));
            Files.write(part.resolve("1.png"), rows.get(i).picture());
            table.append("part-" + i + "/1.png,caption " + i + "\n");
        }
        Path file = Files.writeString(folder.resolve("t.csv"), table);
        try (Dataset source = Sources.open(List.of(file, folder.resolve("part-{0..1}")))) {
            assertThat(source.size()).isEqualTo(2);
            assertThat(source.captions(1)).containsExactly("caption 1");
            assertThat(source.image(1)).isEqualTo(rows.get(1).picture());
        }
        assertThatThrownBy(() -> Sources.open(List.of(file, folder.resolve("part-0/{.,.}{.,.}"))))
                .hasMessageContaining("braces must not stand for . or ..");
        assertThatThrownBy(() -> Sources.open(List.of(file, folder.resolve("part-{0..2}"))))
                .hasMessageContaining("part-2: no such file or folder");
    }

    @Test
    void aTableOfAKindThatItIsNotIsRefused() throws Exception {
        Path tar = Files.copy(EMOJI, folder.resolve("emoji.csv"));
        assertThatThrownBy(() -> Sources.open(List.of(tar, EMOJI))).hasMessageStartingWith(tar + ":");
        Path arrow = Files.copy(ARROW, folder.resolve("rows.json"));
        assertThatThrownBy(() -> Sources.open(List.of(arrow, EMOJI))).hasMessageStartingWith(arrow + ":");
        Path json = Files.writeString(folder.resolve("captions.arrow"), "{}");
        assertThatThrownBy(() -> Sources.open(List.of(json))).hasMessage(json + ": no Arrow file; give other data");
    }

    /** What a large file of captions keeps in the heap is not its captions. */
    @Test
    void captionsOfALargeTableAreNotInMemory() throws Exception {
        byte[] picture = read(List.of(ARROW), Split.ALL).get(0).picture();
        Path pictures = Files.createDirectory(folder.resolve("pictures"));
        for (int i = 0; i < 10_000; i++) {
            Files.write(pictures.resolve("p" + i + ".png"), picture);
        }
        Path file = folder.resolve("large.json");
        try (BufferedWriter out = Files.newBufferedWriter(file)) {
            out.write("{\"annotations\": [");
            for (int i = 0; i < 400_000; i++) {
                out.write(String.format(
                        Locale.ROOT,
                        "%s{\"image_id\": %d, \"caption\": \"caption %d%s\"}",
                        i == 0 ? "" : ", ",
                        i % 10_000,
                        i,
                        " of many words".repeat(10)));
            }
            out.write("], \"images\": [");
            for (int i = 0; i < 10_000; i++) {
                out.write((i == 0 ? "" : ", ") + "{\"id\": " + i + ", \"file_name\": \"p" + i + ".png\"}");
            }
            out.write("]}");
        }
        assertThat(Files.size(file)).isGreaterThan(75_000_000);
        long before = heldBytes();
        try (Dataset source = Sources.open(List.of(file, pictures))) {
            assertThat(heldBytes() - before).isLessThan(40_000_000);
            assertThat(source.size()).isEqualTo(10_000);
            assertThat(source.captions(9_999)).hasSize(40).last().asString().startsWith("caption 399999 of many words");
            assertThat(source.key(65)).isEqualTo("p65");
        }
    }

    private static long heldBytes() {
        System.gc();
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }
}
