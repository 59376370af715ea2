package io.flm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.flm.data.RandomStream.Purpose;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RandAugmentTest {
    private static final String FOLDER = "augment/";

    /** An operation of Pillow's, and its strength. */
    private record Step(PictureOperation operation, double strength) {}

    /** {@code NAME-operations.png} holds what Pillow made of {@code NAME.png}: see {@code make.py}. */
    @ParameterizedTest
    @ValueSource(strings = {"emoji", "nlvr", "noise"})
    void everyOperationIsPillows(String name) throws IOException {
        byte[] picture = rgb(image(name + ".png"), 0);
        BufferedImage column = image(name + "-operations.png");
        int size = column.getWidth();
        List<Step> steps = steps();
        assertThat(column.getHeight()).isEqualTo(size * steps.size());
        for (int i = 0; i < steps.size(); i++) {
            byte[] before = picture.clone();
            byte[] ours =
                    steps.get(i).operation().apply(picture, size, steps.get(i).strength());
            assertThat(picture)
                    .as("%s writes to what it is given", steps.get(i))
                    .isEqualTo(before);
            assertThat(ours).as("%s of %s", steps.get(i), name).isEqualTo(rgb(column, i * size));
        }
    }

    @Test
    void everyOperationIsAmongThoseThatPillowMade() throws IOException {
        assertThat(steps()).extracting(Step::operation).contains(PictureOperation.values());
    }

    private static List<Step> steps() throws IOException {
        try (InputStream in = resource("operations.txt")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .map(line -> line.split(" ", -1))
                    .map(words -> new Step(PictureOperation.valueOf(words[0]), Double.parseDouble(words[1])))
                    .toList();
        }
    }

    private static BufferedImage image(String name) throws IOException {
        try (InputStream in = resource(name)) {
            return ImageIO.read(in);
        }
    }

    private static InputStream resource(String name) {
        return Objects.requireNonNull(RandAugmentTest.class.getResourceAsStream(FOLDER + name), name);
    }

    /** A square, as wide as the image, from a line on: [3, S, S]. */
    private static byte[] rgb(BufferedImage image, int line) {
        int size = image.getWidth();
        byte[] rgb = new byte[3 * size * size];
        for (int i = 0; i < size * size; i++) {
            int value = image.getRGB(i % size, line + i / size);
            for (int channel = 0; channel < 3; channel++) {
                rgb[channel * size * size + i] = (byte) (value >> (16 - 8 * channel));
            }
        }
        return rgb;
    }

    /** The official ranges: a magnitude of 9 is 0.3 of each. */
    @ParameterizedTest
    @CsvSource({
        "ROTATE, 9",
        "POSTERIZE, 1.2",
        "SOLARIZE, 76.8",
        "SOLARIZE_ADD, 33",
        "COLOR, 0.64",
        "CONTRAST, 0.64",
        "BRIGHTNESS, 0.64",
        "SHARPNESS, 0.64",
        "SHEAR_X, 0.09",
        "SHEAR_Y, 0.09",
        "TRANSLATE_X, 30",
        "TRANSLATE_Y, 30"
    })
    void aMagnitudeIsAShareOfEachRange(PictureOperation operation, double strength) {
        assertThat(operation.strength(9 / 30.0)).isCloseTo(strength, within(1e-12));
    }

    @Test
    void theSameKeyGivesTheSameChangeAndAnotherKeyAnother() throws IOException {
        byte[] picture = rgb(image("emoji.png"), 0);
        Augmentation two = augmentation(2, 9);
        assertThat(two.apply(picture, 64, key(1))).isEqualTo(two.apply(picture, 64, key(1)));
        assertThat(two.apply(picture, 64, key(1))).isNotEqualTo(two.apply(picture, 64, key(2)));
        assertThat(augmentation(0, 9).apply(picture, 64, key(1))).isEqualTo(picture);
    }

    /** What is drawn before them is as it was without them. */
    @Test
    void operationsComeAfterWhatMovesThePicture() throws IOException {
        byte[] picture = rgb(image("emoji.png"), 0);
        Augmentation moves = new Augmentation(15, 1.2, 0.1, 255, RandAugment.NONE);
        Augmentation both = new Augmentation(15, 1.2, 0.1, 255, new RandAugment(1, 9));
        RandomStream random = key(5);
        byte[] moved = moves.apply(picture, 64, random);
        assertThat(both.apply(picture, 64, key(5))).isEqualTo(new RandAugment(1, 9).apply(moved, 64, random));
    }

    @Test
    void eachOperationIsDrawnAboutAsOftenAndEitherWay() throws IOException {
        byte[] picture = rgb(image("noise.png"), 0);
        int size = 24;
        int draws = 2800;
        Map<PictureOperation, int[]> counts = new EnumMap<>(PictureOperation.class); // forward, back
        RandAugment one = new RandAugment(1, 20);
        for (long k = 0; k < draws; k++) {
            byte[] changed = one.apply(picture, size, key(k));
            for (PictureOperation operation : PictureOperation.values()) {
                boolean moves = operation == PictureOperation.TRANSLATE_X || operation == PictureOperation.TRANSLATE_Y;
                double strength = operation.strength(20 / 30.0) * (moves ? size / 480.0 : 1);
                int[] ways = counts.computeIfAbsent(operation, o -> new int[2]);
                ways[0] += Arrays.equals(changed, operation.apply(picture, size, strength)) ? 1 : 0;
                ways[1] += operation.eitherWay() && Arrays.equals(changed, operation.apply(picture, size, -strength))
                        ? 1
                        : 0;
            }
        }
        counts.forEach((operation, ways) -> {
            assertThat(ways[0] + ways[1]).as("%s", operation).isBetween(140, 260);
            if (operation.eitherWay()) {
                assertThat(ways[0]).as("%s", operation).isBetween(60, 140);
                assertThat(ways[1]).as("%s the other way", operation).isBetween(60, 140);
            }
        });
    }

    private static Augmentation augmentation(int operations, int magnitude) {
        return new Augmentation(0, 1, 0, 255, new RandAugment(operations, magnitude));
    }

    private static RandomStream key(long k) {
        return RandomStream.of(7, Purpose.AUGMENT, k);
    }
}
