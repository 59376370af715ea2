package io.flm.data;

import com.twelvemonkeys.imageio.stream.ByteArrayImageInputStream;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.DataBufferByte;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Locale;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;

/** PNG, JPEG and WebP to RGB values as they are stored: alpha is dropped, grey is taken as it is, no profile is applied. */
final class Codecs {
    /** Pictures of more pixels are refused: a small file can claim any size. */
    private static final long MOST_PIXELS = 100_000_000;

    private static final int[] PROFILE = {'I', 'C', 'C', '_', 'P', 'R', 'O', 'F', 'I', 'L', 'E', 0};

    static {
        System.setProperty("java.awt.headless", System.getProperty("java.awt.headless", "true"));
        ImageIO.setUseCache(false); // in memory, not by temporary files
    }

    /**
     * A decoded picture.
     *
     * @param rgb 0xRRGGBB, the upper byte undefined, row by row
     */
    record Picture(int width, int height, int[] rgb) {}

    private Codecs() {}

    static Picture decode(byte[] image) throws IOException {
        String format = format(image);
        ImageReader reader = reader(format);
        try (ImageInputStream in = new ByteArrayImageInputStream(withoutProfile(image, format))) {
            reader.setInput(in, true, true);
            int width = reader.getWidth(0);
            int height = reader.getHeight(0);
            if ((long) width * height > MOST_PIXELS) {
                throw new IOException(width + " x " + height + " pixels are too many");
            }
            boolean[] cut = new boolean[1];
            // The JPEG decoder makes up what is missing, and warns.
            reader.addIIOReadWarningListener((from, warning) ->
                    cut[0] |= warning.toLowerCase(Locale.ROOT).contains("premature end"));
            BufferedImage decoded = reader.read(0);
            if (cut[0]) {
                throw new IOException("cut before its end");
            }
            return new Picture(width, height, rgb(decoded));
        } catch (RuntimeException e) { // decoders stumble over torn pictures in many ways
            throw new IOException("the picture is broken (" + e + ")", e);
        } catch (IOException e) {
            throw new IOException("the picture is broken (" + oneLine(e) + ")", e);
        } finally {
            reader.dispose();
        }
    }

    private static ImageReader reader(String format) throws IOException {
        Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName(format);
        if (!readers.hasNext()) {
            throw new IOException("no decoder for " + format);
        }
        return readers.next();
    }

    /** Without the colour profile of a JPEG or WebP, by which the decoders would convert to sRGB; Pillow does not. */
    private static byte[] withoutProfile(byte[] image, String format) {
        if (format.equals("jpeg")) {
            return withoutJpegProfile(image);
        }
        boolean profile = format.equals("webp") && begins(image, 12, 'V', 'P', '8', 'X') && image.length > 20;
        if (!profile || (image[20] & 0x20) == 0) {
            return image;
        }
        byte[] without = image.clone();
        without[20] = (byte) (image[20] & ~0x20); // the flag of the chunk, which is passed over then
        return without;
    }

    /** The profile lies in one or more segments APP2, before the scan. */
    private static byte[] withoutJpegProfile(byte[] image) {
        ByteArrayOutputStream without = new ByteArrayOutputStream();
        int copied = 0;
        int at = 2;
        while (at + 4 <= image.length && (image[at] & 0xff) == 0xff && (image[at + 1] & 0xff) != 0xda) {
            if ((image[at + 1] & 0xff) == 0xff) { // fills up
                at++;
                continue;
            }
            int end = at + 2 + (ByteBuffer.wrap(image).getShort(at + 2) & 0xffff);
            if (end > image.length) {
                break;
            }
            if (begins(image, at, 0xff, 0xe2) && begins(image, at + 4, PROFILE)) {
                without.write(image, copied, at - copied);
                copied = end;
            }
            at = end;
        }
        if (copied == 0) {
            return image;
        }
        without.write(image, copied, image.length - copied);
        return without.toByteArray();
    }

    private static String format(byte[] image) throws IOException {
        if (begins(image, 0, 0x89, 'P', 'N', 'G')) {
            return "png";
        }
        if (begins(image, 0, 0xff, 0xd8)) {
            return "jpeg";
        }
        if (begins(image, 0, 'R', 'I', 'F', 'F') && begins(image, 8, 'W', 'E', 'B', 'P')) {
            long stated =
                    8 + (ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN).getInt(4) & 0xffffffffL);
            if (stated > image.length) { // the decoder does not notice
                throw new IOException("cut before its end");
            }
            return "webp";
        }
        throw new IOException("not a PNG, JPEG or WebP picture");
    }

    private static boolean begins(byte[] bytes, int from, int... magic) {
        for (int i = 0; i < magic.length; i++) {
            if (from + i >= bytes.length || (bytes[from + i] & 0xff) != magic[i]) {
                return false;
            }
        }
        return true;
    }

    private static String oneLine(Exception e) {
        return String.valueOf(e.getMessage()).replaceAll("\\s+", " ");
    }

    /** BufferedImage.getRGB is exact but slow, and brightens grey: its common cases are read from their bytes. */
    private static int[] rgb(BufferedImage image) {
        int width = image.getWidth();
        int height = image.getHeight();
        int[] rgb = new int[width * height];
        Raster raster = image.getRaster();
        if (image.getColorModel().getColorSpace().getType() == ColorSpace.TYPE_GRAY) {
            raster.getSamples(0, 0, width, height, 0, rgb);
            int bits = image.getColorModel().getComponentSize(0);
            Arrays.setAll(rgb, i -> 0x010101 * (bits > 8 ? rgb[i] >>> (bits - 8) : rgb[i]));
        } else if (image.getType() == BufferedImage.TYPE_3BYTE_BGR) {
            byte[] bytes = bytes(raster);
            for (int i = 0; i < rgb.length; i++) {
                rgb[i] = (bytes[3 * i + 2] & 0xff) << 16 | (bytes[3 * i + 1] & 0xff) << 8 | (bytes[3 * i] & 0xff);
            }
        } else if (image.getType() == BufferedImage.TYPE_BYTE_INDEXED
                && image.getColorModel() instanceof IndexColorModel colors
                && colors.getPixelSize() == 8) {
            int[] palette = new int[256]; // an index beyond the palette is black
            colors.getRGBs(palette);
            byte[] bytes = bytes(raster);
            Arrays.setAll(rgb, i -> palette[bytes[i] & 0xff]);
        } else if (image.getColorModel().getColorSpace().getType() == ColorSpace.TYPE_CMYK) {
            // As Pillow: getRGB goes through a linear colour space, which brightens.
            int[] cmyk = raster.getPixels(0, 0, width, height, (int[]) null);
            for (int i = 0; i < rgb.length; i++) {
                int light = 255 - cmyk[4 * i + 3];
                for (int band = 0; band < 3; band++) {
                    rgb[i] = rgb[i] << 8 | ((255 - cmyk[4 * i + band]) * light + 127) / 255;
                }
            }
        } else {
            image.getRGB(0, 0, width, height, rgb, 0, width);
        }
        return rgb;
    }

    private static byte[] bytes(Raster raster) {
        return ((DataBufferByte) raster.getDataBuffer()).getData();
    }
}
