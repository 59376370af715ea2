package io.flm.launch.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.launch.console.Failure;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataCommandTest {
    private static final String TOKENIZER = TestEnvironment.ROOT
            .resolve("data-stream/emoji/tokenizer-emoji-2k.json")
            .toString();

    @TempDir
    private Path folder = Path.of("");

    private TestEnvironment world = new TestEnvironment(folder);

    @BeforeEach
    void world() {
        world = new TestEnvironment(folder);
    }

    @Test
    void inspectCountsSamplesAndNamesBadOnes() throws IOException {
        shard("pictures.tar", true);
        int exitCode = world.flm(
                "data", "inspect", "pictures.tar", "--tokenizer", TOKENIZER, "--set", "flm.data.bad-sample-rate=0.5");
        assertThat(exitCode).as("%s", world.err()).isEqualTo(Failure.OK);
        assertThat(world.out())
                .contains("samples    3 with 2 captions", "pictures   20 x 10: 2", "bad        1 samples")
                .contains("pictures.tar:torn");
    }

    @Test
    void inspectFailsWhereTrainingWouldStop() throws IOException {
        shard("pictures.tar", true);
        assertThat(world.flm(
                        "data",
                        "inspect",
                        "pictures.tar",
                        "--tokenizer",
                        TOKENIZER,
                        "--json",
                        "--set",
                        "flm.data.hold-out=0",
                        "--set",
                        "flm.data.bad-sample-rate=0"))
                .isEqualTo(Failure.FAILED);
        JsonNode report = new ObjectMapper().readTree(world.out());
        assertThat(report.path("samples").asInt()).isEqualTo(3);
        assertThat(report.path("bad")).hasSize(1);
        assertThat(report.path("stops").asBoolean()).isTrue();
        assertThat(report.path("sha256").asText()).hasSize(64);
        assertThat(world.err())
                .singleElement()
                .isEqualTo(
                        "flm: 1 of 3 samples to train on are bad, more than flm.data.bad-sample-rate = 0.0 allows: training would"
                                + " stop at them; mend them or raise the rate");
    }

    @Test
    void indexWritesATableBesideEachShardOnceAndPackedOnesHaveNone() throws IOException {
        shard("pictures.tar", true);
        assertThat(world.flm("data", "index", "pictures.tar"))
                .as("%s", world.err())
                .isEqualTo(Failure.OK);
        Path table = folder.resolve("pictures.tar.flm-index");
        assertThat(table).isRegularFile();
        assertThat(world.out())
                .contains("pictures.tar: 3 samples, table of " + Files.size(table) + " bytes in " + table)
                .contains("3 samples in 1 shards; in memory");
        world();
        assertThat(world.flm("data", "index", "pictures.tar", "--json")).isEqualTo(Failure.OK);
        JsonNode shard = new ObjectMapper().readTree(world.out()).path("shards").path(0);
        assertThat(shard.path("state").asText()).isEqualTo("kept");
        assertThat(shard.path("file").asText()).isEqualTo(table.toString());
        assertThat(shard.path("fileBytes").asLong()).isEqualTo(Files.size(table));
        world();
        assertThat(world.flm("data", "index", "pictures.tar", "--anew", "--out", "tables"))
                .isEqualTo(Failure.OK);
        assertThat(folder.resolve("tables/pictures.tar.flm-index")).hasSameBinaryContentAs(table);
        world();
        assertThat(world.flm("data", "index", TestEnvironment.ROOT + "/data-stream/emoji/emoji-fluent.tar.gz"))
                .isEqualTo(Failure.REFUSED);
        assertThat(world.err()).last().asString().contains("is packed", "gunzip");
        Files.setLastModifiedTime(folder.resolve("pictures.tar"), FileTime.fromMillis(0));
        world();
        assertThat(world.flm("data", "index", "pictures.tar")).isEqualTo(Failure.REFUSED);
        assertThat(world.out()).contains("pictures.tar: 3 samples, no table; it has neither");
        assertThat(world.err()).last().asString().contains("pictures.tar: has neither an ETag nor a time of change");
    }

    @Test
    void addressesAreNoPathsOfThisMachine() {
        assertThat(world.flm("data", "index", "http://127.0.0.1:1/a.tar")).isEqualTo(Failure.REFUSED);
        assertThat(world.err())
                .last()
                .asString()
                .contains("http://127.0.0.1:1/a.tar: no table can be written beside it; give --out FOLDER");
        assertThat(world.flm("config", "--set", "flm.data.paths=https://host/a-{0..3}.tar", "--json"))
                .isEqualTo(Failure.OK);
        assertThat(world.out()).contains("https://host/a-{0..3}.tar");
    }

    @Test
    void inspectNamesWhatIsInNoSample() throws IOException {
        try (TarArchiveOutputStream tar =
                new TarArchiveOutputStream(Files.newOutputStream(folder.resolve("pictures.tar")))) {
            put(tar, "a.png", png());
            put(tar, "a.txt", "red lemon".getBytes(StandardCharsets.UTF_8));
            for (int i = 0; i < 30; i++) {
                put(tar, i + ".cls", new byte[] {'7'});
            }
            put(tar, "alone.png", png());
        }
        assertThat(world.flm("data", "inspect", "pictures.tar", "--tokenizer", TOKENIZER))
                .isEqualTo(Failure.OK);
        assertThat(world.out().lines())
                .contains(
                        "left out   30 cls: neither a picture nor a caption",
                        "left out   1 png: a picture without a caption (txt, json)",
                        "left out   pictures.tar:0.cls: neither a picture nor a caption",
                        "left out   21 more");
        assertThat(world.flm("data", "inspect", "pictures.tar", "--tokenizer", TOKENIZER, "--json"))
                .isEqualTo(Failure.OK);
        JsonNode report = new ObjectMapper().readTree(world.out());
        assertThat(report.path("leftOut")).hasSize(31);
        assertThat(report.path("leftOutCounts")
                        .path("cls: neither a picture nor a caption")
                        .asInt())
                .isEqualTo(30);
    }

    @Test
    void inspectIsShortOnAThousandShards() throws IOException {
        shard("0000.tar", false);
        byte[] bytes = Files.readAllBytes(folder.resolve("0000.tar"));
        for (int i = 1; i < 1000; i++) {
            Files.write(folder.resolve(String.format("%04d.tar", i)), bytes);
        }
        assertThat(world.flm("data", "inspect", "{0000..0999}.tar", "--tokenizer", TOKENIZER))
                .as("%s", world.err())
                .isEqualTo(Failure.OK);
        assertThat(world.out().lines())
                .hasSizeLessThan(15)
                .contains("shards     1,000 of 2 to 2 samples; fewest: 0000.tar");
    }

    @Test
    void inspectShowsSamplesOnAPage() throws IOException {
        shard("pictures.tar", false);
        assertThat(world.flm(
                        "data",
                        "inspect",
                        "pictures.tar",
                        "--tokenizer",
                        TOKENIZER,
                        "--html",
                        "page.html",
                        "--span-rate",
                        "0.5"))
                .as("%s", world.err())
                .isEqualTo(Failure.OK);
        assertThat(Files.readString(folder.resolve("page.html"))).contains("pictures.tar:a", "red lemon", "</html>");
    }

    @Test
    void inspectTellsHowTrainingReadsATextAtWhichSpanRates() throws IOException {
        shard("pictures.tar", false);
        assertThat(world.flm("data", "inspect", "pictures.tar", "--tokenizer", TOKENIZER, "--html", "page.html"))
                .as("%s", world.err())
                .isEqualTo(Failure.OK);
        assertThat(world.out())
                .contains("gets one dot, and stands between <s> </s> and </s>; at most 50 tokens in all")
                .contains("Spans are shown at rate 0.00, which is training's (flm.train.span-rate)")
                .contains("Evaluation hides 0.30 (flm.evaluate.span-rate)")
                .containsPattern("example +red lemon -> <s> </s> r ed +le mon \\. </s>");
        assertThat(Files.readString(folder.resolve("page.html")))
                .contains("which is training&#39;s (flm.train.span-rate)", "gets one dot", "as training sees them")
                .doesNotContain("0.40");
    }

    @Test
    void inspectCountsWhatTrainingHoldsOut() throws IOException {
        shard("pictures.tar", false);
        String[] inspect = {"data", "inspect", "pictures.tar", "--tokenizer", TOKENIZER, "--json"};
        assertThat(world.flm(inspect)).isZero();
        assertThat(new ObjectMapper().readTree(world.out()).path("heldOut").asInt(-1))
                .isZero(); // 1 % of two
        String[] all = Stream.concat(Stream.of(inspect), Stream.of("--set", "flm.data.hold-out=0.999"))
                .toArray(String[]::new);
        assertThat(world.flm(all)).isZero();
        assertThat(new ObjectMapper().readTree(world.out()).path("heldOut").asInt(-1))
                .isEqualTo(2);
    }

    /** As training does: of these the torn one is held out by a hundredth, a and b are not. */
    @Test
    void whetherTrainingStopsFollowsFromTheSamplesThatItTrainsOn() throws IOException {
        shard("pictures.tar", true);
        String[] inspect = {
            "data", "inspect", "pictures.tar", "--tokenizer", TOKENIZER, "--set", "flm.data.bad-sample-rate=0"
        };
        assertThat(world.flm(inspect)).as("%s", world.err()).isEqualTo(Failure.OK);
        assertThat(world.out()).contains("bad        1 samples, 0 of them to train on");
        String[] onAll = Stream.concat(Stream.of(inspect), Stream.of("--set", "flm.data.hold-out=0"))
                .toArray(String[]::new);
        assertThat(world.flm(onAll)).isEqualTo(Failure.FAILED);
        assertThat(world.out()).contains("bad        1 samples, 1 of them to train on");
    }

    @Test
    void inspectSaysWhereTooFewAreHeldOut() throws IOException {
        shard("pictures.tar", false);
        assertThat(world.flm("data", "inspect", "pictures.tar", "--tokenizer", TOKENIZER))
                .isZero();
        assertThat(world.out())
                .contains("held out   0 of 2 samples, never trained on (flm.data.hold-out = 0.01); too few for an"
                        + " evaluation: give --hold-out 20% or --eval-data");
    }

    @Test
    void inspectAsksForTheTokenizerOfOnesOwnData() throws IOException {
        shard("pictures.tar", false);
        assertThat(world.flm("data", "inspect", "pictures.tar")).isEqualTo(Failure.REFUSED);
        assertThat(world.err())
                .singleElement()
                .asString()
                .contains("flm.data.tokenizer is empty: give the tokenizer.json of your data with --tokenizer");
    }

    @Test
    void inspectRefusesDataThatAreNotThere() {
        assertThat(world.flm("data", "inspect", "nowhere.tar", "--tokenizer", TOKENIZER))
                .isEqualTo(Failure.REFUSED);
        assertThat(world.out()).isEmpty();
        assertThat(world.err()).singleElement().asString().contains("nowhere.tar");
    }

    @Test
    void inspectRefusesASpanRateOfOne() throws IOException {
        shard("pictures.tar", false);
        assertThat(world.flm(
                        "data",
                        "inspect",
                        "pictures.tar",
                        "--tokenizer",
                        TOKENIZER,
                        "--html",
                        "page.html",
                        "--span-rate",
                        "1"))
                .isEqualTo(Failure.REFUSED);
        assertThat(folder.resolve("page.html")).doesNotExist();
    }

    @Test
    void benchMeasuresEveryStage() throws IOException {
        assertThat(world.flm("data", "bench", "--batches", "1", "--json"))
                .as("%s", world.err())
                .isEqualTo(Failure.OK);
        JsonNode bench = new ObjectMapper().readTree(world.out());
        assertThat(bench.path("samplesPerSecond").asDouble()).isPositive();
        assertThat(bench.path("stageSamplesPerSecond").properties())
                .extracting(stage -> stage.getKey())
                .contains("read-texts", "tokenize", "read-pictures", "decode", "augment", "corrupt", "batch");
        assertThat(bench.path("decoderShare").asDouble()).isBetween(0.0, 1.0);
    }

    private void shard(String name, boolean withBadOne) throws IOException {
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(Files.newOutputStream(folder.resolve(name)))) {
            put(tar, "a.png", png());
            put(tar, "a.txt", "red lemon".getBytes(StandardCharsets.UTF_8));
            put(tar, "b.png", png());
            put(tar, "b.txt", "green lemon on a table".getBytes(StandardCharsets.UTF_8));
            if (withBadOne) {
                put(tar, "torn.png", "no picture".getBytes(StandardCharsets.UTF_8));
                put(tar, "torn.txt", "nothing to see".getBytes(StandardCharsets.UTF_8));
            }
        }
    }

    private static void put(TarArchiveOutputStream tar, String name, byte[] content) throws IOException {
        TarArchiveEntry entry = new TarArchiveEntry(name);
        entry.setSize(content.length);
        tar.putArchiveEntry(entry);
        tar.write(content);
        tar.closeArchiveEntry();
    }

    private static byte[] png() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageIO.write(new BufferedImage(20, 10, BufferedImage.TYPE_INT_RGB), "png", out);
        return out.toByteArray();
    }
}
