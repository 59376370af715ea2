package io.flm.data.raster;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The first frame of a GIF, animated or not, on its canvas. What the frame does not cover has the colour that is transparent or, where
 * none is, the first of the palette, as Pillow has it.
 */
public final class GifFile implements RasterFile {
    private static final int EXTENSION = '!';
    private static final int FRAME = ',';
    private static final int TRAILER = ';';
    private static final int GRAPHIC_CONTROL = 0xf9;
    private static final int[][] PASSES = {{0, 8}, {4, 8}, {2, 4}, {1, 2}}; // interlaced: first row, step

    private final FileBytes file;
    private int[] colors = greys();
    private int transparent;
    private int width;
    private int height;
    private int left;
    private int top;
    private int frameWidth;
    private int frameHeight;
    private boolean interlaced;
    private int symbolBits;
    private int pixelsAt; // where their blocks begin

    private GifFile(byte[] image) {
        this.file = new FileBytes(image, true);
    }

    /** Whether these are the first bytes of a GIF. */
    public static boolean isGif(byte[] image) {
        String magic = new String(image, 0, Math.min(6, image.length), StandardCharsets.ISO_8859_1);
        return magic.equals("GIF87a") || magic.equals("GIF89a");
    }

    /** Reads all before the pixels. */
    public static GifFile open(byte[] image) throws IOException {
        GifFile gif = new GifFile(image);
        gif.readHeader();
        return gif;
    }

    private void readHeader() throws IOException {
        width = file.u16(6);
        height = file.u16(8);
        int at = readPalette(13, file.u8(10));
        while (true) {
            int block = file.u8(at);
            if (block == FRAME) {
                readFrame(at + 1);
                return;
            }
            if (block == TRAILER) {
                throw new IOException("no pixels before its end");
            }
            at = block == EXTENSION ? afterExtension(at + 1) : at + 1; // other bytes are passed over, as Pillow does
        }
    }

    /** @return where the palette, if there is one, ends */
    private int readPalette(int at, int flags) throws IOException {
        if ((flags & 0x80) == 0) {
            return at;
        }
        int count = 2 << (flags & 7);
        file.requireInside(at, 3L * count);
        colors = new int[256]; // an index beyond the palette is black
        for (int i = 0; i < count; i++) {
            colors[i] = file.u8(at + 3L * i) << 16 | file.u8(at + 3L * i + 1) << 8 | file.u8(at + 3L * i + 2);
        }
        return at + 3 * count;
    }

    private static int[] greys() {
        int[] greys = new int[256];
        Arrays.setAll(greys, i -> 0x010101 * i);
        return greys;
    }

    private int afterExtension(int at) throws IOException {
        int size = file.u8(at + 1L);
        if (file.u8(at) == GRAPHIC_CONTROL && size >= 4 && (file.u8(at + 2L) & 1) != 0) {
            transparent = file.u8(at + 5L);
        }
        int block = at + 1;
        while (file.u8(block) != 0) {
            block += 1 + file.u8(block);
        }
        return block + 1;
    }

    private void readFrame(int at) throws IOException {
        left = file.u16(at);
        top = file.u16(at + 2);
        frameWidth = file.u16(at + 4);
        frameHeight = file.u16(at + 6);
        width = Math.max(width, left + frameWidth);
        height = Math.max(height, top + frameHeight);
        int flags = file.u8(at + 8);
        interlaced = (flags & 0x40) != 0;
        pixelsAt = readPalette(at + 9, flags) + 1;
        symbolBits = file.u8(pixelsAt - 1);
        if (frameWidth == 0 || frameHeight == 0 || symbolBits < 1 || symbolBits > 8) {
            throw new IOException("no valid frame: " + frameWidth + " x " + frameHeight + " pixels in codes of "
                    + symbolBits + " bits");
        }
    }

    @Override
    public int width() {
        return width;
    }

    @Override
    public int height() {
        return height;
    }

    /** The canvas, the frame's indices, and the codes in one piece. */
    @Override
    public long decodeBytes() {
        return 4L * width * height + (long) frameWidth * frameHeight + 2L * file.size();
    }

    @Override
    public int[] decode() throws IOException {
        byte[] codes = codes();
        byte[] indices = new byte[Math.multiplyExact(frameWidth, frameHeight)];
        int count = Lzw.ofGif(symbolBits).decode(codes, 0, codes.length, indices);
        if (count < indices.length) {
            throw new IOException("cut before its end: " + count + " of " + indices.length + " pixels");
        }
        int[] canvas = new int[Math.multiplyExact(width, height)];
        Arrays.fill(canvas, colors[transparent]);
        int from = 0;
        for (int[] pass : interlaced ? PASSES : new int[][] {{0, 1}}) {
            for (int y = pass[0]; y < frameHeight; y += pass[1]) {
                int to = (top + y) * width + left;
                for (int x = 0; x < frameWidth; x++) {
                    canvas[to + x] = colors[indices[from++] & 0xff];
                }
            }
        }
        return canvas;
    }

    /** The blocks of the pixels without the sizes before them. A last one that is cut may hold all that is needed. */
    private byte[] codes() throws IOException {
        ByteArrayOutputStream codes = new ByteArrayOutputStream();
        int at = pixelsAt;
        while (at < file.size() && file.u8(at) != 0) {
            int size = Math.min(file.u8(at), file.size() - at - 1);
            codes.write(file.bytes, at + 1, size);
            at += 1 + size;
        }
        return codes.toByteArray();
    }
}
