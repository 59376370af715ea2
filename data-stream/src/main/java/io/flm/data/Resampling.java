package io.flm.data;

import io.flm.data.PictureSettings.Fit;
import java.util.Arrays;

/**
 * Resizes pictures as PIL does: Keys' cubic with a = -0.5, wider where the picture shrinks, along lines first and then along columns,
 * rounded to a byte after each.
 *
 * <p>Lines are taken several at a time, and their values lie side by side, so that the innermost loops run over neighbours and the JIT
 * makes vector instructions of them. Each sum is still added in the order of its pixels: the results are those of the plain loops, bit
 * for bit. Nothing of the picture's size is allocated.
 */
final class Resampling {
    private static final double A = -0.5;
    private static final int LINES = 32; // at a time
    private static final int LANES = 3 * LINES;

    private final Weights across;
    private final Weights down;
    private final int width; // W of the result
    private final int height; // H of it
    private final float[] sums; // [H, W, 3], rows of the result as far as their lines came

    private Resampling(Weights across, Weights down) {
        this.across = across;
        this.down = down;
        this.width = across.from.length;
        this.height = down.from.length;
        this.sums = new float[Math.multiplyExact(3 * height, width)];
    }

    /**
     * Resizes the shorter side to S and cuts the centre out, or both sides.
     *
     * @return RGB values 0..255 as [3, S, S]
     */
    static byte[] of(Picture picture, int size, Fit fit) {
        int width = picture.width();
        int height = picture.height();
        if (width == size && height == size) {
            return copy(picture, size);
        }
        int shorter = Math.min(width, height);
        boolean crop = fit == Fit.CROP;
        long resizedWidth = crop ? (long) width * size / shorter : size;
        long resizedHeight = crop ? (long) height * size / shorter : size;
        long left = (long) Math.rint((resizedWidth - size) / 2.0);
        long top = (long) Math.rint((resizedHeight - size) / 2.0);
        return new Resampling(Weights.of(width, resizedWidth, left, size), Weights.of(height, resizedHeight, top, size))
                .over(picture);
    }

    /**
     * Resizes the whole picture.
     *
     * @return RGB values 0..255 as [3, H, W]
     */
    static byte[] of(Picture picture, int width, int height) {
        return new Resampling(
                        Weights.of(picture.width(), width, 0, width), Weights.of(picture.height(), height, 0, height))
                .over(picture);
    }

    private static byte[] copy(Picture picture, int size) {
        int[] line = new int[size];
        byte[] rgb = new byte[3 * size * size];
        for (int y = 0; y < size; y++) {
            picture.line(y, line);
            for (int x = 0; x < size; x++) {
                for (int channel = 0; channel < 3; channel++) {
                    rgb[(channel * size + y) * size + x] = (byte) (line[x] >> (16 - 8 * channel));
                }
            }
        }
        return rgb;
    }

    private byte[] over(Picture picture) {
        int[] line = new int[picture.width()];
        float[] lines = new float[(across.end() - across.first()) * LANES]; // [pixels, LINES, 3]
        float[] rows = new float[LINES * width * 3]; // [LINES, W, 3]
        for (int first = down.first(); first < down.end(); first += LINES) {
            int count = Math.min(LINES, down.end() - first);
            for (int i = 0; i < count; i++) {
                picture.line(first + i, line);
                spread(line, lines, i);
            }
            along(lines, rows);
            for (int i = 0; i < count; i++) {
                add(rows, i, first + i);
            }
        }
        return result();
    }

    /** Puts a line beside the others. */
    private void spread(int[] line, float[] lines, int number) {
        int at = 3 * number;
        for (int x = across.first(); x < across.end(); x++, at += LANES) {
            int rgb = line[x];
            lines[at] = rgb >> 16 & 0xff;
            lines[at + 1] = rgb >> 8 & 0xff;
            lines[at + 2] = rgb & 0xff;
        }
    }

    /** Resizes lines. */
    private void along(float[] lines, float[] rows) {
        float[] sum = new float[LANES];
        for (int x = 0; x < width; x++) {
            Arrays.fill(sum, 0);
            float[] weights = across.weight[x];
            int at = (across.from[x] - across.first()) * LANES;
            int k = 0;
            for (; k + 4 <= weights.length; k += 4, at += 4 * LANES) {
                addFour(sum, lines, at, weights, k);
            }
            for (; k < weights.length; k++, at += LANES) {
                addTo(sum, 0, lines, at, LANES, weights[k]);
            }
            for (int i = 0; i < LINES; i++) {
                for (int channel = 0; channel < 3; channel++) {
                    rows[(i * width + x) * 3 + channel] = clip(sum[3 * i + channel]);
                }
            }
        }
    }

    /** Adds a resized line to each row of the result that it is a part of. */
    private void add(float[] rows, int number, int line) {
        int length = 3 * width;
        for (int y = 0; y < height; y++) {
            if (line >= down.from[y] && line < down.to[y]) {
                addTo(sums, y * length, rows, number * length, length, down.weight[y][line - down.from[y]]);
            }
        }
    }

    private static void addTo(float[] sums, int to, float[] values, int from, int count, float weight) {
        for (int i = 0; i < count; i++) {
            sums[to + i] += weight * values[from + i];
        }
    }

    /** Four pixels, one after the other, with one look at the sums. */
    private static void addFour(float[] sums, float[] values, int from, float[] weights, int k) {
        float first = weights[k];
        float second = weights[k + 1];
        float third = weights[k + 2];
        float fourth = weights[k + 3];
        for (int i = 0; i < LANES; i++) {
            sums[i] = sums[i]
                    + first * values[from + i]
                    + second * values[from + LANES + i]
                    + third * values[from + 2 * LANES + i]
                    + fourth * values[from + 3 * LANES + i];
        }
    }

    private byte[] result() {
        int pixels = width * height;
        byte[] rgb = new byte[3 * pixels];
        for (int pixel = 0; pixel < pixels; pixel++) {
            for (int channel = 0; channel < 3; channel++) {
                rgb[channel * pixels + pixel] = (byte) clip(sums[3 * pixel + channel]);
            }
        }
        return rgb;
    }

    /** PIL rounds to a byte after each of its two passes. */
    private static int clip(float value) {
        return Math.max(0, Math.min(255, Math.round(value)));
    }

    /** For each place of the result: which places of the source it takes, from and to, and how much of each. */
    private record Weights(int[] from, int[] to, float[][] weight) {
        static Weights of(int source, long resized, long offset, int count) {
            double scale = (double) source / resized;
            double filterScale = Math.max(1, scale);
            double support = 2 * filterScale;
            int[] from = new int[count];
            int[] to = new int[count];
            float[][] weights = new float[count][];
            for (int i = 0; i < count; i++) {
                double center = (offset + i + 0.5) * scale;
                from[i] = Math.max(0, (int) (center - support + 0.5));
                to[i] = Math.min(source, (int) (center + support + 0.5));
                double[] raw = new double[to[i] - from[i]];
                double sum = 0;
                for (int k = 0; k < raw.length; k++) {
                    raw[k] = cubic((from[i] + k - center + 0.5) / filterScale);
                    sum += raw[k];
                }
                weights[i] = new float[raw.length];
                for (int k = 0; k < raw.length; k++) {
                    weights[i][k] = (float) (raw[k] / sum);
                }
            }
            return new Weights(from, to, weights);
        }

        /** The first place of the source that is taken. */
        int first() {
            return from[0];
        }

        /** Behind the last one. */
        int end() {
            return to[to.length - 1];
        }
    }

    private static double cubic(double at) {
        double x = Math.abs(at);
        if (x < 1) {
            return ((A + 2) * x - (A + 3)) * x * x + 1;
        }
        return x < 2 ? (((x - 5) * x + 8) * x - 4) * A : 0;
    }
}
