package io.flm.data;

import java.util.function.Function;
import java.util.function.IntUnaryOperator;

/**
 * The operations of {@link RandAugment}, each as Pillow computes it: {@code ImageOps}, {@code ImageEnhance}, and {@code rotate} and
 * {@code transform} with the nearest pixel, and black where there is none.
 */
enum PictureOperation {
    /** Each channel is stretched to 0..255. */
    AUTO_CONTRAST(0, 1, false, (rgb, size, strength) -> mappedByChannel(rgb, PictureOperation::stretched)),
    /** Each channel's values become about equally frequent. */
    EQUALIZE(0, 1, false, (rgb, size, strength) -> mappedByChannel(rgb, PictureOperation::equalized)),
    /** Turned around the centre by so many degrees, against the clock. */
    ROTATE(0, 30, true, PictureOperation::turned),
    /** So many of the upper bits of each value are kept, at least one. More are a weaker change. */
    POSTERIZE(0, 4, false, PictureOperation::posterized),
    /** Values from so many on are inverted. More are a weaker change. */
    SOLARIZE(0, 256, false, (rgb, size, strength) -> mapped(rgb, v -> v < strength ? v : 255 - v)),
    /** Values are raised by so much; those that come to 128 are inverted. */
    SOLARIZE_ADD(0, 110, false, PictureOperation::raisedAndInverted),
    /** From grey, at 0, to twice as far from it, at 2. */
    COLOR(0.1, 1.9, false, PictureOperation::coloured),
    /** From the mean of all greys, at 0, to twice as far from it, at 2. */
    CONTRAST(0.1, 1.9, false, PictureOperation::contrasted),
    /** From black, at 0, to twice as bright, at 2. */
    BRIGHTNESS(0.1, 1.9, false, (rgb, size, strength) -> mapped(rgb, v -> blended(0, v, (float) strength))),
    /** From smoothed, at 0, to sharpened, at 2. */
    SHARPNESS(0.1, 1.9, false, PictureOperation::sharpened),
    /** Each row is moved to the left by so much of its height. */
    SHEAR_X(0, 0.3, true, (rgb, size, strength) -> moved(rgb, size, 1, strength, 0, 0, 1, 0)),
    /** Each column is moved up by so much of its place. */
    SHEAR_Y(0, 0.3, true, (rgb, size, strength) -> moved(rgb, size, 1, 0, 0, strength, 1, 0)),
    /** Moved to the left by so many pixels. */
    TRANSLATE_X(0, 100, true, (rgb, size, strength) -> moved(rgb, size, 1, 0, strength, 0, 1, 0)),
    /** Moved up by so many pixels. */
    TRANSLATE_Y(0, 100, true, (rgb, size, strength) -> moved(rgb, size, 1, 0, 0, 0, 1, strength));

    @FunctionalInterface
    private interface Change {
        byte[] of(byte[] rgb, int size, double strength);
    }

    private static final int LEVELS = 256;
    private static final double ONE = 1 << 16; // Pillow moves pixels in numbers with 16 bits below the point

    private final double least;
    private final double most;
    private final boolean eitherWay;
    private final Change change;

    PictureOperation(double least, double most, boolean eitherWay, Change change) {
        this.least = least;
        this.most = most;
        this.eitherWay = eitherWay;
        this.change = change;
    }

    /** The strength at a share of its range. */
    double strength(double share) {
        return least + share * (most - least);
    }

    /** Whether a negative strength is the same the other way. */
    boolean eitherWay() {
        return eitherWay;
    }

    /**
     * A changed copy.
     *
     * @param rgb [3, S, S]
     * @param strength in the operation's unit
     */
    byte[] apply(byte[] rgb, int size, double strength) {
        return change.of(rgb, size, strength);
    }

    // ---- value by value ---------------------------------------------------------------------------------------------

    private static byte[] posterized(byte[] rgb, int size, double strength) {
        int kept = 0xff00 >> Math.max(1, (int) strength);
        return mapped(rgb, v -> v & kept);
    }

    private static byte[] raisedAndInverted(byte[] rgb, int size, double strength) {
        return mapped(rgb, v -> {
            int raised = (int) Math.min(255, v + strength);
            return raised < 128 ? raised : 255 - raised;
        });
    }

    private static byte[] contrasted(byte[] rgb, int size, double strength) {
        int plane = size * size;
        long sum = 0;
        for (int i = 0; i < plane; i++) {
            sum += grey(rgb, plane, i);
        }
        int mean = (int) ((double) sum / plane + 0.5);
        return mapped(rgb, v -> blended(mean, v, (float) strength));
    }

    private static IntUnaryOperator stretched(int[] counts) {
        int low = 0;
        while (counts[low] == 0) {
            low++;
        }
        int high = LEVELS - 1;
        while (counts[high] == 0) {
            high--;
        }
        if (high == low) {
            return IntUnaryOperator.identity();
        }
        double scale = 255.0 / (high - low);
        double offset = -low * scale;
        return v -> clipped((int) (v * scale + offset));
    }

    private static IntUnaryOperator equalized(int[] counts) {
        int last = LEVELS - 1;
        while (counts[last] == 0) {
            last--;
        }
        int[] before = new int[LEVELS]; // values below
        for (int v = 1; v < LEVELS; v++) {
            before[v] = before[v - 1] + counts[v - 1];
        }
        int step = before[last] / (LEVELS - 1); // values are not counted that are mapped to the highest
        return step == 0 ? IntUnaryOperator.identity() : v -> clipped((step / 2 + before[v]) / step);
    }

    private static byte[] mapped(byte[] rgb, IntUnaryOperator table) {
        byte[] lookup = lookup(table);
        byte[] changed = new byte[rgb.length];
        for (int at = 0; at < rgb.length; at++) {
            changed[at] = lookup[rgb[at] & 0xff];
        }
        return changed;
    }

    /** @param tableOf makes a channel's table of how often it has each value */
    private static byte[] mappedByChannel(byte[] rgb, Function<int[], IntUnaryOperator> tableOf) {
        int plane = rgb.length / 3;
        byte[] changed = new byte[rgb.length];
        for (int from = 0; from < rgb.length; from += plane) {
            int[] counts = new int[LEVELS];
            for (int at = from; at < from + plane; at++) {
                counts[rgb[at] & 0xff]++;
            }
            byte[] lookup = lookup(tableOf.apply(counts));
            for (int at = from; at < from + plane; at++) {
                changed[at] = lookup[rgb[at] & 0xff];
            }
        }
        return changed;
    }

    private static byte[] lookup(IntUnaryOperator table) {
        byte[] lookup = new byte[LEVELS];
        for (int v = 0; v < LEVELS; v++) {
            lookup[v] = (byte) table.applyAsInt(v);
        }
        return lookup;
    }

    private static int clipped(int value) {
        return Math.max(0, Math.min(255, value));
    }

    // ---- between two pictures ---------------------------------------------------------------------------------------

    private static byte[] coloured(byte[] rgb, int size, double strength) {
        int plane = size * size;
        byte[] changed = new byte[rgb.length];
        for (int i = 0; i < plane; i++) {
            int grey = grey(rgb, plane, i);
            for (int at = i; at < rgb.length; at += plane) {
                changed[at] = (byte) blended(grey, rgb[at] & 0xff, (float) strength);
            }
        }
        return changed;
    }

    private static byte[] sharpened(byte[] rgb, int size, double strength) {
        byte[] changed = rgb.clone(); // pixels of the edge stay
        for (int from = 0; from < rgb.length; from += size * size) {
            for (int y = 1; y < size - 1; y++) {
                int at = from + y * size + 1;
                int left = column(rgb, at - 1, size);
                int middle = column(rgb, at, size);
                for (int end = at + size - 2; at < end; at++) {
                    int right = column(rgb, at + 1, size);
                    int own = rgb[at] & 0xff;
                    // The mean of nine pixels of which its own counts five times, rounded.
                    int smooth = (2 * (left + middle + right + 4 * own) + 13) / 26;
                    changed[at] = (byte) blended(smooth, own, (float) strength);
                    left = middle;
                    middle = right;
                }
            }
        }
        return changed;
    }

    private static int column(byte[] rgb, int at, int size) {
        return (rgb[at - size] & 0xff) + (rgb[at] & 0xff) + (rgb[at + size] & 0xff);
    }

    /** From {@code none}, at 0, over {@code full}, at 1, and beyond; cut to a byte as Pillow does it. */
    private static int blended(int none, int full, float strength) {
        return clipped((int) (none + strength * (full - none)));
    }

    /** ITU-R 601-2, in Pillow's integers. */
    private static int grey(byte[] rgb, int plane, int at) {
        int red = rgb[at] & 0xff;
        int green = rgb[plane + at] & 0xff;
        int blue = rgb[2 * plane + at] & 0xff;
        return (19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16;
    }

    // ---- pixels moved -----------------------------------------------------------------------------------------------

    private static byte[] turned(byte[] rgb, int size, double strength) {
        double angle = -strength / 180 * Math.PI;
        double cos = StrictMath.cos(angle);
        double sin = StrictMath.sin(angle);
        double half = size / 2.0;
        return moved(rgb, size, cos, sin, half - half * cos - half * sin, -sin, cos, half + half * sin - half * cos);
    }

    /** The pixel at (x, y) comes from (ax + by + c, dx + ey + f), the nearest one; or is black. */
    private static byte[] moved(byte[] rgb, int size, double a, double b, double c, double d, double e, double f) {
        int plane = size * size;
        byte[] changed = new byte[rgb.length];
        int rowX = fixed(c + (a + b) / 2); // of the middle of the first pixel
        int rowY = fixed(f + (d + e) / 2);
        for (int y = 0; y < size; y++) {
            int sourceX = rowX;
            int sourceY = rowY;
            for (int at = y * size; at < (y + 1) * size; at++) {
                int column = sourceX >> 16;
                int row = sourceY >> 16;
                if (column >= 0 && column < size && row >= 0 && row < size) {
                    int source = row * size + column;
                    changed[at] = rgb[source];
                    changed[plane + at] = rgb[plane + source];
                    changed[2 * plane + at] = rgb[2 * plane + source];
                }
                sourceX += fixed(a);
                sourceY += fixed(d);
            }
            rowX += fixed(b);
            rowY += fixed(e);
        }
        return changed;
    }

    private static int fixed(double value) {
        return (int) Math.floor(value * ONE + 0.5);
    }
}
