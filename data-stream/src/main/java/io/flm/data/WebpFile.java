package io.flm.data;

import java.awt.image.BufferedImage;
import java.awt.image.DataBufferInt;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * A WebP whose parts fit each other. Its pixels are libwebp's own. Of an animation the first frame is taken, on black where it
 * does not cover the canvas.
 *
 * <p>libwebp gets the chunk of the pixels as a file of its own. In the whole file it would read on, past the chunk's end, where
 * the chunk is damaged; and a second chunk would hold alpha, which is dropped.
 */
final class WebpFile implements Codecs.Encoded {
    private static final int IS_ANIMATED = 2;

    /** A chunk: its data are {@code sizeBytes} bytes from {@code from} on. */
    private record Chunk(String name, int from, int sizeBytes) {
        long next() {
            return from + sizeBytes + (sizeBytes & 1L);
        }

        boolean isPixels() {
            return name.equals("VP8 ") || name.equals("VP8L");
        }
    }

    /** A frame, and where it lies on the canvas. */
    private record Frame(Chunk pixels, int left, int top, int width, int height) {}

    private final byte[] image;
    private final int width;
    private final int height;
    private final Frame frame;
    private final int orientation;

    private WebpFile(byte[] image, int width, int height, Frame frame, int orientation) {
        this.image = image;
        this.width = width;
        this.height = height;
        this.frame = frame;
        this.orientation = orientation;
    }

    static WebpFile open(byte[] image) throws IOException {
        long stated = 8 + (little(image, 4, 4) & 0xffffffffL);
        Codecs.requireInside(image, 0, stated);
        int end = (int) stated;
        Chunk first = chunk(image, 12, end);
        if (!first.name.equals("VP8X")) {
            Frame frame = frame(image, first, 0, 0);
            return new WebpFile(image, frame.width, frame.height, frame, 1);
        }
        if (first.sizeBytes < 10) {
            throw new IOException("no valid header");
        }
        boolean animated = (image[first.from] & IS_ANIMATED) != 0;
        int width = 1 + little(image, first.from + 4, 3);
        int height = 1 + little(image, first.from + 7, 3);
        Frame frame = null;
        Orientation orientation = new Orientation();
        for (long at = first.next(); at < end; ) {
            Chunk chunk = chunk(image, (int) at, end);
            if (frame == null && chunk.isPixels() && !animated) {
                frame = frame(image, chunk, 0, 0);
                requireSize(frame, width, height);
            } else if (frame == null && chunk.name.equals("ANMF") && animated) {
                frame = firstOfAnimation(image, chunk);
            } else if (chunk.name.equals("EXIF")) {
                orientation.exif(image, chunk.from, chunk.from + chunk.sizeBytes);
            } else if (chunk.name.equals("XMP ")) {
                orientation.xmp(image, chunk.from, chunk.from + chunk.sizeBytes);
            }
            at = chunk.next();
        }
        if (frame == null) {
            throw new IOException("no pixels before its end");
        }
        if ((long) frame.left + frame.width > width || (long) frame.top + frame.height > height) {
            throw new IOException("its first frame is larger than its canvas");
        }
        return new WebpFile(image, width, height, frame, orientation.value());
    }

    private static Frame firstOfAnimation(byte[] image, Chunk chunk) throws IOException {
        if (chunk.sizeBytes < 16) {
            throw new IOException("no valid frame");
        }
        int end = chunk.from + chunk.sizeBytes;
        for (long at = chunk.from + 16L; at < end; ) {
            Chunk part = chunk(image, (int) at, end);
            if (part.isPixels()) {
                Frame frame =
                        frame(image, part, 2 * little(image, chunk.from, 3), 2 * little(image, chunk.from + 3, 3));
                requireSize(frame, 1 + little(image, chunk.from + 6, 3), 1 + little(image, chunk.from + 9, 3));
                return frame;
            }
            at = part.next();
        }
        throw new IOException("its first frame has no pixels");
    }

    private static void requireSize(Frame frame, int width, int height) throws IOException {
        if (frame.width != width || frame.height != height) {
            throw new IOException("its header says " + width + " x " + height + " pixels, its frame " + frame.width
                    + " x " + frame.height);
        }
    }

    private static Chunk chunk(byte[] image, int at, int end) throws IOException {
        int size = at + 8 > end ? -1 : little(image, at + 4, 4);
        if (size < 0 || at + 8L + size > end) {
            throw new IOException("cut before its end");
        }
        return new Chunk(new String(image, at, 4, StandardCharsets.ISO_8859_1), at + 8, size);
    }

    /** With the width and height that the frame itself states. */
    private static Frame frame(byte[] image, Chunk pixels, int left, int top) throws IOException {
        int at = pixels.from;
        if (pixels.name.equals("VP8 ") && pixels.sizeBytes >= 10 && Codecs.begins(image, at + 3, 0x9d, 1, 0x2a)) {
            return new Frame(pixels, left, top, little(image, at + 6, 2) & 0x3fff, little(image, at + 8, 2) & 0x3fff);
        }
        if (pixels.name.equals("VP8L") && pixels.sizeBytes >= 5 && image[at] == 0x2f) {
            int bits = little(image, at + 1, 4);
            return new Frame(pixels, left, top, 1 + (bits & 0x3fff), 1 + (bits >> 14 & 0x3fff));
        }
        throw new IOException("no valid frame");
    }

    private static int little(byte[] bytes, int at, int count) throws IOException {
        Codecs.requireInside(bytes, at, count);
        int value = 0;
        for (int i = 0; i < count; i++) {
            value |= (bytes[at + i] & 0xff) << (8 * i);
        }
        return value;
    }

    @Override
    public PictureFormat format() {
        return PictureFormat.WEBP;
    }

    @Override
    public int width() {
        return width;
    }

    @Override
    public int height() {
        return height;
    }

    /** The pixels, of 4 bytes; of a lossless picture the same once more, inside of libwebp; the canvas of an animation. */
    @Override
    public long decodeBytes() {
        long pixels = 4L * frame.width * frame.height;
        long canvas = coversCanvas() ? 0 : 4L * width * height;
        return 3L * frame.pixels.sizeBytes + (frame.pixels.name.equals("VP8L") ? 2 : 1) * pixels + canvas;
    }

    @Override
    public int orientation() {
        return orientation;
    }

    @Override
    public Picture decode() throws IOException {
        WebpLibrary.load();
        BufferedImage decoded = Codecs.read("webp", file(), reader -> reader.read(0));
        int[] values = ((DataBufferInt) decoded.getRaster().getDataBuffer()).getData();
        if (coversCanvas()) {
            return Picture.of(width, height, Picture.ofInts(values, width));
        }
        int[] canvas = new int[Math.multiplyExact(width, height)];
        for (int y = 0; y < frame.height; y++) {
            System.arraycopy(values, y * frame.width, canvas, (frame.top + y) * width + frame.left, frame.width);
        }
        return Picture.of(width, height, Picture.ofInts(canvas, width));
    }

    private boolean coversCanvas() {
        return frame.width == width && frame.height == height;
    }

    /** The frame as a file. */
    private byte[] file() {
        int size = frame.pixels.sizeBytes;
        ByteBuffer file = ByteBuffer.allocate(20 + size + (size & 1)).order(ByteOrder.LITTLE_ENDIAN);
        file.put(ascii("RIFF")).putInt(file.capacity() - 8).put(ascii("WEBP"));
        file.put(ascii(frame.pixels.name)).putInt(size).put(image, frame.pixels.from, size);
        return file.array();
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
