package io.flm.data.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import com.typesafe.config.ConfigFactory;
import io.flm.data.BatchReader;
import io.flm.data.Corruption;
import io.flm.data.DataSettings;
import io.flm.data.Dataset;
import io.flm.data.Ingest;
import io.flm.data.LaneBatch;
import io.flm.data.Sample;
import io.flm.data.Split;
import io.flm.data.Streams;
import io.flm.data.TextBatch;
import io.flm.data.Tokenizer;
import io.flm.data.UserException;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two sources: 20 grey pictures of a table of captions, two each, and 8 red ones of another. */
class MixtureTest {
    private static final ActorTestKit AKKA = ActorTestKit.create();
    private static final int SIZE = 8;
    private static final Path EMOJI = Path.of("emoji/tokenizer-emoji-2k.json");
    private static Tokenizer tokenizer = Tokenizer.load(EMOJI);

    @TempDir
    private Path folder = Path.of("");

    @BeforeAll
    static void load() {
        tokenizer = Tokenizer.load(EMOJI);
    }

    @AfterAll
    static void close() {
        AKKA.shutdownTestKit();
        tokenizer.close();
    }

    @BeforeEach
    void writeSources() throws IOException {
        write("grey", 20, Color.GRAY);
        write("red", 8, Color.RED);
    }

    /** Pictures of a wide form, of which the left edge alone is white. */
    private void write(String name, int count, Color colour) throws IOException {
        Path pictures = Files.createDirectories(folder.resolve(name));
        StringBuilder csv = new StringBuilder("image,caption\n");
        for (int i = 0; i < count; i++) {
            BufferedImage picture = new BufferedImage(3 * SIZE, SIZE, BufferedImage.TYPE_INT_RGB);
            for (int x = 0; x < 3 * SIZE; x++) {
                for (int y = 0; y < SIZE; y++) {
                    picture.setRGB(x, y, x < SIZE ? 0xffffff : colour.getRGB());
                }
            }
            ImageIO.write(picture, "png", pictures.resolve("p" + i + ".png").toFile());
            csv.append("p").append(i).append(".png,a fish\n");
            csv.append("p").append(i).append(".png,a green fish and a red one\n");
        }
        Files.writeString(pictures.resolve(name + ".csv"), csv);
    }

    private DataSettings settings(String grey, String red, String all) {
        return DataSettings.from(ConfigFactory.parseString("flm.data { group-window = 2, " + all + ", sources {"
                        + " red { paths = [\"" + folder.resolve("red/red.csv") + "\"], weight = 3, " + red + " },"
                        + " grey { paths = [\"" + folder.resolve("grey/grey.csv") + "\"], weight = 1, " + grey
                        + " } } }")
                .withFallback(ConfigFactory.load()));
    }

    private List<LaneBatch> take(DataSettings settings, long firstStep, int fromLane, int toLane, int count)
            throws InterruptedException {
        List<LaneBatch> batches = new ArrayList<>();
        try (Dataset data = Sources.open(settings, Split.ALL);
                Ingest ingest = Ingest.open(data, tokenizer, settings, CORRUPTION, SIZE, 2, 6, 11);
                BatchReader reader = ingest.reader(AKKA.system(), firstStep, fromLane, toLane)) {
            assertThat(ingest.sources()).containsExactly("grey", "red");
            for (int i = 0; i < count; i++) {
                batches.add(reader.next());
            }
        }
        return batches;
    }

    private static final Corruption CORRUPTION = (samples, random) ->
            TextBatch.of(Streams.BIDIRECTIONAL, Sample.captions(samples), tokenizer.padId(), List.of());

    @Test
    void eachSourceHasItsOwnCaptionsPicturesAndAugmentation() throws Exception {
        DataSettings settings = settings(
                "captions = first, picture-fit = stretch",
                "captions = random, augment { shift = 1, background = black }",
                "captions = random");
        Set<String> captions = new HashSet<>(); // of red ones
        Set<Integer> corners = new HashSet<>();
        for (LaneBatch batch : take(settings, 0, 0, 2, 40)) {
            for (int row = 0; row < batch.samples(); row++) {
                boolean grey = batch.keys().get(row).contains("grey");
                assertThat(row < batch.bySource()[0])
                        .as("those of a source lie together")
                        .isEqualTo(grey);
                int corner = batch.pixels().get(row * 3 * SIZE * SIZE) & 0xff;
                int length = batch.text().lengths()[row];
                if (grey) {
                    assertThat(corner).as("stretched: the white edge is there").isEqualTo(255);
                    assertThat(length).isEqualTo(tokenizer.encode("a fish", 50, false).length);
                } else {
                    captions.add(String.valueOf(length));
                    corners.add(corner);
                }
            }
        }
        assertThat(captions).as("any of a picture's captions").hasSize(2);
        assertThat(corners)
                .as("red, and black where pictures were moved; no white edge")
                .contains(0)
                .hasSizeGreaterThan(1);
    }

    @Test
    void everyStepsOfAWindowHaveTheWeightsSharesAndASmallSourceBeginsAnew() throws Exception {
        List<LaneBatch> batches = take(settings("", "", "captions = first"), 0, 0, 2, 2 * 20);
        long[] counts = new long[2];
        List<String> red = new ArrayList<>();
        for (int i = 0; i < batches.size(); i++) {
            counts[0] += batches.get(i).bySource()[0];
            counts[1] += batches.get(i).bySource()[1];
            batches.get(i).keys().stream().filter(key -> key.contains("red")).forEach(red::add);
            long samples = (i + 1L) * 6;
            if ((i + 1) % 4 == 0) { // two lanes, two steps a window
                assertThat(counts[0]).isBetween(samples / 4 - 1, samples / 4 + 1);
                assertThat(counts[0] + counts[1]).isEqualTo(samples);
            }
        }
        assertThat(red).hasSize((int) counts[1]).hasSizeGreaterThan(20 * 8);
        assertThat(red.stream()
                        .collect(Collectors.groupingBy(key -> key, Collectors.counting()))
                        .values())
                .as("visits of each of 8 samples")
                .hasSize(8)
                .allSatisfy(visits -> assertThat(visits).isBetween(counts[1] / 8 - 1, counts[1] / 8 + 1));
    }

    @Test
    void whoeverRunsALaneFromWhateverStepOnGetsTheSameBatches() throws Exception {
        DataSettings settings = settings("", "augment { rotate-degrees = 20 }", "captions = random");
        List<LaneBatch> all = take(settings, 0, 0, 2, 2 * 20);
        for (LaneBatch batch : take(settings, 13, 1, 2, 7)) {
            LaneBatch expected = all.get((int) batch.step() * 2 + 1);
            assertThat(batch.keys()).isEqualTo(expected.keys());
            assertThat(batch.pixels()).isEqualTo(expected.pixels());
            assertThat(batch.text().ids()).isEqualTo(expected.text().ids());
            assertThat(batch.bySource()).isEqualTo(expected.bySource());
        }
    }

    @Test
    void theDigestTellsWhichDataAreOfWhichSource() {
        DataSettings settings = settings("", "", "captions = first");
        try (Dataset two = Sources.open(settings, Split.ALL);
                Dataset one = Sources.open(settings.paths(), Split.ALL)) {
            assertThat(two.size()).isEqualTo(one.size());
            assertThat(two.sizes()).containsExactly(20, 8);
            assertThat(two.sha256()).isNotEqualTo(one.sha256());
            assertThat(two.sourceOf(19)).isZero();
            assertThat(two.sourceOf(20)).isEqualTo(1);
        }
    }

    @Test
    void aSourceWithoutSamplesOrDataOrWithAnOddNameIsRefusedByItsName() {
        assertThatThrownBy(() -> Sources.open(settings("", "", "hold-out = 0.97"), Split.training(0.97)))
                .isInstanceOf(UserException.class)
                .hasMessageMatching(
                        "source grey: .*grey.csv.: hold no sample to train on; give other data with --source"
                                + " grey=PATH, or do without it");
        assertRefused("\"a b\" { paths = [x] }", "flm.data.sources.\"a b\".paths: the name of a source has up to 32");
        assertRefused(
                "a { weight = 1 }", "flm.data.sources.a.paths is empty: give the data of this source with --source a");
        assertRefused("a { paths = [x], weight = -1 }", "flm.data.sources.a.weight = -1.0: give a number above 0");
        assertRefused("a { paths = [x], weight = NaN }", "flm.data.sources.a.weight = NaN: give a number above 0");
    }

    private static void assertRefused(String sources, String message) {
        assertThatThrownBy(() -> DataSettings.from(ConfigFactory.parseString("flm.data.sources { " + sources + " }")
                        .withFallback(ConfigFactory.load())))
                .isInstanceOf(UserException.class)
                .hasMessageStartingWith(message);
    }
}
