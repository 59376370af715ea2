package io.flm.launch.html;

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
