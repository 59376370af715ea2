package io.flm.data;

import java.awt.image.BufferedImage;
import java.awt.image.DataBufferInt;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.plugins.jpeg.JPEGImageWriteParam;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/**
 * What is made of a picture that a shard is to hold.
 *
 * @param shorterSide to which a larger picture is resized; 0: none is. The other side is cut to a whole number, as training does, so that
 *     a picture without loss trains at this size as its source does
 * @param encoding of the file
 * @param quality of a JPEG, 1 to 100, as libjpeg and Pillow count it. Its chromas have half of the luma's resolution both ways (4:2:0)
 */
public record PictureTarget(int shorterSide, Encoding encoding, int quality) {
    /** The bytes as they are. */
    public static final PictureTarget UNTOUCHED = new PictureTarget(0, Encoding.KEEP, 0);

    /** How a picture is encoded. */
    public enum Encoding {
        /** The bytes as they are. */
        KEEP,
        JPEG,
        PNG
    }

    /** Asks by its size, as it is seen, whether the file of a picture is wanted. */
    public interface Wanted {
        boolean test(int width, int height);
    }

    /** The format of what {@link #encoded} makes. */
    PictureFormat written() {
        return encoding == Encoding.PNG ? PictureFormat.PNG : PictureFormat.JPEG;
    }

    /** What {@link #encoded} takes of a picture of this size, at most. */
    long encodingBytes(int width, int height) {
        int shorter = Math.min(width, height);
        if (encoding == Encoding.KEEP) {
            return 0;
        }
        return shorterSide == 0 || shorter <= shorterSide
                ? 8L * width * height
                : 24L * ((long) width * shorterSide / shorter) * ((long) height * shorterSide / shorter);
    }

    /**
     * Whether the file stays as it is. A JPEG loses something each time it is encoded: where sizes are wanted, one that is no larger is left
     * alone.
     *
     * @param turned whether the picture is seen otherwise than it is stored
     */
    boolean keeps(PictureFormat format, int width, int height, boolean turned) {
        boolean small = shorterSide > 0 && Math.min(width, height) <= shorterSide;
        return encoding == Encoding.KEEP || (small && format == written() && !turned);
    }

    /** The file of a picture, resized if it is larger. */
    byte[] encoded(Picture picture) {
        int shorter = Math.min(picture.width(), picture.height());
        BufferedImage image = shorterSide == 0 || shorter <= shorterSide ? whole(picture) : resized(picture, shorter);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageWriter writer = ImageIO.getImageWritersByFormatName(encoding == Encoding.PNG ? "png" : "jpeg")
                .next();
        try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
            writer.setOutput(out);
            writer.write(null, new IIOImage(image, null, null), parameters(writer));
        } catch (IOException e) {
            throw new UncheckedIOException(e); // nothing is written but memory
        } finally {
            writer.dispose();
        }
        return bytes.toByteArray();
    }

    private ImageWriteParam parameters(ImageWriter writer) {
        ImageWriteParam parameters = writer.getDefaultWriteParam();
        if (parameters instanceof JPEGImageWriteParam jpeg) {
            jpeg.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            jpeg.setCompressionQuality(quality / 100f);
            jpeg.setOptimizeHuffmanTables(true);
        }
        return parameters;
    }

    private static BufferedImage whole(Picture picture) {
        BufferedImage image = new BufferedImage(picture.width(), picture.height(), BufferedImage.TYPE_INT_RGB);
        int[] pixels = ((DataBufferInt) image.getRaster().getDataBuffer()).getData();
        int[] line = new int[picture.width()];
        for (int y = 0; y < picture.height(); y++) {
            picture.line(y, line);
            System.arraycopy(line, 0, pixels, y * line.length, line.length);
        }
        return image;
    }

    private BufferedImage resized(Picture picture, int shorter) {
        int width = (int) ((long) picture.width() * shorterSide / shorter);
        int height = (int) ((long) picture.height() * shorterSide / shorter);
        byte[] rgb = Resampling.of(picture, width, height); // [3, height, width]
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        int[] pixels = ((DataBufferInt) image.getRaster().getDataBuffer()).getData();
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] =
                    (rgb[i] & 0xff) << 16 | (rgb[pixels.length + i] & 0xff) << 8 | (rgb[2 * pixels.length + i] & 0xff);
        }
        return image;
    }
}
