package io.flm.launch.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.launch.console.Failure;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Pictures in a folder, captions in a CSV: {@code flm data pack} makes shards of them. */
class DataPackCommandTest {
    @TempDir
    private Path folder = Path.of("");

    private TestEnvironment world = new TestEnvironment(folder);

    @BeforeEach
    void picturesAndCaptions() throws IOException {
        world = new TestEnvironment(folder);
        Files.createDirectory(folder.resolve("pictures"));
        StringBuilder table = new StringBuilder("image,caption\n");
        for (int i = 0; i < 8; i++) {
            BufferedImage image = new BufferedImage(60 + 10 * i, 50, BufferedImage.TYPE_INT_RGB);
            Graphics2D graphics = image.createGraphics();
            graphics.setColor(new Color(200, 20 * i, 60));
            graphics.fillRect(6 * i, 0, 30, 50);
            ImageIO.write(
                    image, "png", folder.resolve("pictures/p" + i + ".png").toFile());
            table.append("p")
                    .append(i)
                    .append(".png,a <b>red</b> bar of number ")
                    .append(i)
                    .append("\n");
        }
        table.append("p1.png,the second caption\n");
        Files.writeString(folder.resolve("captions.csv"), table);
        Files.writeString(folder.resolve("pictures/p3.png"), "torn");
    }

    private int pack(String... arguments) {
        return world.flm(Stream.concat(
                        Stream.of("data", "pack", "captions.csv", "pictures", "--out", "packed"), Stream.of(arguments))
                .toArray(String[]::new));
    }

    @Test
    void shardsStatisticsAndWhatIsLeftOut() throws IOException {
        assertThat(pack("--shard-size", "3", "--resize", "20", "--max-aspect", "2.5", "--threads", "2"))
                .as("%s", world.err())
                .isEqualTo(Failure.OK);
        assertThat(world.out().lines())
                .anyMatch(line ->
                        line.matches("packed +6 of 8 samples with 7 captions; 2 shards of 0\\.0 MB in .*packed"))
                .contains(
                        "left out   1: no picture that can be used",
                        "left out   1: more than --max-aspect times as long as wide",
                        "left out   each by name in " + folder.resolve("packed/left-out.jsonl"));
        assertThat(world.err()).last().isEqualTo("flm: page: " + folder.resolve("packed/statistics.html"));
        try (Stream<Path> files = Files.list(folder.resolve("packed"))) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder(
                            "shard-000000.tar",
                            "shard-000000.tar.flm-index",
                            "shard-000001.tar",
                            "shard-000001.tar.flm-index",
                            "pack.json",
                            "shards.jsonl",
                            "left-out.jsonl",
                            "statistics.html");
        }
        assertThat(Files.readString(folder.resolve("packed/statistics.html")))
                .contains("6 of 8", "Left out: no picture that can be used", "captions.csv:p3", "130 x 50 pixels")
                .contains("a &lt;b&gt;red&lt;/b&gt; bar", "shard-000001.tar:p5", "data:image/png;base64,", "</html>")
                .doesNotContain("<b>", "<script");
    }

    @Test
    void theSameCommandGoesOnAndOthersAreRefused() throws IOException {
        assertThat(pack("--json", "--deduplicate", "--duplicate-distance", "1"))
                .as("%s", world.err())
                .isEqualTo(Failure.OK);
        JsonNode result = new ObjectMapper().readTree(world.out());
        assertThat(result.path("sourceSamples").asInt()).isEqualTo(8);
        assertThat(result.path("samples").asInt()
                        + result.path("leftOut").findValues("like an earlier picture").stream()
                                .mapToInt(JsonNode::asInt)
                                .sum())
                .isEqualTo(7);
        assertThat(result.path("earlier").asInt()).isZero();
        assertThat(pack("--json", "--deduplicate", "--duplicate-distance", "1")).isEqualTo(Failure.OK);
        assertThat(new ObjectMapper().readTree(world.out()).path("earlier").asInt())
                .isEqualTo(8);
        assertThat(world.err().get(0)).contains("packed: goes on behind 8 of 8 samples");
        assertThat(pack("--json")).isEqualTo(Failure.REFUSED);
        assertThat(world.err())
                .singleElement()
                .asString()
                .contains("pack.json: was packed with --deduplicate = 1, not off");
    }

    @Test
    void whereNothingIsLeftTheCommandFails() {
        assertThat(pack("--min-side", "51")).isEqualTo(Failure.FAILED);
        assertThat(world.err()).last().asString().contains("no sample is left to pack", "left-out.jsonl says why");
        assertThat(world.out()).contains("left out   7: a shorter side below --min-side");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "--resize 20 --format keep;--format keep: leaves the bytes",
                "--quality 80;--quality 80: only a JPEG has one",
                "--resize 20 --quality 101;--quality 101: give a number from 1 to 100",
                "--format gif;--format gif: give jpeg, png or keep",
                "--shard-size 0;--shard-size 0: give bytes with their unit",
                "--shard-size 12parsec;--shard-size 12parsec: give bytes with their unit",
                "--max-aspect 0.5;--max-aspect 0.5: give a ratio of 1 or more",
                "--min-caption-words 5 --max-caption-words 3;--max-caption-words 3: is below",
                "--duplicate-distance 3;--duplicate-distance: says how alike",
                "--deduplicate --duplicate-distance 8;--duplicate-distance 8: give a number from 0 to 7",
                "--threads 0;--threads 0: give a number from 1 to 1024"
            })
    void optionsThatDoNotFitAreRefused(String options, String message) {
        assertThat(pack(options.split(" "))).isEqualTo(Failure.REFUSED);
        assertThat(world.err()).singleElement().asString().startsWith("flm: " + message);
        assertThat(folder.resolve("packed")).doesNotExist();
    }

    @Test
    void shardsArePackedIntoAFolderOfThisMachine() {
        assertThat(world.flm("data", "pack", "captions.csv", "pictures", "--out", "https://host/packed"))
                .isEqualTo(Failure.REFUSED);
        assertThat(world.err())
                .singleElement()
                .asString()
                .contains("https://host/packed: shards are packed into a folder");
        assertThat(List.of(folder.toFile().list())).doesNotContain("packed");
    }
}
