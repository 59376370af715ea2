package io.flm.browser;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import javax.imageio.ImageIO;

/** Pictures of pages in the 256 colours that they have most of: a third of the bytes, and to the eye the same. */
final class Palette {
    private static final int COLORS = 256;
    private static final int FINE =
            0xf8f8f8; // so much of a color counts: else a picture's shades would take all places

    private Palette() {}

    static byte[] png(byte[] png) throws IOException {
        BufferedImage from = ImageIO.read(new ByteArrayInputStream(png));
        int width = from.getWidth();
        int height = from.getHeight();
        int[] pixels = from.getRGB(0, 0, width, height, null, 0, width);
        Map<Integer, Map<Integer, Integer>> counts = new HashMap<>(); // of shades, by what counts of them
        for (int pixel : pixels) {
            counts.computeIfAbsent(pixel & FINE, shades -> new HashMap<>()).merge(pixel & 0xffffff, 1, Integer::sum);
        }
        int[] colors = counts.values().stream()
                .sorted(Comparator.comparingInt(Palette::total).reversed())
                .limit(COLORS)
                .mapToInt(Palette::commonest)
                .toArray();
        Map<Integer, Integer> nearest = new HashMap<>();
        counts.keySet()
                .forEach(color -> nearest.put(color, nearest(commonest(counts.getOrDefault(color, Map.of())), colors)));
        BufferedImage to = new BufferedImage(
                width,
                height,
                BufferedImage.TYPE_BYTE_INDEXED,
                new IndexColorModel(8, colors.length, colors, 0, false, -1, 0));
        for (int i = 0; i < pixels.length; i++) {
            to.getRaster().setSample(i % width, i / width, 0, nearest.getOrDefault(pixels[i] & FINE, 0));
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageIO.write(to, "png", out);
        return out.toByteArray();
    }

    private static int total(Map<Integer, Integer> shades) {
        return shades.values().stream().mapToInt(Integer::intValue).sum();
    }

    private static int commonest(Map<Integer, Integer> shades) {
        return shades.entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .map(Map.Entry::getKey)
                .orElse(0);
    }

    private static int nearest(int color, int[] colors) {
        int best = 0;
        for (int i = 1; i < colors.length; i++) {
            if (distance(color, colors[i]) < distance(color, colors[best])) {
                best = i;
            }
        }
        return best;
    }

    private static int distance(int a, int b) {
        int red = (a >> 16 & 255) - (b >> 16 & 255);
        int green = (a >> 8 & 255) - (b >> 8 & 255);
        int blue = (a & 255) - (b & 255);
        return red * red + green * green + blue * blue;
    }
}
