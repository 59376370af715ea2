package io.flm.data;

import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * A JPEG that is there from its first to its last marker. The decoder makes up what is missing; it is not asked to.
 *
 * <p>The JDK's decoder gets the segments that make pixels and one that names the colours, found by libjpeg's rules. Left to
 * itself, it would guess them by rules of its own, apply profiles, and refuse pictures for what is in their other segments.
 */
final class JpegFile implements Codecs.Encoded {
    private static final int SOF0 = 0xc0;
    private static final int SOF2 = 0xc2; // progressive
    private static final int DHT = 0xc4;
    private static final int JPG = 0xc8;
    private static final int DAC = 0xcc;
    private static final int RST0 = 0xd0;
    private static final int RST7 = 0xd7;
    private static final int EOI = 0xd9;
    private static final int SOS = 0xda;
    private static final int DQT = 0xdb;
    private static final int DRI = 0xdd;
    private static final int APP0 = 0xe0;
    private static final int APP1 = 0xe1;
    private static final int APP14 = 0xee;

    /** Encoders write about ten; each costs the time of a whole picture, in a few bytes if it wants. */
    private static final int MOST_SCANS = 50;

    private static final byte[] JFIF = {
        (byte) 0xff, (byte) APP0, 0, 16, 'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0
    };
    private static final byte[] ADOBE = {
        (byte) 0xff, (byte) APP14, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, 0
    };

    private final byte[] image;
    private final ByteArrayOutputStream tables = new ByteArrayOutputStream();
    private int frame;
    private int width;
    private int height;
    private int[] ids = new int[0];
    private int[] sampling = new int[0];
    private boolean jfif;
    private int adobe = -1;
    private final Orientation orientation = new Orientation();
    private int firstScan;
    private int end;
    private boolean severalScans;

    private JpegFile(byte[] image) {
        this.image = image;
    }

    static JpegFile open(byte[] image) throws IOException {
        JpegFile file = new JpegFile(image);
        file.readHeader();
        file.readScans();
        return file;
    }

    /** All segments before the first scan. */
    private void readHeader() throws IOException {
        int at = marker(2);
        while (code(at) != SOS) {
            int code = code(at);
            if (code == EOI) {
                throw new IOException("no pixels before its end");
            }
            if (standsAlone(code)) {
                at = marker(at + 2);
                continue;
            }
            int size = segmentSize(at);
            int from = at + 4;
            int to = at + 2 + size;
            if (code >= SOF0 && code <= 0xcf && code != DHT && code != JPG && code != DAC) {
                readFrame(code, from, to);
                tables.write(image, at, 2 + size);
            } else if (code == DQT || code == DHT || code == DRI) {
                tables.write(image, at, 2 + size);
            } else if (code == APP0 && to - from >= 14 && Codecs.begins(image, from, 'J', 'F', 'I', 'F', 0)) {
                jfif = true;
            } else if (code == APP14 && to - from >= 12 && Codecs.begins(image, from, 'A', 'd', 'o', 'b', 'e')) {
                adobe = image[from + 11] & 0xff;
            } else if (code == APP1 && Codecs.begins(image, from, 'E', 'x', 'i', 'f', 0, 0)) {
                orientation.exif(image, from, to);
            } else if (code == APP1 && Codecs.begins(image, from, "http://ns.adobe.com/xap/1.0/\0")) {
                orientation.xmp(image, from, to);
            }
            at = marker(to);
        }
        if (frame == 0) {
            throw new IOException("no frame before its pixels");
        }
        firstScan = at;
    }

    private void readFrame(int code, int from, int to) throws IOException {
        if (frame != 0) {
            throw new IOException("two frames");
        }
        if (code > SOF2) {
            throw new IOException("a lossless, hierarchical or arithmetic-coded JPEG, which few decoders read");
        }
        if (to - from < 6) {
            throw new IOException("no valid frame");
        }
        frame = code;
        int depth = image[from];
        height = Codecs.short16(image, from + 1);
        width = Codecs.short16(image, from + 3);
        int components = image[from + 5];
        boolean counted = components == 1 || components == 3 || components == 4;
        if (depth != 8 || width == 0 || height == 0 || !counted || to - from != 6 + 3 * components) {
            throw new IOException(width + " x " + height + " pixels of " + components + " components of " + depth
                    + " bits: no valid frame");
        }
        ids = new int[components];
        sampling = new int[components];
        for (int i = 0; i < components; i++) {
            ids[i] = image[from + 6 + 3 * i] & 0xff;
            sampling[i] = image[from + 7 + 3 * i] & 0xff;
            int across = sampling[i] >> 4;
            int down = sampling[i] & 15;
            if (across < 1 || across > 4 || down < 1 || down > 4) {
                throw new IOException("no valid frame: a sampling factor of " + across + " x " + down);
            }
        }
        if (8L * image.length < blocks()) { // a block takes a bit at least
            throw new IOException(image.length + " bytes cannot hold " + width + " x " + height + " pixels");
        }
    }

    /** Looks at each scan's header: whether all bits of all coefficients come, and the mark of the end after them. */
    private void readScans() throws IOException {
        int[][] missingBits = new int[ids.length][64];
        for (int[] component : missingBits) {
            Arrays.fill(component, -1);
        }
        int scans = 0;
        int at = firstScan;
        while (code(at) != EOI) {
            int code = code(at);
            if (standsAlone(code)) {
                at = marker(at + 2);
                continue;
            }
            int to = at + 2 + segmentSize(at);
            if (code == SOS) {
                readScan(at + 4, to, missingBits);
                if (++scans > MOST_SCANS) {
                    throw new IOException("more than " + MOST_SCANS + " scans");
                }
                at = afterPixels(to);
            } else {
                at = marker(to);
            }
        }
        end = at + 2;
        severalScans = scans > 1;
        for (int[] component : missingBits) {
            if (Arrays.stream(component).anyMatch(bits -> bits != 0)) {
                throw new IOException("scans are missing");
            }
        }
    }

    private void readScan(int from, int to, int[][] missingBits) throws IOException {
        int count = from < to ? image[from] : 0;
        if (count < 1 || count > 4 || to - from != 4 + 2 * count) {
            throw new IOException("no valid scan");
        }
        boolean progressive = frame == SOF2;
        int first = progressive ? image[to - 3] : 0;
        int last = progressive ? image[to - 2] : 63;
        int before = progressive ? image[to - 1] >> 4 & 15 : 0;
        int after = progressive ? image[to - 1] & 15 : 0;
        if (first < 0 || last > 63) {
            throw new IOException("no valid scan");
        }
        for (int i = 0; i < count; i++) {
            int id = image[from + 1 + 2 * i] & 0xff;
            for (int component = 0; component < ids.length; component++) {
                if (ids[component] == id) {
                    for (int k = first; k <= last; k++) {
                        if (Math.max(0, missingBits[component][k]) != before
                                || (k > 0 && missingBits[component][0] < 0)) {
                            throw new IOException("its scans do not follow from each other");
                        }
                        missingBits[component][k] = after;
                    }
                    break;
                }
            }
        }
    }

    private static boolean standsAlone(int code) {
        return code <= 1 || (code >= RST0 && code <= RST7) || code == 0xd8;
    }

    private int code(int at) {
        return image[at + 1] & 0xff;
    }

    private int segmentSize(int at) throws IOException {
        int size = Codecs.short16(image, at + 2);
        Codecs.requireInside(image, at + 2, size);
        if (size < 2) {
            throw new IOException("a segment of " + size + " bytes");
        }
        return size;
    }

    /** The next marker at or after {@code at}; libjpeg, too, passes over what lies between. */
    private int marker(int at) throws IOException {
        for (int i = at; i + 1 < image.length; i++) {
            if (image[i] == (byte) 0xff && image[i + 1] != (byte) 0xff && image[i + 1] != 0) {
                return i;
            }
        }
        throw new IOException("cut before its end");
    }

    /** The marker that ends the pixels which begin at {@code at}. */
    private int afterPixels(int at) throws IOException {
        for (int i = at; i < image.length; i++) {
            if (image[i] != (byte) 0xff) {
                continue;
            }
            int begin = i;
            while (i + 1 < image.length && image[i + 1] == (byte) 0xff) {
                i++;
            }
            int code = i + 1 < image.length ? code(i) : EOI;
            if (code == 0 && i > begin) {
                throw new IOException("its compressed pixels are damaged at byte " + begin); // decoders differ here
            }
            if (code != 0 && (code < RST0 || code > RST7)) {
                return marker(i);
            }
        }
        throw new IOException("cut before its end");
    }

    /** Of 8 x 8 coefficients, of all components, each rounded up to whole blocks of all. */
    private long blocks() {
        long unitsAcross = (width + 8L * mostAcross() - 1) / (8L * mostAcross());
        long unitsDown = (height + 8L * mostDown() - 1) / (8L * mostDown());
        return Arrays.stream(sampling)
                .mapToLong(s -> unitsAcross * (s >> 4) * unitsDown * (s & 15))
                .sum();
    }

    private int mostAcross() {
        return Arrays.stream(sampling).map(s -> s >> 4).max().orElse(1);
    }

    private int mostDown() {
        return Arrays.stream(sampling).map(s -> s & 15).max().orElse(1);
    }

    @Override
    public PictureFormat format() {
        return PictureFormat.JPEG;
    }

    @Override
    public int width() {
        return width;
    }

    @Override
    public int height() {
        return height;
    }

    /** The pixels, and of pictures in several scans all coefficients, of 16 bits. */
    @Override
    public long decodeBytes() {
        long pixels = (long) width * height * ids.length;
        return 2L * image.length + pixels + (severalScans ? 2 * 64 * blocks() : 0);
    }

    @Override
    public int orientation() {
        return orientation.value();
    }

    @Override
    public Picture decode() throws IOException {
        byte[] plain = plain();
        boolean doubled =
                ChromaRows.areDoubled() && IntStream.range(0, ids.length).anyMatch(this::hasHalfTheRows);
        if (ids.length < 4 && !doubled) {
            BufferedImage decoded = Codecs.read("jpeg", plain, reader -> reader.read(0));
            return Picture.of(width, height, Picture.of(decoded));
        }
        Raster raster = Codecs.read("jpeg", plain, reader -> reader.readRaster(0, null)); // not all JDKs know CMYK
        if (doubled) {
            IntStream.range(0, ids.length).filter(this::hasHalfTheRows).forEach(band -> ChromaRows.blend(raster, band));
        }
        return Picture.of(
                width,
                height,
                ids.length == 4 ? Picture.ofInvertedCmyk(raster, adobe > 0) : Picture.ofBands(raster, isYcc()));
    }

    /** Whether libjpeg-turbo makes its colours; of four inks this program does. */
    boolean isForTurbo() {
        return ids.length < 4;
    }

    /** What {@link #decodeByTurbo} allocates: four bytes a pixel, and coefficients as {@link #decodeBytes}. */
    long decodeBytesByTurbo() {
        return decodeBytes() + (4L - ids.length) * width * height;
    }

    /**
     * Decodes at a scale, by libjpeg-turbo.
     *
     * @param denominator 1, 2, 4 or 8: the part of the size
     */
    Picture decodeByTurbo(int denominator) throws IOException {
        int columns = TurboJpeg.scaled(width, denominator);
        int rows = TurboJpeg.scaled(height, denominator);
        return Picture.of(columns, rows, TurboJpeg.decode(plain(), columns, rows));
    }

    private boolean hasHalfTheRows(int component) {
        return sampling[component] >> 4 == mostAcross() && 2 * (sampling[component] & 15) == mostDown();
    }

    /** The same pixels without any other segment. */
    private byte[] plain() {
        ByteArrayOutputStream plain = new ByteArrayOutputStream(image.length + 64);
        plain.write(image, 0, 2);
        if (ids.length == 4 ? adobe >= 0 : ids.length == 3 && !isYcc()) {
            byte[] named = ADOBE.clone();
            named[named.length - 1] = (byte) (ids.length == 4 ? adobe : 0);
            plain.write(named, 0, named.length);
        } else if (ids.length < 4) {
            plain.write(JFIF, 0, JFIF.length);
        }
        plain.writeBytes(tables.toByteArray());
        plain.write(image, firstScan, end - firstScan);
        return plain.toByteArray();
    }

    /** Whether three components are luma and two chromas; if not, they are red, green and blue. */
    private boolean isYcc() {
        if (jfif || adobe >= 0) {
            return jfif || adobe != 0;
        }
        return !Arrays.equals(ids, new int[] {'R', 'G', 'B'});
    }
}
