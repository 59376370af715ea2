package io.flm.worker.evaluate;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import javax.imageio.ImageIO;

/** Square pictures, RGB values [3, S, S], as PNG. */
public final class Png {
    private Png() {}

    /** S, pixels a side. */
    public static int size(byte[] pixels) {
        return (int) Math.round(Math.sqrt(pixels.length / 3.0));
    }

    /**
     * The same picture with fewer pixels, each the mean of those that it stands for.
     *
     * @param pixels RGB values, [3, S, S]
     * @param most pixels a side; a picture that has no more stays as it is
     */
    static byte[] small(byte[] pixels, int most) {
        int size = size(pixels);
        if (size <= most) {
            return pixels;
        }
        byte[] small = new byte[3 * most * most];
        for (int at = 0; at < small.length; at++) {
            int top = at / most % most * size / most;
            int bottom = (at / most % most + 1) * size / most;
            int left = at % most * size / most;
            int right = (at % most + 1) * size / most;
            int plane = at / (most * most) * size * size;
            int sum = 0;
            for (int y = top; y < bottom; y++) {
                for (int x = left; x < right; x++) {
                    sum += pixels[plane + y * size + x] & 255;
                }
            }
            small[at] = (byte) (sum / ((bottom - top) * (right - left)));
        }
        return small;
    }

    /** @param pixels RGB values, [3, S, S] */
    public static byte[] of(byte[] pixels) {
        int area = pixels.length / 3;
        int size = size(pixels);
        BufferedImage image = new BufferedImage(size, size, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < area; i++) {
            int rgb = ((pixels[i] & 255) << 16) | ((pixels[area + i] & 255) << 8) | (pixels[2 * area + i] & 255);
            image.setRGB(i % size, i / size, rgb);
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            ImageIO.write(image, "png", bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // memory does not fail
        }
        return bytes.toByteArray();
    }
}
