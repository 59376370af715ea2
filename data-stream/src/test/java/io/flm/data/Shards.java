package io.flm.data;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import javax.imageio.ImageIO;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/** Makes small shards: a picture of one colour for each key, and captions of growing length. */
final class Shards {
    private final Map<String, byte[]> files = new LinkedHashMap<>();

    static Shards of(int samples) {
        Shards shards = new Shards();
        for (int i = 0; i < samples; i++) {
            String key = String.format("s%03d", i);
            shards.with(key + ".png", png(16, 16, 0x010203 * (i % 80)));
            shards.with(key + ".txt", "a red fish" + " and a green one".repeat(i % 5));
        }
        return shards;
    }

    Shards with(String name, byte[] content) {
        files.put(name, content);
        return this;
    }

    Shards with(String name, String content) {
        return with(name, content.getBytes(StandardCharsets.UTF_8));
    }

    void each(BiConsumer<String, byte[]> file) {
        files.forEach(file);
    }

    Path write(Path file) {
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(Files.newOutputStream(file))) {
            for (Map.Entry<String, byte[]> e : files.entrySet()) {
                TarArchiveEntry entry = new TarArchiveEntry(e.getKey());
                entry.setSize(e.getValue().length);
                tar.putArchiveEntry(entry);
                tar.write(e.getValue());
                tar.closeArchiveEntry();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return file;
    }

    static byte[] png(int width, int height, int rgb) {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                image.setRGB(x, y, rgb);
            }
        }
        return encode(image, "png");
    }

    static byte[] encode(BufferedImage image, String format) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            ImageIO.write(image, format, out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }
}
