package io.flm.data;

import static org.assertj.core.api.Assertions.assertThat;

import io.flm.data.RandomStream.Purpose;
import org.junit.jupiter.api.Test;

class AugmentationTest {
    private static final int SIZE = 32;
    private static final Augmentation ALL = new Augmentation(15, 1.3, 0.2, 255, RandAugment.NONE);

    @Test
    void theSameKeyGivesTheSameChangeAndAnotherKeyAnother() {
        byte[] picture = dot(SIZE / 2, SIZE / 2, 6);
        assertThat(ALL.apply(picture, SIZE, key(1))).isEqualTo(ALL.apply(picture, SIZE, key(1)));
        assertThat(ALL.apply(picture, SIZE, key(1))).isNotEqualTo(ALL.apply(picture, SIZE, key(2)));
    }

    @Test
    void theGivenPictureIsNotWrittenTo() {
        byte[] picture = dot(SIZE / 2, SIZE / 2, 6);
        byte[] before = picture.clone();
        ALL.apply(picture, SIZE, key(1));
        assertThat(picture).isEqualTo(before);
    }

    @Test
    void noneLeavesAPictureAsItIs() {
        byte[] picture = dot(5, 9, 3);
        assertThat(Augmentation.NONE.apply(picture, SIZE, key(1))).isEqualTo(picture);
    }

    @Test
    void anEmptyWhitePictureStaysWhiteWhateverComesIntoView() {
        byte[] white = dot(0, 0, 0);
        for (long k = 0; k < 50; k++) {
            assertThat(ALL.apply(white, SIZE, key(k))).isEqualTo(white);
        }
    }

    @Test
    void aShiftMovesByAtMostItsShareOfHalfTheWidthAndEveryWay() {
        Augmentation shift = new Augmentation(0, 1, 0.25, 255, RandAugment.NONE); // of 16 pixels: 4
        double[] low = {99, 99};
        double[] high = {-99, -99};
        for (long k = 0; k < 400; k++) {
            double[] centre = darkCentre(shift.apply(dot(16, 16, 4), SIZE, key(k)));
            for (int axis = 0; axis < 2; axis++) {
                low[axis] = Math.min(low[axis], centre[axis] - 15.5);
                high[axis] = Math.max(high[axis], centre[axis] - 15.5);
            }
        }
        for (int axis = 0; axis < 2; axis++) {
            assertThat(low[axis]).isBetween(-4.1, -3.7);
            assertThat(high[axis]).isBetween(3.7, 4.1);
        }
    }

    @Test
    void eachAxisIsStretchedByItself() {
        Augmentation stretch = new Augmentation(0, 1.5, 0, 255, RandAugment.NONE);
        double dark = darkness(dot(16, 16, 6));
        double least = 99;
        double most = 0;
        boolean wide = false;
        boolean tall = false;
        for (long k = 0; k < 400; k++) {
            byte[] changed = stretch.apply(dot(16, 16, 6), SIZE, key(k));
            least = Math.min(least, darkness(changed) / dark);
            most = Math.max(most, darkness(changed) / dark);
            double[] spread = darkSpread(changed);
            wide |= spread[0] > 1.5 * spread[1];
            tall |= spread[1] > 1.5 * spread[0];
        }
        assertThat(least).isBetween(1 / 2.25 - 0.02, 0.6); // the area goes by both axes
        assertThat(most).isBetween(1.9, 2.25 + 0.02);
        assertThat(wide).isTrue();
        assertThat(tall).isTrue();
    }

    @Test
    void aRotationTurnsBothWaysByAtMostItsDegreesAndKeepsTheDistanceFromTheCentre() {
        Augmentation rotation = new Augmentation(20, 1, 0, 255, RandAugment.NONE);
        double low = 99;
        double high = -99;
        for (long k = 0; k < 400; k++) {
            double[] at = darkCentre(rotation.apply(dot(26, 16, 2), SIZE, key(k)));
            assertThat(Math.hypot(at[0] - 15.5, at[1] - 15.5)).isBetween(9.8, 10.2);
            double degrees = Math.toDegrees(Math.atan2(at[1] - 15.5, at[0] - 15.5));
            low = Math.min(low, degrees);
            high = Math.max(high, degrees);
        }
        assertThat(low).isBetween(-20.5, -19.0);
        assertThat(high).isBetween(19.0, 20.5);
    }

    private static RandomStream key(long k) {
        return RandomStream.of(7, Purpose.AUGMENT, k);
    }

    /** White, with a black square of {@code 2 * half} pixels a side around the corner of four pixels at (x, y). */
    private static byte[] dot(int x, int y, int half) {
        byte[] rgb = new byte[3 * SIZE * SIZE];
        for (int i = 0; i < rgb.length; i++) {
            int column = i % SIZE;
            int row = i / SIZE % SIZE;
            boolean black = column >= x - half && column < x + half && row >= y - half && row < y + half;
            rgb[i] = (byte) (black ? 0 : 255);
        }
        return rgb;
    }

    private static double darkness(byte[] rgb) {
        double sum = 0;
        for (int i = 0; i < SIZE * SIZE; i++) {
            sum += 255 - (rgb[i] & 0xff);
        }
        return sum;
    }

    /** The mean place of what is dark, x and y. */
    private static double[] darkCentre(byte[] rgb) {
        double dark = darkness(rgb);
        double[] mean = new double[2];
        for (int i = 0; i < SIZE * SIZE; i++) {
            double weight = (255 - (rgb[i] & 0xff)) / dark;
            mean[0] += weight * (i % SIZE);
            int row = i / SIZE;
            mean[1] += weight * row;
        }
        return mean;
    }

    /** The standard deviations of what is dark, x and y. */
    private static double[] darkSpread(byte[] rgb) {
        double dark = darkness(rgb);
        double[] mean = darkCentre(rgb);
        double[] square = new double[2];
        for (int i = 0; i < SIZE * SIZE; i++) {
            double weight = (255 - (rgb[i] & 0xff)) / dark;
            int row = i / SIZE;
            square[0] += weight * Math.pow(i % SIZE - mean[0], 2);
            square[1] += weight * Math.pow(row - mean[1], 2);
        }
        return new double[] {Math.sqrt(square[0]), Math.sqrt(square[1])};
    }
}
