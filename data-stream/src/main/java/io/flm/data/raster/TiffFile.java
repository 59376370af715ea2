package io.flm.data.raster;

import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * The first page of a TIFF, in strips or tiles, with pixels or planes one after the other, plain or packed by LZW, Deflate or PackBits:
 * grey, palettes, RGB and CMYK. JPEG and fax codes in it, YCbCr, Lab and numbers with a point are not read.
 */
public final class TiffFile implements RasterFile {
    private static final int WIDTH = 256;
    private static final int HEIGHT = 257;
    private static final int BITS = 258;
    private static final int COMPRESSION = 259;
    private static final int PHOTOMETRIC = 262;
    private static final int FILL_ORDER = 266;
    private static final int STRIP_OFFSETS = 273;
    private static final int ORIENTATION = 274;
    private static final int SAMPLES = 277;
    private static final int STRIP_ROWS = 278;
    private static final int STRIP_BYTES = 279;
    private static final int PLANES = 284;
    private static final int PREDICTOR = 317;
    private static final int COLOR_MAP = 320;
    private static final int TILE_WIDTH = 322;
    private static final int TILE_HEIGHT = 323;
    private static final int TILE_OFFSETS = 324;
    private static final int TILE_BYTES = 325;
    private static final int EXTRA_SAMPLES = 338;
    private static final int SAMPLE_FORMAT = 339;

    private static final int RAW = 1;
    private static final int LZW = 5;
    private static final int DEFLATE = 8;
    private static final int OLD_DEFLATE = 32946;
    private static final int PACK_BITS = 32773;
    private static final Map<Integer, String> NOT_READ = Map.of(
            2,
            "fax codes",
            3,
            "fax codes",
            4,
            "fax codes",
            6,
            "JPEG",
            7,
            "JPEG",
            34925,
            "LZMA",
            50000,
            "zstd",
            50001,
            "WebP");
    private static final int MOST_SAMPLES = 8;

    private final FileBytes file;
    private final TiffTags tags;
    private final int width;
    private final int height;
    private final int compression;
    private final boolean planar;
    private final boolean differences;
    private final TiffPixels pixels;
    private final boolean tiled;
    private final long chunkWidth; // of a strip or tile, pixels
    private final long chunkHeight;

    private TiffFile(FileBytes file) throws IOException {
        this.file = file;
        this.tags = new TiffTags(file);
        this.width = tags.number(WIDTH, 0);
        this.height = tags.number(HEIGHT, 0);
        this.compression = tags.number(COMPRESSION, RAW);
        this.planar = tags.number(PLANES, 1) == 2;
        this.differences = compression != RAW && compression != PACK_BITS && tags.number(PREDICTOR, 1) != 1;
        this.pixels = pixels();
        this.tiled = !tags.has(STRIP_OFFSETS);
        this.chunkWidth = tiled ? tags.number(TILE_WIDTH, 0) : width;
        this.chunkHeight = tiled ? tags.number(TILE_HEIGHT, 0) : Math.min(height, tags.number(STRIP_ROWS, height));
    }

    /** Whether these are the first bytes of a TIFF. */
    public static boolean isTiff(byte[] image) throws IOException {
        return image.length >= 4
                && ((image[0] == 'I' && image[1] == 'I') || (image[0] == 'M' && image[1] == 'M'))
                && (bytes(image).u16(2) == 42 || bytes(image).u16(2) == 43);
    }

    private static FileBytes bytes(byte[] image) {
        return new FileBytes(image, image[0] == 'I');
    }

    /** Reads the directory. */
    public static TiffFile open(byte[] image) throws IOException {
        FileBytes file = bytes(image);
        if (file.u16(2) == 43) {
            throw new UnreadException("BigTIFF");
        }
        TiffFile tiff = new TiffFile(file);
        tiff.requireRead();
        tiff.requireWhole();
        return tiff;
    }

    private TiffPixels pixels() throws IOException {
        int photometric = tags.number(PHOTOMETRIC, TiffPixels.WHITE_IS_ZERO);
        int bits = tags.number(BITS, 1);
        int samples = tags.number(SAMPLES, 1);
        int colours = TiffPixels.colours(photometric);
        if (samples < colours || samples > MOST_SAMPLES) {
            throw new IOException(samples + " samples for " + colours + " colours");
        }
        for (int i = 1; i < Math.min(samples, tags.count(BITS)); i++) {
            if (tags.number(BITS, i, bits) != bits) {
                throw new UnreadException(
                        "TIFF of samples of " + bits + " and " + tags.number(BITS, i, bits) + " bits");
            }
        }
        int extra = samples == colours ? -1 : tags.number(EXTRA_SAMPLES, 2);
        return new TiffPixels(photometric, bits, samples, extra, palette(photometric, bits));
    }

    private int[] palette(int photometric, int bits) throws IOException {
        if (photometric != TiffPixels.PALETTE || bits > 8) {
            return new int[0];
        }
        int count = 1 << bits;
        if (!tags.has(COLOR_MAP)) {
            throw new IOException("no palette");
        }
        int[] palette = new int[256];
        for (int i = 0; i < count; i++) { // all reds, all greens, all blues, of 16 bits
            for (int band = 0; band < 3; band++) {
                palette[i] = palette[i] << 8 | ((int) tags.number(COLOR_MAP, band * count + i, 0) >> 8 & 0xff);
            }
        }
        return palette;
    }

    private void requireRead() throws IOException {
        if (compression != RAW
                && compression != LZW
                && compression != DEFLATE
                && compression != OLD_DEFLATE
                && compression != PACK_BITS) {
            throw new UnreadException("TIFF packed by " + NOT_READ.getOrDefault(compression, "method " + compression));
        }
        for (int i = 0; i < Math.min(pixels.samples(), tags.count(SAMPLE_FORMAT)); i++) {
            if (tags.number(SAMPLE_FORMAT, i, 1) != 1) {
                throw new UnreadException("TIFF of numbers that are signed or have a point");
            }
        }
        if (tags.number(FILL_ORDER, 1) != 1) {
            throw new UnreadException("TIFF of reversed bits");
        }
        if (differences && (tags.number(PREDICTOR, 1) != 2 || pixels.bits() < 8)) {
            throw new UnreadException(
                    "TIFF of predictor " + tags.number(PREDICTOR, 1) + " with " + pixels.bits() + " bits");
        }
        pixels.requireRead();
    }

    /** Whether the directory says where all strips or tiles are. */
    private void requireWhole() throws IOException {
        if (width < 1 || height < 1 || chunkWidth < 1 || chunkHeight < 1) {
            throw new IOException("no valid directory: " + width + " x " + height + " pixels in parts of " + chunkWidth
                    + " x " + chunkHeight);
        }
        // All parts together, so that large tiles of a narrow picture cost no hours.
        double unpackedBytes = (double) across() * down() * chunkHeight * rowBytes();
        if (Math.max((double) width * height, unpackedBytes) > Integer.MAX_VALUE) {
            throw new IOException(width + " x " + height + " pixels in parts of " + chunkWidth + " x " + chunkHeight
                    + " are too many");
        }
        long chunks = across() * down() * (planar ? pixels.samples() : 1);
        long offsets = tags.count(tiled ? TILE_OFFSETS : STRIP_OFFSETS);
        long sizes = tags.count(tiled ? TILE_BYTES : STRIP_BYTES);
        if (offsets < chunks || (compression != RAW && sizes < chunks)) {
            throw new IOException("no valid directory: of " + chunks + " parts it tells the places of " + offsets
                    + " and the sizes of " + sizes);
        }
        long packedBytes = 0;
        for (long chunk = 0; chunk < chunks; chunk++) {
            if (compression == RAW) {
                file.requireInside(offset(chunk), rows(chunk) * rowBytes());
            } else {
                packedBytes += size(chunk);
            }
        }
        if (packedBytes > 2L * file.size()) { // or a small file, whose parts are one another, costs hours
            throw new IOException("no valid directory: its " + chunks + " parts have " + packedBytes
                    + " bytes together, and the file " + file.size());
        }
    }

    private long across() {
        return (width + chunkWidth - 1) / chunkWidth;
    }

    private long down() {
        return (height + chunkHeight - 1) / chunkHeight;
    }

    private long offset(long chunk) throws IOException {
        return tags.number(tiled ? TILE_OFFSETS : STRIP_OFFSETS, chunk, 0);
    }

    private long size(long chunk) throws IOException {
        return tags.number(tiled ? TILE_BYTES : STRIP_BYTES, chunk, 0);
    }

    /** Rows of a strip or tile: the last strip has what is left, the last tiles are whole. */
    private long rows(long chunk) {
        long y = chunk / across() % down() * chunkHeight;
        return tiled ? chunkHeight : Math.min(chunkHeight, height - y);
    }

    /** Of a strip or tile, of one plane. */
    private long rowBytes() {
        return (chunkWidth * pixels.bits() * (planar ? 1 : pixels.samples()) + 7) / 8;
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
    public int orientation() {
        try {
            int said = tags.number(ORIENTATION, 1);
            return said >= 1 && said <= 8 ? said : 1;
        } catch (IOException e) { // leads nowhere: as if nothing was said
            return 1;
        }
    }

    /** The pixels, and an unpacked strip or tile. */
    @Override
    public long decodeBytes() {
        return 4L * width * height + (compression == RAW ? 0 : chunkHeight * rowBytes()) + file.size();
    }

    @Override
    public int[] decode() throws IOException {
        int[] rgb = new int[Math.multiplyExact(width, height)];
        long chunksOfPlane = across() * down();
        for (int plane = 0; plane < (planar ? Math.min(4, pixels.samples()) : 1); plane++) {
            for (long chunk = 0; chunk < chunksOfPlane; chunk++) {
                readChunk(plane * chunksOfPlane + chunk, plane, rgb);
            }
        }
        pixels.colour(rgb);
        return rgb;
    }

    private void readChunk(long chunk, int plane, int[] rgb) throws IOException {
        int left = (int) (chunk % across() * chunkWidth);
        int top = (int) (chunk / across() % down() * chunkHeight);
        FileBytes rows = file;
        long at = offset(chunk);
        if (compression != RAW) {
            rows = new FileBytes(unpacked(chunk), file.isLittle());
            at = 0;
        }
        int columns = (int) Math.min(chunkWidth, width - left);
        for (int y = top; y < Math.min(height, top + chunkHeight); y++, at += rowBytes()) {
            pixels.add(rows, (int) at, plane, planar, rgb, y * width + left, columns);
        }
    }

    private byte[] unpacked(long chunk) throws IOException {
        long from = offset(chunk);
        long size = size(chunk);
        file.requireInside(from, size);
        int start = (int) from;
        int end = (int) (from + size);
        byte[] rows = new byte[Math.toIntExact(rows(chunk) * rowBytes())];
        int count = switch (compression) {
            case LZW -> lzw(start, end, rows);
            case PACK_BITS -> packBits(start, end, rows);
            default -> inflated(start, end, rows);
        };
        if (count < rows.length) {
            throw new IOException("cut before its end: " + count + " of " + rows.length + " bytes of part " + chunk);
        }
        if (differences) {
            summed(rows);
        }
        return rows;
    }

    private int lzw(int from, int to, byte[] rows) throws IOException {
        if (to - from >= 2 && file.u8(from) == 0 && (file.u8(from + 1L) & 1) != 0) {
            throw new UnreadException("TIFF of before 1992, packed by its LZW,");
        }
        return Lzw.ofTiff().decode(file.bytes, from, to, rows);
    }

    private int inflated(int from, int to, byte[] rows) throws IOException {
        Inflater inflater = new Inflater();
        try {
            inflater.setInput(file.bytes, from, to - from);
            int count = 0;
            while (count < rows.length) {
                int more = inflater.inflate(rows, count, rows.length - count);
                if (more == 0) {
                    break;
                }
                count += more;
            }
            return count;
        } catch (DataFormatException e) {
            throw new IOException("its compressed pixels are damaged: " + e.getMessage(), e);
        } finally {
            inflater.end();
        }
    }

    /** A number n, and n + 1 bytes as they are, or one byte 1 - n times. */
    private int packBits(int from, int to, byte[] rows) throws IOException {
        int count = 0;
        int at = from;
        while (at < to && count < rows.length) {
            int n = file.bytes[at++];
            int room = rows.length - count;
            if (n >= 0) {
                int plain = Math.min(Math.min(n + 1, room), to - at);
                System.arraycopy(file.bytes, at, rows, count, plain);
                count += plain;
                at += n + 1;
            } else if (n != -128 && at < to) {
                int same = Math.min(1 - n, room);
                Arrays.fill(rows, count, count + same, file.bytes[at++]);
                count += same;
            }
        }
        return count;
    }

    /** Samples were stored as differences to those of the pixel to the left. */
    private void summed(byte[] rows) {
        int step = planar ? 1 : pixels.samples();
        int rowBytes = (int) rowBytes();
        for (int row = 0; row < rows.length; row += rowBytes) {
            if (pixels.bits() == 8) {
                for (int i = row + step; i < row + rowBytes; i++) {
                    rows[i] += rows[i - step];
                }
                continue;
            }
            int low = file.isLittle() ? 0 : 1;
            for (int i = row + 2 * step; i < row + rowBytes; i += 2) {
                int before = i - 2 * step;
                int sum = (rows[i + low] & 0xff) + (rows[before + low] & 0xff);
                rows[i + low] = (byte) sum;
                rows[i + 1 - low] += (byte) (rows[before + 1 - low] + (sum >> 8));
            }
        }
    }
}
