package io.flm.data.raster;

import java.io.IOException;
import java.util.Arrays;
import java.util.Set;

/** A BMP of Windows or OS/2: palettes of 1, 4 and 8 bits, colours of 16, 24 and 32, masks, and run lengths of 4 and 8 bits. */
public final class BmpFile implements RasterFile {
    private static final int FILE_HEADER = 14;
    private static final int OS2_HEADER = 12;
    private static final Set<Long> HEADERS = Set.of(12L, 40L, 52L, 56L, 64L, 108L, 124L);
    private static final int RAW = 0;
    private static final int RUNS_OF_8 = 1;
    private static final int RUNS_OF_4 = 2;
    private static final int MASKS = 3;

    private final FileBytes file;
    private int width;
    private int height;
    private boolean topDown;
    private int bits;
    private long compression;
    private int[] colors = new int[0];
    private int[] masks = new int[0]; // of red, green, blue
    private long pixelsAt;

    private BmpFile(byte[] image) {
        this.file = new FileBytes(image, true);
    }

    /** Whether these are the first bytes of a BMP; its two letters alone are found in texts, too. */
    public static boolean isBmp(byte[] image) throws IOException {
        return image.length >= FILE_HEADER + 4
                && image[0] == 'B'
                && image[1] == 'M'
                && HEADERS.contains(new FileBytes(image, true).u32(FILE_HEADER));
    }

    /** Reads all before the pixels. */
    public static BmpFile open(byte[] image) throws IOException {
        BmpFile bmp = new BmpFile(image);
        bmp.readHeader();
        return bmp;
    }

    private void readHeader() throws IOException {
        int header = (int) file.u32(FILE_HEADER);
        boolean old = header == OS2_HEADER;
        file.requireInside(FILE_HEADER, header);
        width = old ? file.u16(18) : (int) file.u32(18);
        int signed = old ? file.u16(20) : (int) file.u32(22);
        topDown = signed < 0;
        height = Math.abs(signed);
        bits = file.u16(old ? 24 : 28);
        compression = old ? RAW : file.u32(30);
        if (width < 1 || height < 1) { // Integer.MIN_VALUE stays below 0
            throw new IOException("no valid header: " + width + " x " + signed + " pixels");
        }
        requireRead();
        long at = (long) FILE_HEADER + header;
        if (compression == MASKS) {
            readMasks(FILE_HEADER + 40L); // behind the shortest header, in the longer ones
            at = Math.max(at, FILE_HEADER + 52L);
        } else if (bits == 16) {
            masks = new int[] {0x7c00, 0x3e0, 0x1f};
        } else {
            masks = new int[] {0xff0000, 0xff00, 0xff};
        }
        pixelsAt = file.u32(10);
        if (bits <= 8) {
            at = readPalette(at, old ? 3 : 4, old ? 0 : file.u32(46));
        }
        if (pixelsAt == 0) { // not said
            pixelsAt = at;
        }
        if (compression == RAW || compression == MASKS) {
            file.requireInside(pixelsAt, (height - 1) * rowBytes() + ((long) width * bits + 7) / 8);
        }
    }

    private void requireRead() throws IOException {
        boolean plain = bits == 1 || bits == 4 || bits == 8 || bits == 16 || bits == 24 || bits == 32;
        boolean isRead = compression == RAW
                ? plain
                : compression == RUNS_OF_8
                        ? bits == 8
                        : compression == RUNS_OF_4
                                ? bits == 4
                                : compression == MASKS && (bits == 16 || bits == 24 || bits == 32);
        if (!isRead) {
            throw new UnreadException("BMP of " + bits + " bits in compression " + compression);
        }
    }

    private void readMasks(long at) throws IOException {
        int[] said = {(int) file.u32(at), (int) file.u32(at + 4), (int) file.u32(at + 8)};
        boolean isRead = bits == 16
                ? Arrays.equals(said, new int[] {0xf800, 0x7e0, 0x1f})
                        || Arrays.equals(said, new int[] {0x7c00, 0x3e0, 0x1f})
                : bits == 24
                        ? Arrays.equals(said, new int[] {0xff0000, 0xff00, 0xff})
                        : Arrays.stream(said).allMatch(BmpFile::isByte);
        if (!isRead && !(bits == 32 && Arrays.equals(said, new int[3]))) {
            throw new UnreadException(
                    String.format("BMP of %d bits with masks %x, %x, %x", bits, said[0], said[1], said[2]));
        }
        masks = isRead ? said : new int[] {0xff0000, 0xff00, 0xff}; // none said: the usual ones
    }

    private static boolean isByte(int mask) {
        return mask == 0xff || mask == 0xff00 || mask == 0xff0000 || mask == 0xff000000;
    }

    private long readPalette(long at, int entryBytes, long said) throws IOException {
        long count = said == 0 ? 1L << bits : said;
        if (count > 65536) {
            throw new IOException("a palette of " + count + " colours");
        }
        file.requireInside(at, count * entryBytes);
        colors = new int[256]; // an index beyond the palette is black
        for (int i = 0; i < Math.min(256, count); i++) {
            long entry = at + (long) i * entryBytes;
            colors[i] = file.u8(entry + 2) << 16 | file.u8(entry + 1) << 8 | file.u8(entry);
        }
        return at + count * entryBytes;
    }

    /** Rows begin at multiples of four bytes. */
    private long rowBytes() {
        return ((long) width * bits + 31) / 32 * 4;
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
        return (compression == RAW || compression == MASKS ? 4L : 5L) * width * height + file.size();
    }

    @Override
    public int[] decode() throws IOException {
        int[] rgb = new int[Math.multiplyExact(width, height)];
        byte[] indices = compression == RUNS_OF_8 || compression == RUNS_OF_4 ? runs() : new byte[0];
        for (int y = 0; y < height; y++) {
            int to = (topDown ? y : height - 1 - y) * width;
            if (indices.length > 0) {
                for (int x = 0; x < width; x++) {
                    rgb[to + x] = colors[indices[y * width + x] & 0xff];
                }
            } else {
                readRow(pixelsAt + y * rowBytes(), rgb, to);
            }
        }
        return rgb;
    }

    private void readRow(long at, int[] rgb, int to) throws IOException {
        for (int x = 0; x < width; x++) {
            rgb[to + x] = switch (bits) {
                case 16 -> spread(file.u16(at + 2L * x));
                case 24 -> file.u8(at + 3L * x + 2) << 16 | file.u16(at + 3L * x);
                case 32 -> masked((int) file.u32(at + 4L * x));
                default -> {
                    int inByte = 8 / bits;
                    int shift = 8 - bits - x % inByte * bits;
                    yield colors[file.u8(at + x / inByte) >> shift & ((1 << bits) - 1)];
                }
            };
        }
    }

    /** 5 or 6 bits of a colour to 8. */
    private int spread(int value) {
        int rgb = 0;
        for (int mask : masks) {
            int most = mask >>> Integer.numberOfTrailingZeros(mask);
            rgb = rgb << 8 | ((value & mask) >>> Integer.numberOfTrailingZeros(mask)) * 255 / most;
        }
        return rgb;
    }

    private int masked(int value) {
        int rgb = 0;
        for (int mask : masks) {
            rgb = rgb << 8 | (value & mask) >>> Integer.numberOfTrailingZeros(mask);
        }
        return rgb;
    }

    /** Indices of a picture in run lengths, in the order of the file; what is passed over has index 0. */
    private byte[] runs() throws IOException {
        boolean four = compression == RUNS_OF_4;
        byte[] indices = new byte[Math.multiplyExact(width, height)];
        long at = pixelsAt;
        int x = 0;
        int y = 0;
        while (y < height && !(y == height - 1 && x == width)) {
            int count = file.u8(at);
            int value = file.u8(at + 1);
            at += 2;
            if (count > 0) {
                requireRoom(x, count, at);
                for (int i = 0; i < count; i++) {
                    indices[y * width + x++] = (byte) (four ? i % 2 == 0 ? value >> 4 : value & 15 : value);
                }
            } else if (value == 0) {
                x = 0;
                y++;
            } else if (value == 1) {
                throw new IOException("its pixels end in row " + y + " of " + height);
            } else if (value == 2) {
                x += file.u8(at);
                y += file.u8(at + 1);
                at += 2;
                requireRoom(x, 0, at);
            } else {
                requireRoom(x, value, at);
                for (int i = 0; i < value; i++) {
                    int pair = four ? file.u8(at + i / 2) : 0;
                    indices[y * width + x++] = (byte) (four ? i % 2 == 0 ? pair >> 4 : pair & 15 : file.u8(at + i));
                }
                int size = four ? (value + 1) / 2 : value;
                at += size + (size & 1);
            }
        }
        return indices;
    }

    private void requireRoom(int x, int count, long at) throws IOException {
        if (x + count > width) {
            throw new IOException("a run of pixels that passes the end of its row at byte " + at);
        }
    }
}
