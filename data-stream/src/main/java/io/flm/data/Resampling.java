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
    private static final int MOST_VALUES =
            1 << 21; // of source lines that are kept: a line can be as long as a whole picture
    private static final int PIXELS = 16; // of a line, spread at a time

    private final Weights across;
    private final Weights down;
    private final int width; // W of the result
    private final int height; // H of it

    private Resampling(Weights across, Weights down) {
        this.across = across;
        this.down = down;
        this.width = across.from.length;
        this.height = down.from.length;
    }

    /**
     * Resizes the shorter side to S and cuts the centre out, or both sides.
     *
     * @return RGB values 0..255 as [3, S, S]
     */
    static byte[] of(Picture picture, int size, Fit fit) {
        int width = picture.width();
        int height = picture.height();
        int shorter = Math.min(width, height);
        boolean crop = fit == Fit.CROP;
        long resizedWidth = crop ? (long) width * size / shorter : size;
        long resizedHeight = crop ? (long) height * size / shorter : size;
        long left = (long) Math.rint((resizedWidth - size) / 2.0);
        long top = (long) Math.rint((resizedHeight - size) / 2.0);
        if (resizedWidth == width && resizedHeight == height) {
            return copy(picture, (int) left, (int) top, size);
        }
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

    /** The centre as it is: resizing to the same size changes nothing. */
    private static byte[] copy(Picture picture, int left, int top, int size) {
        int[] line = new int[picture.width()];
        int plane = size * size;
        byte[] rgb = new byte[3 * plane];
        for (int y = 0; y < size; y++) {
            picture.line(top + y, line);
            int at = y * size;
            for (int x = 0; x < size; x++) {
                int value = line[left + x];
                rgb[at + x] = (byte) (value >> 16);
                rgb[at + plane + x] = (byte) (value >> 8);
                rgb[at + 2 * plane + x] = (byte) value;
            }
        }
        return rgb;
    }

    private byte[] over(Picture picture) {
        int together = Math.max(1, Math.min(LINES, MOST_VALUES / picture.width())); // lines
        int[][] source = new int[together][picture.width()];
        float[] lines = new float[(across.end() - across.first()) * LANES]; // [pixels, LINES, 3]
        int length = 3 * width;
        int kept = down.most() + LINES;
        float[] rows = new float[kept * length]; // resized lines, each at its number modulo kept: [kept, W, 3]
        float[] sum = new float[length];
        byte[] rgb = new byte[height * length];
        int done = 0; // rows of the result
        for (int first = down.first(); first < down.end(); first += together) {
            int count = Math.min(together, down.end() - first);
            for (int i = 0; i < count; i++) {
                picture.line(first + i, source[i]);
            }
            spread(source, lines, count);
            along(lines, rows, first, kept, count);
            for (; done < height && down.to[done] <= first + count; done++) {
                add(rows, kept, sum, down.from[done], down.weight[done]);
                put(sum, rgb, done);
            }
        }
        return rgb;
    }

    /** Puts lines side by side, some pixels of all of them at a time: what is written stays in the nearest cache. */
    private void spread(int[][] source, float[] lines, int count) {
        for (int from = across.first(); from < across.end(); from += PIXELS) {
            int to = Math.min(across.end(), from + PIXELS);
            for (int i = 0; i < count; i++) {
                int[] line = source[i];
                int at = (from - across.first()) * LANES + 3 * i;
                for (int x = from; x < to; x++, at += LANES) {
                    int rgb = line[x];
                    lines[at] = rgb >> 16 & 0xff;
                    lines[at + 1] = rgb >> 8 & 0xff;
                    lines[at + 2] = rgb & 0xff;
                }
            }
        }
    }

    /** Resizes lines. */
    private void along(float[] lines, float[] rows, int first, int kept, int count) {
        float[] sum = new float[LANES];
        int[] places = new int[count];
        Arrays.setAll(places, i -> (first + i) % kept * 3 * width);
        for (int x = 0; x < width; x++) {
            float[] weights = across.weight[x];
            int at = (across.from[x] - across.first()) * LANES;
            int k = weights.length % 4;
            start(sum, lines, at, weights, k);
            for (at += k * LANES; k < weights.length; k += 4, at += 4 * LANES) {
                addFour(sum, lines, at, weights, k);
            }
            for (int i = 0; i < count; i++) {
                int to = places[i] + 3 * x;
                rows[to] = clip(sum[3 * i]);
                rows[to + 1] = clip(sum[3 * i + 1]);
                rows[to + 2] = clip(sum[3 * i + 2]);
            }
        }
    }

    /** Adds resized lines up to a row of the result. */
    private static void add(float[] rows, int kept, float[] sum, int from, float[] weights) {
        int length = sum.length;
        int k = weights.length % 2;
        Arrays.fill(sum, 0);
        if (k == 1) {
            addOne(sum, rows, from % kept * length, weights[0]);
        }
        for (; k < weights.length; k += 2) {
            int first = (from + k) % kept * length;
            int second = (from + k + 1) % kept * length;
            addTwo(sum, rows, first, second, weights[k], weights[k + 1]);
        }
    }

    private static void addOne(float[] sums, float[] values, int from, float weight) {
        for (int i = 0; i < sums.length; i++) {
            sums[i] += weight * values[from + i];
        }
    }

    private static void addTwo(float[] sums, float[] values, int from, int other, float weight, float othersWeight) {
        for (int i = 0; i < sums.length; i++) {
            sums[i] = sums[i] + weight * values[from + i] + othersWeight * values[other + i];
        }
    }

    /** The first none to three pixels. */
    private static void start(float[] sums, float[] values, int from, float[] weights, int count) {
        float first = count > 0 ? weights[0] : 0;
        float second = count > 1 ? weights[1] : 0;
        float third = count > 2 ? weights[2] : 0;
        switch (count) {
            case 0 -> Arrays.fill(sums, 0);
            case 1 -> {
                for (int i = 0; i < LANES; i++) {
                    sums[i] = first * values[from + i];
                }
            }
            case 2 -> {
                for (int i = 0; i < LANES; i++) {
                    sums[i] = first * values[from + i] + second * values[from + LANES + i];
                }
            }
            default -> {
                for (int i = 0; i < LANES; i++) {
                    sums[i] = first * values[from + i]
                            + second * values[from + LANES + i]
                            + third * values[from + 2 * LANES + i];
                }
            }
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

    private void put(float[] sum, byte[] rgb, int y) {
        int plane = height * width;
        int at = y * width;
        for (int x = 0; x < width; x++) {
            rgb[at + x] = (byte) clip(sum[3 * x]);
            rgb[at + plane + x] = (byte) clip(sum[3 * x + 1]);
            rgb[at + 2 * plane + x] = (byte) clip(sum[3 * x + 2]);
        }
    }

    /**
     * PIL rounds to a byte after each of its two passes. What is added is the float below a half: with a half, 0.49999997 would become 1.
     * From 0 on this is {@link Math#round}, below 0 both are cut off.
     */
    private static int clip(float value) {
        return Math.max(0, Math.min(255, (int) (value + 0.49999997f)));
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
                float[] all = new float[raw.length];
                for (int k = 0; k < raw.length; k++) {
                    all[k] = (float) (raw[k] / sum);
                }
                int first = 0;
                int last = all.length;
                while (last - first > 1 && all[last - 1] == 0) { // where a picture keeps its size, one weight is left
                    last--;
                }
                while (last - first > 1 && all[first] == 0) {
                    first++;
                }
                to[i] = from[i] + last;
                from[i] += first;
                weights[i] = Arrays.copyOfRange(all, first, last);
            }
            return new Weights(from, to, weights);
        }

        /** The first place of the source that is taken. */
        int first() {
            return from[0];
        }

        /** The most that one place of the result takes. */
        int most() {
            int most = 0;
            for (int i = 0; i < from.length; i++) {
                most = Math.max(most, to[i] - from[i]);
            }
            return most;
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
