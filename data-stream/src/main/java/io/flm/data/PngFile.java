package io.flm.data;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * A PNG whose checksums are right: the JDK's decoder looks at none. It gets the chunks that make pixels, no others, so that a
 * strange text, profile or time is not in its way.
 */
final class PngFile implements Codecs.Encoded {
    private static final int HEADER = 13;
    private static final int[] BANDS = {1, 0, 3, 1, 2, 0, 4}; // by colour type
    private static final int PALETTE = 3;
    private static final int[][] PASSES = { // Adam7: first column and row, steps between them
        {0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}
    };

    private final byte[] pixelChunks;
    private final List<Range> pixels;
    private final int width;
    private final int height;
    private final int bitsPerPixel;
    private final boolean interlaced;
    private final int orientation;

    /** Where the compressed rows lie in {@code pixelChunks}. */
    private record Range(int from, int sizeBytes) {}

    private PngFile(
            byte[] pixelChunks,
            List<Range> pixels,
            int width,
            int height,
            int bitsPerPixel,
            boolean interlaced,
            int orientation) {
        this.pixelChunks = pixelChunks;
        this.pixels = pixels;
        this.interlaced = interlaced;
        this.width = width;
        this.height = height;
        this.bitsPerPixel = bitsPerPixel;
        this.orientation = orientation;
    }

    static PngFile open(byte[] image) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(image);
        if (!Codecs.begins(image, 4, '\r', '\n', 0x1a, '\n') || !Codecs.begins(image, 12, 'I', 'H', 'D', 'R')) {
            throw new IOException("no PNG header");
        }
        Codecs.requireInside(image, 8, 12 + HEADER);
        int width = bytes.getInt(16);
        int height = bytes.getInt(20);
        int depth = image[24];
        int type = image[25];
        int interlace = image[28];
        requireHeader(width, height, depth, type, image[26], image[27], interlace);
        ByteArrayOutputStream kept = new ByteArrayOutputStream(image.length);
        kept.write(image, 0, 8);
        int bitsPerPixel = BANDS[type] * depth;
        List<Range> pixels = new ArrayList<>();
        Orientation orientation = new Orientation();
        int at = 8;
        String before = "";
        while (at < image.length) {
            Codecs.requireInside(image, at, 12);
            int size = bytes.getInt(at);
            Codecs.requireInside(image, at, 12L + (size & 0xffffffffL));
            String name = new String(image, at + 4, 4, StandardCharsets.ISO_8859_1);
            requireChecksum(image, at, size, name);
            if (name.equals("IEND")) { // may be missing: the pixels can be whole then, too
                break;
            } else if (name.equals("IHDR")) {
                put(kept, name, image, at + 8, HEADER, HEADER);
            } else if (name.equals("PLTE") && type == PALETTE) { // with other types a hint to small displays
                put(kept, name, image, at + 8, size, 3 << depth); // indices beyond it are black
            } else if (name.equals("IDAT")) {
                if (!pixels.isEmpty() && !before.equals("IDAT")) {
                    throw new IOException("its IDAT chunks do not follow each other");
                }
                pixels.add(new Range(kept.size() + 8, size));
                kept.write(image, at, 12 + size);
            } else if (name.equals("eXIf")) {
                orientation.exif(image, at + 8, at + 8 + size);
            } else if (name.equals("iTXt") && Codecs.begins(image, at + 8, "XML:com.adobe.xmp")) {
                orientation.xmp(image, at + 8, at + 8 + size);
            }
            before = name;
            at += 12 + size;
        }
        put(kept, "IEND", image, 0, 0, 0);
        return new PngFile(
                kept.toByteArray(), pixels, width, height, bitsPerPixel, interlace == 1, orientation.value());
    }

    private static void requireHeader(
            int width, int height, int depth, int type, int compression, int filter, int interlace) throws IOException {
        boolean depthFits = type == 0
                ? depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16
                : type == PALETTE
                        ? depth == 1 || depth == 2 || depth == 4 || depth == 8
                        : (type == 2 || type == 4 || type == 6) && (depth == 8 || depth == 16);
        if (width < 1
                || height < 1
                || !depthFits
                || compression != 0
                || filter != 0
                || interlace < 0
                || interlace > 1) {
            throw new IOException("no valid PNG header: " + width + " x " + height + " pixels, colour type " + type
                    + ", depth " + depth);
        }
    }

    private static void requireChecksum(byte[] image, int at, int size, String name) throws IOException {
        CRC32 crc = new CRC32();
        crc.update(image, at + 4, 4 + size);
        if ((int) crc.getValue() != ByteBuffer.wrap(image).getInt(at + 8 + size)) {
            throw new IOException("wrong checksum in chunk " + name.replaceAll("[^A-Za-z]", "?") + " at byte " + at);
        }
    }

    /** Writes a chunk whose content is cut or filled up with zeros to {@code newSize} bytes. */
    private static void put(ByteArrayOutputStream to, String name, byte[] image, int from, int size, int newSize) {
        ByteBuffer chunk = ByteBuffer.allocate(12 + newSize);
        chunk.putInt(newSize).put(name.getBytes(StandardCharsets.US_ASCII)).put(image, from, Math.min(size, newSize));
        CRC32 crc = new CRC32();
        crc.update(chunk.array(), 4, 4 + newSize);
        chunk.putInt(8 + newSize, (int) crc.getValue());
        to.write(chunk.array(), 0, 12 + newSize);
    }

    /** Bytes of all rows, each with the byte of its filter. */
    private static long rawBytes(int width, int height, int bitsPerPixel, boolean interlaced) {
        if (!interlaced) {
            return rawBytes(width, height, bitsPerPixel);
        }
        long sum = 0;
        for (int[] pass : PASSES) {
            long columns = ((long) width - pass[0] + pass[2] - 1) / pass[2];
            long rows = ((long) height - pass[1] + pass[3] - 1) / pass[3];
            sum += columns > 0 && rows > 0 ? rawBytes(columns, rows, bitsPerPixel) : 0;
        }
        return sum;
    }

    private static long rawBytes(long width, long height, int bitsPerPixel) {
        return height * (1 + (width * bitsPerPixel + 7) / 8);
    }

    /** Inflates the rows and throws them away: whether there are enough of them, and whether their checksum is right. */
    private void requireWholePixels() throws IOException {
        long expectedBytes = rawBytes(width, height, bitsPerPixel, interlaced);
        byte[] scratch = new byte[1 << 14];
        Inflater inflater = new Inflater();
        try {
            for (Range range : pixels) {
                inflater.setInput(pixelChunks, range.from, range.sizeBytes);
                while (!inflater.finished() && inflater.getBytesWritten() <= expectedBytes) {
                    if (inflater.inflate(scratch) == 0) {
                        break; // the next chunk goes on
                    }
                }
            }
            if (inflater.getBytesWritten() < expectedBytes) {
                throw new IOException("cut before its end: " + inflater.getBytesWritten() + " of " + expectedBytes
                        + " bytes of pixels");
            }
        } catch (DataFormatException e) {
            throw new IOException("its compressed pixels are damaged: " + e.getMessage(), e);
        } finally {
            inflater.end();
        }
    }

    @Override
    public PictureFormat format() {
        return PictureFormat.PNG;
    }

    @Override
    public int width() {
        return width;
    }

    @Override
    public int height() {
        return height;
    }

    @Override
    public long decodeBytes() {
        return 2L * pixelChunks.length + height * ((width * (long) bitsPerPixel + 7) / 8);
    }

    @Override
    public int orientation() {
        return orientation;
    }

    @Override
    public Picture decode() throws IOException {
        requireWholePixels();
        BufferedImage decoded = Codecs.read("png", pixelChunks, reader -> reader.read(0));
        return Picture.of(width, height, Picture.of(decoded));
    }
}
