package io.flm.data;

import static org.assertj.core.api.Assertions.assertThat;

import io.flm.data.PictureSettings.Fit;
import io.flm.data.RandomStream.Purpose;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against plain loops over all weights, one value after the other. */
class ResamplingTest {
    @ParameterizedTest
    @CsvSource({
        "97,61,16",
        "61,97,16",
        "640,33,32",
        "5,9,24",
        "1,1,8",
        "40,40,8",
        "8,8,8",
        "3,200,7",
        "129,1,17",
        "50,32,32",
        "32,45,32",
        "70001,40,3"
    })
    void theValuesAreThoseOfPlainLoopsBitForBit(int width, int height, int size) {
        int[] values = new int[width * height];
        RandomStream random = RandomStream.of(width * 1000L + height, Purpose.ORDER);
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextInt(1 << 24) | 0xab000000;
        }
        Picture picture = Picture.of(width, height, Picture.ofInts(values, width));
        for (Fit fit : Fit.values()) {
            assertThat(Resampling.of(picture, size, fit))
                    .as("%s", fit)
                    .isEqualTo(plain(values, width, height, size, fit));
        }
    }

    private static byte[] plain(int[] values, int width, int height, int size, Fit fit) {
        int shorter = Math.min(width, height);
        long newWidth = fit == Fit.CROP ? (long) width * size / shorter : size;
        long newHeight = fit == Fit.CROP ? (long) height * size / shorter : size;
        byte[] rgb = new byte[3 * size * size];
        for (int channel = 0; channel < 3; channel++) {
            int shift = 16 - 8 * channel;
            int[][] rows = new int[height][size];
            for (int y = 0; y < height; y++) {
                int[] line = new int[width];
                for (int x = 0; x < width; x++) {
                    line[x] = values[y * width + x] >> shift & 0xff;
                }
                rows[y] = resized(line, newWidth, size);
            }
            for (int x = 0; x < size; x++) {
                int[] column = new int[height];
                for (int y = 0; y < height; y++) {
                    column[y] = rows[y][x];
                }
                int[] resized = resized(column, newHeight, size);
                for (int y = 0; y < size; y++) {
                    rgb[(channel * size + y) * size + x] = (byte) resized[y];
                }
            }
        }
        return rgb;
    }

    /** One line, of which the middle is cut out. */
    private static int[] resized(int[] line, long length, int size) {
        long offset = (long) Math.rint((length - size) / 2.0);
        double scale = (double) line.length / length;
        double wide = Math.max(1, scale);
        int[] resized = new int[size];
        for (int i = 0; i < size; i++) {
            double center = (offset + i + 0.5) * scale;
            int from = Math.max(0, (int) (center - 2 * wide + 0.5));
            int to = Math.min(line.length, (int) (center + 2 * wide + 0.5));
            double all = 0;
            for (int k = from; k < to; k++) {
                all += keys((k - center + 0.5) / wide);
            }
            float sum = 0;
            for (int k = from; k < to; k++) {
                sum += (float) (keys((k - center + 0.5) / wide) / all) * line[k];
            }
            resized[i] = Math.max(0, Math.min(255, Math.round(sum)));
        }
        return resized;
    }

    /** Keys 1981, equation 4, a = -1/2, as polynomials. */
    private static double keys(double at) {
        double x = Math.abs(at);
        if (x < 1) {
            return (1.5 * x - 2.5) * x * x + 1;
        }
        return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
    }
}
