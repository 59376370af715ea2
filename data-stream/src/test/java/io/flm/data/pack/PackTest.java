package io.flm.data.pack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.ConfigFactory;
import io.flm.data.Dataset;
import io.flm.data.PictureSettings;
import io.flm.data.Sha256;
import io.flm.data.UserException;
import io.flm.data.source.Sources;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PackTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final PictureSettings PICTURES = PictureSettings.from(ConfigFactory.load());
    private static final PackSettings THREE =
            PackSettings.untouched(new ShardLimit(3, 0), PICTURES); // samples in a shard
    private static final Path ARROW = Path.of("src/test/resources/io/flm/data/arrow/fluent.arrow");
    private static final String LONG = "a long folder of a long name/".repeat(5) + "p";

    @TempDir
    private Path folder = Path.of("");

    private record Read(String key, List<String> captions, String picture) {}

    private static List<Read> read(Path... paths) throws Exception {
        try (Dataset source = Sources.open(List.of(paths))) {
            List<Read> all = new ArrayList<>();
            for (long index = 0; index < source.size(); index++) {
                all.add(new Read(source.key(index), source.captions(index), Sha256.of(source.image(index))));
            }
            return all;
        }
    }

    private Path tar(String name, Map<String, byte[]> files) throws IOException {
        Path file = folder.resolve(name);
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(Files.newOutputStream(file), "UTF-8")) {
            tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            tar.setAddPaxHeadersForNonAsciiNames(true);
            for (Map.Entry<String, byte[]> each : files.entrySet()) {
                TarArchiveEntry entry = new TarArchiveEntry(each.getKey());
                entry.setSize(each.getValue().length);
                tar.putArchiveEntry(entry);
                tar.write(each.getValue());
                tar.closeArchiveEntry();
            }
        }
        return file;
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Stripes whose places differ by {@code number}. */
    private static byte[] picture(int number, int width, int height, String format) {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        for (int bit = 0; bit < 8; bit++) {
            graphics.setColor((number >> bit & 1) == 1 ? Color.WHITE : new Color(60, 20 * bit, 90));
            graphics.fillRect(width * bit / 8, 0, width / 8 + 1, height);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            ImageIO.write(image, format, out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    /** Twelve samples, one of them with a torn picture, one with an empty caption. */
    private Path samples() throws IOException {
        Map<String, byte[]> files = new LinkedHashMap<>();
        for (int i = 0; i < 12; i++) {
            files.put("s" + i + (i % 4 == 0 ? ".jpg" : ".png"), picture(37 * i, 40, 30, i % 4 == 0 ? "jpg" : "png"));
            if (i % 3 == 0) {
                files.put("s" + i + ".json", utf8("{\"captions\": [\"a striped flag\", \"stripes " + i + "\"]}"));
            } else {
                files.put("s" + i + ".txt", utf8("stripes of number " + i + " \u00fc\n"));
            }
        }
        files.put("s5.png", new byte[] {(byte) 0x89, 'P', 'N', 'G', 0, 0});
        files.put("s7.txt", utf8(" . "));
        return tar("samples.tar", files);
    }

    private PackResult pack(Path out, PackSettings settings, int threads, Path... paths) throws IOException {
        try (Dataset source = Sources.open(List.of(paths));
                Pack pack = Pack.open(source, settings, out, threads)) {
            return pack.run(progress -> {});
        }
    }

    /** All files but tables of contents, which know when their shards were written. */
    private static SortedMap<String, String> content(Path folder) throws IOException {
        SortedMap<String, String> content = new TreeMap<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                String name = String.valueOf(file.getFileName());
                if (!name.endsWith(".flm-index")) {
                    content.put(name, Sha256.of(file));
                }
            }
        }
        return content;
    }

    @Test
    void whatIsReadFromTheShardsIsWhatWasPacked() throws Exception {
        Map<String, byte[]> files = new LinkedHashMap<>();
        List<String> keys =
                List.of("a", "v1.5_b", "photo.jpg", "d.caption", "./e", "ordner/\u00e4pfel \ud83c\udf4e", LONG, "f");
        for (String key : keys) { // each with a word before its form, so that no word of the key is taken for one
            files.put(key + ".image.png", picture(key.hashCode(), 16, 16, "png"));
            files.put(key + ".caption.json", utf8("{\"captions\": [\"one of " + key + "\", \"two\"]}"));
        }
        files.put("f.caption.json", utf8("{\"caption\": \"\ufeffbegins with a mark\"}"));
        Path tar = tar("odd.tar", files);
        List<Read> expected = new ArrayList<>(read(tar, ARROW));
        assertThat(expected).extracting(Read::key).startsWith(keys.toArray(String[]::new));
        PackResult result = pack(folder.resolve("out"), THREE, 2, tar, ARROW);
        assertThat(result.samples()).isEqualTo(72);
        assertThat(result.shards()).isEqualTo(24);
        assertThat(read(folder.resolve("out"))).isEqualTo(expected);
        try (Dataset packed = Sources.open(List.of(folder.resolve("out")))) {
            assertThat(packed.leftOut().total()).isZero();
        }
    }

    @Test
    void aShardIsAPlainTarFileOfNobodyAndNoTime() throws Exception {
        pack(folder.resolve("out"), THREE, 2, samples());
        List<String> names = new ArrayList<>();
        try (TarArchiveInputStream tar =
                new TarArchiveInputStream(Files.newInputStream(folder.resolve("out/shard-000001.tar")))) {
            for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                names.add(entry.getName());
                assertThat(entry.getLastModifiedTime().toMillis()).isZero();
                assertThat(entry.getLongUserId() + entry.getLongGroupId()).isZero();
                assertThat(entry.getUserName() + entry.getGroupName()).isEmpty();
                assertThat(entry.getMode()).isEqualTo(0644);
                assertThat(tar.readAllBytes()).hasSize((int) entry.getSize());
            }
        }
        assertThat(names).containsExactly("s3.png", "s3.json", "s4.jpg", "s4.txt", "s6.png", "s6.json");
        assertThat(folder.resolve("out/shard-000001.tar.flm-index")).isRegularFile();
    }

    @Test
    void theBytesAreTheSameWithAnyNumberOfThreads() throws Exception {
        Path samples = samples();
        pack(folder.resolve("one"), THREE, 1, samples);
        pack(folder.resolve("five"), THREE, 5, samples);
        assertThat(content(folder.resolve("five")))
                .isEqualTo(content(folder.resolve("one")))
                .hasSize(7);
    }

    /** What a kill leaves is what is on the disk while the process runs: the folder is copied after each sample. */
    @Test
    void aProcessThatGoesOnBehindAKillWritesTheSameBytes() throws Exception {
        Path samples = samples();
        PackSettings settings =
                new PackSettings(THREE.target(), THREE.filters(), 0, new ShardLimit(0, 6 << 10), PICTURES);
        Path out = folder.resolve("out");
        List<Path> killed = new ArrayList<>();
        long packed;
        try (Dataset source = Sources.open(List.of(samples));
                Pack pack = Pack.open(source, settings, out, 2)) {
            packed = pack.run(progress -> killed.add(copy(out, folder.resolve("killed-" + progress.read()))))
                    .samples();
        }
        SortedMap<String, String> whole = content(out);
        assertThat(killed).hasSize(12);
        assertThat(whole.keySet()).contains("shard-000001.tar");
        for (Path each : killed) {
            try (Dataset source = Sources.open(List.of(samples));
                    Pack pack = Pack.open(source, settings, each, 3)) {
                assertThat(pack.run(progress -> {}).samples()).isEqualTo(packed);
            }
            assertThat(content(each)).as("%s", each).isEqualTo(whole);
        }
    }

    private static Path copy(Path from, Path to) {
        try (Stream<Path> files = Files.list(from)) {
            Files.createDirectories(to);
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName()), StandardCopyOption.COPY_ATTRIBUTES);
            }
            return to;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void aShardThatWasPutDownButHasNoNameYetGetsIt() throws Exception {
        Path samples = samples();
        Path out = folder.resolve("out");
        pack(out, THREE, 2, samples);
        SortedMap<String, String> whole = content(out);
        Path last = out.resolve("shard-000003.tar");
        Path part = out.resolve(".shard-000003.tar.part");
        Files.move(last, part);
        Files.delete(out.resolve("shard-000003.tar.flm-index"));
        assertThat(pack(out, THREE, 2, samples).earlier()).isEqualTo(12);
        assertThat(content(out)).isEqualTo(whole);
        assertThat(out.resolve("shard-000003.tar.flm-index")).isRegularFile();
        Files.delete(last);
        Files.write(part, new byte[100]);
        assertThat(pack(out, THREE, 2, samples).earlier()).isEqualTo(11); // of the source's samples
        assertThat(content(out)).isEqualTo(whole);
    }

    @Test
    void aFolderOfOtherSettingsDataOrFilesIsRefused() throws Exception {
        Path samples = samples();
        Path out = folder.resolve("out");
        pack(out, THREE, 2, samples);
        SortedMap<String, String> before = content(out);
        PackSettings four = PackSettings.untouched(new ShardLimit(4, 0), PICTURES);
        assertThatThrownBy(() -> pack(out, four, 2, samples))
                .isInstanceOf(UserException.class)
                .hasMessage(out.resolve("pack.json") + ": was packed with --shard-size = 3 samples, not 4 samples; give"
                        + " the same settings to go on, or another --out");
        assertThatThrownBy(() -> pack(out, THREE, 2, ARROW))
                .hasMessageContaining("pack.json: was packed of other data");
        Files.createDirectory(folder.resolve("foreign"));
        Files.createFile(folder.resolve("foreign/shard-000000.tar"));
        assertThatThrownBy(() -> pack(folder.resolve("foreign"), THREE, 2, samples))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("holds shard-000000.tar, and no pack.json");
        try (Dataset source = Sources.open(List.of(samples));
                Pack first = Pack.open(source, THREE, out, 1)) {
            assertThat(first.earlier()).isEqualTo(12);
            assertThatThrownBy(() -> pack(out, THREE, 2, samples)).hasMessageContaining("another process packs there");
        }
        assertThatThrownBy(() -> pack(samples, THREE, 2, samples)).hasMessageContaining("is no folder");
        assertThat(content(out)).isEqualTo(before);
        Files.write(out.resolve("shard-000001.tar"), new byte[512]);
        assertThatThrownBy(() -> pack(out, THREE, 2, samples))
                .hasMessageContaining("shard-000001.tar: has 512 bytes, not the ");
    }

    @Test
    void aForeignFileOfAShardsNameIsNotOverwritten() throws Exception {
        Path out = folder.resolve("out");
        Path foreign = out.resolve("shard-000002.tar");
        try (Dataset source = Sources.open(List.of(samples()));
                Pack pack = Pack.open(source, THREE, out, 1)) {
            Files.writeString(foreign, "mine");
            assertThatThrownBy(() -> pack.run(progress -> {}))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("shard-000002.tar: is there, and was not packed here");
        }
        assertThat(foreign).hasContent("mine");
    }

    @Test
    void samplesThatCannotBeUsedAreCountedAndNamed() throws Exception {
        PackResult result = pack(folder.resolve("out"), THREE, 2, samples());
        assertThat(result.leftOut()).containsOnly(Map.entry(Rejection.PICTURE, 1L), Map.entry(Rejection.CAPTION, 1L));
        assertThat(result.samples()).isEqualTo(10);
        assertThat(result.captions()).isEqualTo(14);
        List<JsonNode> lines = new ArrayList<>();
        for (String line : Files.readAllLines(folder.resolve("out/left-out.jsonl"))) {
            lines.add(JSON.readTree(line));
        }
        assertThat(lines)
                .extracting(line -> line.path("sample").asText())
                .containsExactly("samples.tar:s5", "samples.tar:s7");
        assertThat(lines.get(0).path("reason").asText()).isEqualTo("no picture that can be used");
        assertThat(lines.get(0).path("detail").asText()).startsWith("the picture is broken");
        assertThat(lines.get(1).path("detail").asText()).isEqualTo("the caption is empty");
        JsonNode about = JSON.readTree(folder.resolve("out/pack.json").toFile());
        assertThat(about.path("complete").asBoolean()).isTrue();
        assertThat(about.path("samples").asInt()).isEqualTo(10);
        long bytes = 0;
        for (int shard = 0; shard < 4; shard++) {
            bytes += Files.size(folder.resolve("out/" + PackedShard.name(shard)));
        }
        assertThat(about.path("bytes").asLong()).isEqualTo(bytes);
    }

    @Test
    void samplesOfOneKeyGoToDifferentShards() throws Exception {
        Path samples = samples();
        Path again = Files.copy(samples, folder.resolve("again.tar"));
        PackSettings large = PackSettings.untouched(new ShardLimit(1000, 0), PICTURES);
        PackResult result = pack(folder.resolve("out"), large, 2, samples, again);
        assertThat(result.samples()).isEqualTo(20);
        assertThat(result.shards()).isEqualTo(2);
        List<Read> once = read(folder.resolve("out/shard-000000.tar"));
        assertThat(read(folder.resolve("out")))
                .isEqualTo(Stream.concat(once.stream(), once.stream()).toList());
    }

    @Test
    void keysThatLeadOutOfTheFolderAreLeftOut() throws Exception {
        Map<String, byte[]> files = new LinkedHashMap<>();
        for (String key : List.of("../../evil", "a/../b", "good")) {
            files.put(key + ".png", picture(5, 16, 16, "png"));
            files.put(key + ".txt", utf8("a flag"));
        }
        PackResult result = pack(folder.resolve("out"), THREE, 1, tar("evil.tar", files));
        assertThat(result.leftOut()).containsOnly(Map.entry(Rejection.KEY, 2L));
        assertThat(read(folder.resolve("out"))).extracting(Read::key).containsExactly("good");
    }

    @Test
    void filtersTakeWhatIsAskedFor() throws Exception {
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put("small.png", picture(1, 64, 31, "png"));
        files.put("small.txt", utf8("a small flag"));
        files.put("wide.png", picture(2, 97, 32, "png"));
        files.put("wide.txt", utf8("a wide flag"));
        files.put("fits.png", picture(3, 32, 96, "png"));
        files.put(
                "fits.json", utf8("{\"captions\": [\"flag\", \"a tall  flag\", \"a flag with a great many words\"]}"));
        files.put("few.png", picture(4, 50, 50, "png"));
        files.put("few.txt", utf8("flag"));
        Path tar = tar("mixed.tar", files);
        PackSettings settings = new PackSettings(THREE.target(), new Filters(32, 3, 2, 6), -1, THREE.limit(), PICTURES);
        PackResult result = pack(folder.resolve("out"), settings, 2, tar);
        assertThat(result.leftOut())
                .containsOnly(
                        Map.entry(Rejection.SMALL, 1L), Map.entry(Rejection.LONG, 1L), Map.entry(Rejection.WORDS, 1L));
        List<Read> packed = read(folder.resolve("out"));
        assertThat(packed).extracting(Read::key).containsExactly("fits");
        assertThat(packed.get(0).captions()).containsExactly("a tall  flag");
        assertThat(result.usable().sides()[1]).as("32 to 63 pixels").isEqualTo(3);
        assertThat(result.written().sides()[1]).isEqualTo(1);
    }

    @Test
    void ofPicturesThatLookAlikeTheFirstStays() throws Exception {
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put("b.png", picture(0b1010_0110, 80, 60, "png"));
        files.put("c.png", picture(0b0111_0010, 80, 60, "png"));
        files.put("a.jpg", picture(0b1010_0110, 160, 120, "jpg")); // of another size and format
        for (String key : List.of("b", "c", "a")) {
            files.put(key + ".txt", utf8("flag " + key));
        }
        Path tar = tar("alike.tar", files);
        PackSettings settings = new PackSettings(THREE.target(), Filters.NONE, 2, THREE.limit(), PICTURES);
        PackResult result = pack(folder.resolve("out"), settings, 2, tar);
        assertThat(result.leftOut()).containsOnly(Map.entry(Rejection.DUPLICATE, 1L));
        assertThat(read(folder.resolve("out"))).extracting(Read::key).containsExactly("b", "c");
        assertThat(Files.readString(folder.resolve("out/left-out.jsonl"))).contains("of alike.tar:b");
    }

    @Test
    void whereNothingIsLeftThereIsNoShard() throws Exception {
        PackSettings settings =
                new PackSettings(THREE.target(), new Filters(1000, 0, 0, 0), -1, THREE.limit(), PICTURES);
        Path out = folder.resolve("out");
        PackResult result = pack(out, settings, 2, samples());
        assertThat(result.samples() + result.shards() + result.bytes()).isZero();
        assertThat(content(out).keySet()).containsExactly("left-out.jsonl", "pack.json", "shards.jsonl");
        assertThat(pack(out, settings, 2, samples()).leftOutTotal()).isEqualTo(12);
    }
}
