package io.flm.data;

import com.typesafe.config.Config;
import java.util.Locale;

/**
 * Changes of a picture that its caption outlives: turned, stretched and moved a little; then what {@link RandAugment} draws. No
 * flips: captions say left and right.
 *
 * @param rotateDegrees turned by at most this much either way
 * @param scale each axis stretched by 1/scale to scale, evenly in the logarithm; 1: not
 * @param shift moved along each axis by at most this share of half the width
 * @param background value of what comes into view, 0..255
 * @param operations drawn after that; their background is black
 */
public record Augmentation(double rotateDegrees, double scale, double shift, int background, RandAugment operations) {
    /** Leaves pictures as they are. */
    public static final Augmentation NONE = new Augmentation(0, 1, 0, 255, RandAugment.NONE);

    private enum Background {
        WHITE(255),
        BLACK(0);

        private final int value;

        Background(int value) {
            this.value = value;
        }
    }

    /** @param c {@code flm.data.augment} */
    static Augmentation from(Config c) {
        return new Augmentation(
                c.getDouble("rotate-degrees"),
                c.getDouble("scale"),
                c.getDouble("shift"),
                Background.valueOf(c.getString("background").toUpperCase(Locale.ROOT)).value,
                new RandAugment(c.getInt("rand-operations"), c.getInt("rand-magnitude")));
    }

    public boolean isNone() {
        return keepsPlaces() && operations.isNone();
    }

    private boolean keepsPlaces() {
        return rotateDegrees == 0 && scale == 1 && shift == 0;
    }

    /**
     * Draws changes and applies them.
     *
     * @param rgb [3, S, S]; it is not written to
     */
    public byte[] apply(byte[] rgb, int size, RandomStream random) {
        return operations.apply(keepsPlaces() ? rgb : moved(rgb, size, random), size, random);
    }

    /** Bilinear. */
    private byte[] moved(byte[] rgb, int size, RandomStream random) {
        double angle = rotateDegrees / 180 * Math.PI * between(random);
        double scaleX = StrictMath.exp(StrictMath.log(scale) * between(random));
        double scaleY = StrictMath.exp(StrictMath.log(scale) * between(random));
        double half = size / 2.0;
        double moveX = shift * half * between(random);
        double moveY = shift * half * between(random);
        double cos = StrictMath.cos(angle);
        double sin = StrictMath.sin(angle);
        byte[] changed = new byte[rgb.length];
        for (int y = 0; y < size; y++) {
            for (int x = 0; x < size; x++) {
                // Where the pixel comes from: moved back, turned back, shrunk back, around the centre.
                double dx = x + 0.5 - half - moveX;
                double dy = y + 0.5 - half - moveY;
                double sourceX = (cos * dx + sin * dy) / scaleX + half - 0.5;
                double sourceY = (cos * dy - sin * dx) / scaleY + half - 0.5;
                sample(rgb, size, sourceX, sourceY, changed, y * size + x);
            }
        }
        return changed;
    }

    private static double between(RandomStream random) {
        return 2 * random.nextDouble() - 1;
    }

    private void sample(byte[] rgb, int size, double x, double y, byte[] out, int at) {
        int x0 = (int) Math.floor(x);
        int y0 = (int) Math.floor(y);
        float fx = (float) (x - x0);
        float fy = (float) (y - y0);
        boolean inside = x0 >= 0 && y0 >= 0 && x0 + 1 < size && y0 + 1 < size;
        boolean outside = x0 < -1 || y0 < -1 || x0 >= size || y0 >= size;
        int plane = size * size;
        for (int channel = 0; channel < 3; channel++) {
            int start = channel * plane;
            if (inside) { // most pixels: no neighbour needs a check
                int k = start + y0 * size + x0;
                float top = (rgb[k] & 0xff) * (1 - fx) + (rgb[k + 1] & 0xff) * fx;
                float bottom = (rgb[k + size] & 0xff) * (1 - fx) + (rgb[k + size + 1] & 0xff) * fx;
                out[start + at] = (byte) (int) (top * (1 - fy) + bottom * fy + 0.5f);
            } else if (outside) {
                out[start + at] = (byte) background;
            } else {
                float top = value(rgb, size, start, x0, y0) * (1 - fx) + value(rgb, size, start, x0 + 1, y0) * fx;
                float bottom =
                        value(rgb, size, start, x0, y0 + 1) * (1 - fx) + value(rgb, size, start, x0 + 1, y0 + 1) * fx;
                out[start + at] = (byte) (int) (top * (1 - fy) + bottom * fy + 0.5f);
            }
        }
    }

    private int value(byte[] rgb, int size, int plane, int x, int y) {
        return x < 0 || y < 0 || x >= size || y >= size ? background : rgb[plane + y * size + x] & 0xff;
    }
}
