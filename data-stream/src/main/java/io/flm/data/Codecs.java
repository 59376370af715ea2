package io.flm.data;

import io.flm.data.raster.BmpFile;
import io.flm.data.raster.GifFile;
import io.flm.data.raster.RasterFile;
import io.flm.data.raster.TiffFile;
import io.flm.data.raster.UnreadException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Locale;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Pictures' files to RGB values as they are stored and as Pillow's {@code convert("RGB")} has them: alpha is dropped, no
 * profile is applied, of an animation the first frame is taken, of a TIFF the first page. Two differences: of grey of 16 bits the upper 8
 * are taken, where Pillow makes all but the darkest white; and a TIFF that says how it is turned is as it is stored, where Pillow turns it.
 *
 * <p>Each format has a class that reads a file's structure first, refuses what is damaged or cut, and says what decoding will
 * take; only then a decoder sees it.
 */
final class Codecs {
    static {
        System.setProperty("java.awt.headless", System.getProperty("java.awt.headless", "true"));
        ImageIO.setUseCache(false); // in memory, not by temporary files
    }

    /** A file whose structure was read. Nothing of the picture's size was allocated for it yet. */
    interface Encoded {
        PictureFormat format();

        int width();

        int height();

        /** What {@link #decode} allocates beside the file, in the heap and outside of it. It follows from the file alone. */
        long decodeBytes();

        /** EXIF's orientation, 1 to 8; 1: as it is stored. */
        int orientation();

        Picture decode() throws IOException;
    }

    private Codecs() {}

    /** Reads the structure of a file. Throws an {@link IOException} whose message has one line where it is no whole picture. */
    static Encoded open(byte[] image) throws IOException {
        try {
            if (begins(image, 0, 0x89, 'P', 'N', 'G')) {
                return PngFile.open(image);
            }
            if (begins(image, 0, 0xff, 0xd8)) {
                return JpegFile.open(image);
            }
            if (begins(image, 0, 'R', 'I', 'F', 'F') && begins(image, 8, 'W', 'E', 'B', 'P')) {
                return WebpFile.open(image);
            }
            if (GifFile.isGif(image)) {
                return new Raster(PictureFormat.GIF, GifFile.open(image));
            }
            if (BmpFile.isBmp(image)) {
                return new Raster(PictureFormat.BMP, BmpFile.open(image));
            }
            if (TiffFile.isTiff(image)) {
                return new Raster(PictureFormat.TIFF, TiffFile.open(image));
            }
        } catch (UnreadException e) {
            throw e;
        } catch (IOException e) {
            throw broken(e);
        }
        throw OtherFormat.refusal(image);
    }

    /** A file of a format that has a reader of its own. */
    private record Raster(PictureFormat format, RasterFile file) implements Encoded {
        @Override
        public int width() {
            return file.width();
        }

        @Override
        public int height() {
            return file.height();
        }

        @Override
        public long decodeBytes() {
            return file.decodeBytes();
        }

        @Override
        public int orientation() {
            return file.orientation();
        }

        @Override
        public Picture decode() throws IOException {
            return Picture.of(width(), height(), Picture.ofInts(file.decode(), width()));
        }
    }

    /** What {@link #decode} allocates beside the file. It follows from the file and the settings alone. */
    static long decodeBytes(Encoded encoded, JpegSettings settings) {
        return settings.isTurbo() && encoded instanceof JpegFile jpeg && jpeg.isForTurbo()
                ? jpeg.decodeBytesByTurbo()
                : encoded.decodeBytes();
    }

    /** Decodes by the JDK where it is a JPEG. */
    static Picture decode(Encoded encoded) throws IOException {
        return decode(encoded, JpegSettings.JDK, 0);
    }

    /**
     * Decodes; errors are as those of {@link #open}. An {@link Error}, of memory for one, says nothing of the picture.
     *
     * @param size to which the shorter side will be resized; 0: all pixels are wanted
     */
    static Picture decode(Encoded encoded, JpegSettings settings, int size) throws IOException {
        try {
            return settings.isTurbo() && encoded instanceof JpegFile jpeg && jpeg.isForTurbo()
                    ? jpeg.decodeByTurbo(settings.denominator(Math.min(jpeg.width(), jpeg.height()), size))
                    : encoded.decode();
        } catch (UserException | UnreadException e) { // of this node, or of this program: not of the picture
            throw e;
        } catch (IOException | RuntimeException e) { // decoders stumble over torn pictures in many ways
            throw broken(e);
        }
    }

    /** Decoders wrap errors in exceptions, and a C library tells of memory by a message: these are no fault of the picture. */
    private static IOException broken(Exception e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof Error error) {
                throw error;
            }
            if (String.valueOf(cause.getMessage()).startsWith("Insufficient memory")) {
                throw new OutOfMemoryError(cause.getMessage());
            }
        }
        String message = e instanceof IOException ? String.valueOf(e.getMessage()) : e.toString();
        return new IOException("the picture is broken (" + message.replaceAll("\\s+", " ") + ")", e);
    }

    /** What a decoder is asked for. */
    interface Read<T> {
        T from(ImageReader reader) throws IOException;
    }

    /** Lets ImageIO's decoder read {@code image}. It makes up what is missing, and warns: such a picture is damaged. */
    static <T> T read(String format, byte[] image, Read<T> read) throws IOException {
        ImageReader reader = ImageIO.getImageReadersByFormatName(format).next();
        try (MemoryCacheImageInputStream in = new MemoryCacheImageInputStream(new ByteArrayInputStream(image))) {
            reader.setInput(in, true, true);
            String[] damage = new String[1];
            reader.addIIOReadWarningListener((from, warning) -> {
                if (isDamage(warning)) {
                    damage[0] = warning;
                }
            });
            T result = read.from(reader);
            if (damage[0] != null) {
                throw new IOException(damage[0]);
            }
            return result;
        } finally {
            reader.dispose();
        }
    }

    /** Whether libjpeg's words for what it met are a warning that is no damage. */
    static boolean isHarmless(String message) {
        return message.contains("extraneous bytes") || message.startsWith("Warning: unknown JFIF revision");
    }

    /** Bytes between segments, and odd versions, are no damage: cameras leave them. */
    private static boolean isDamage(String warning) {
        String text = warning.toLowerCase(Locale.ROOT);
        return text.contains("premature end")
                || text.contains("inconsistent progression")
                || (text.startsWith("corrupt jpeg data") && !text.contains("extraneous bytes"));
    }

    static boolean begins(byte[] bytes, int from, int... magic) {
        for (int i = 0; i < magic.length; i++) {
            if (from + i >= bytes.length || (bytes[from + i] & 0xff) != magic[i]) {
                return false;
            }
        }
        return true;
    }

    static boolean begins(byte[] bytes, int from, String text) {
        return begins(bytes, from, text.chars().toArray());
    }

    /** An unsigned number of 16 bits, big-endian. */
    static int short16(byte[] bytes, int at) throws IOException {
        requireInside(bytes, at, 2);
        return ByteBuffer.wrap(bytes).getShort(at) & 0xffff;
    }

    static void requireInside(byte[] bytes, long at, long count) throws IOException {
        if (at + count > bytes.length) {
            throw new IOException("cut before its end");
        }
    }
}
