package io.flm.data;

import io.flm.data.PictureSettings.Fit;
import java.io.IOException;
import java.util.function.Function;

/**
 * Encoded pictures to RGB values: decoded, alpha dropped, the shorter side resized bicubic to S, the centre cut out; or both
 * sides resized, where the settings say so. The resampling is that of PIL: Keys' cubic with a = -0.5, wider where the picture shrinks.
 *
 * <p>Whether a picture is good follows from the picture and the settings alone, never from the machine: what decoding needs is
 * known from the file's header, one that needs more than the settings allow is bad everywhere, and a machine that cannot keep so
 * much refuses to begin. Threads that together need more than this process has for pictures wait for each other.
 */
public final class Pictures {
    private static final double A = -0.5;

    /** Pillow, too, refuses more: a small file can claim any size, and costs the time of it. */
    private static final long MOST_PIXELS = 178_956_970;

    /** What a process has in its heap beside pictures, caches and what it decodes. */
    private static final long OTHERS_MIB = 64;

    /** Half of the heap: what threads decode together. One picture may take more, alone. */
    private static final long TOGETHER = Runtime.getRuntime().maxMemory() / 2;

    private static final DecodeMemory MEMORY = new DecodeMemory(TOGETHER);

    private final PictureSettings settings;

    /** The most that threads of a process decode at a time, bytes; small pictures take a small part of it. */
    public static double mostBytes(PictureSettings settings, int threads) {
        double picture = (double) settings.memoryBytes();
        return Math.max(picture, Math.min(threads * picture, (double) TOGETHER));
    }

    /** Throws a {@link UserException} where the heap of this process is too small for what the settings allow a picture. */
    public static Pictures with(PictureSettings settings) {
        return new Pictures(settings, 0);
    }

    /** The same for a process that keeps {@code cacheBytes} beside. */
    static Pictures with(PictureSettings settings, long cacheBytes) {
        return new Pictures(settings, cacheBytes);
    }

    private Pictures(PictureSettings settings, long cacheBytes) {
        this.settings = settings;
        long heapMib = Runtime.getRuntime().maxMemory() >> 20;
        long pictureMib = settings.memoryBytes() >> 20;
        long cacheMib = cacheBytes >> 20;
        // The JVM keeps large and old objects in two thirds of its heap, and a picture in one piece.
        long neededMib = (pictureMib + cacheMib + OTHERS_MIB) * 3 / 2;
        if (neededMib > heapMib) {
            throw new UserException("flm.data.picture-memory = " + pictureMib + " MiB"
                    + (cacheMib == 0 ? "" : " beside caches of " + cacheMib + " MiB (flm.data.cache-size)")
                    + " needs a heap of " + neededMib + " MiB, and this process has one of " + heapMib
                    + " MiB; start it with JAVA_TOOL_OPTIONS=-Xmx" + neededMib * 17 / 16
                    + "m, or set the key lower on all nodes: pictures that need more are bad samples then");
        }
    }

    /**
     * Reads an encoded picture: only if the file alone takes no more than is allowed, since any file can be larger
     * than the heap.
     *
     * @throws SampleException where it does
     * @throws IOException says nothing of the picture, another try may succeed
     */
    public byte[] read(PictureSource source, long index) throws SampleException, IOException {
        int sizeBytes = source.imageSizeBytes(index);
        if (sizeBytes > settings.memoryBytes() / 2) { // twice: as it is, and what of it the decoder gets
            throw new SampleException(
                    source.name(index),
                    "a picture of " + (sizeBytes >> 10) + " KiB needs more than flm.data.picture-memory = "
                            + (settings.memoryBytes() >> 20) + " MiB");
        }
        return source.image(index);
    }

    /**
     * Decodes a picture.
     *
     * @param size S
     * @return RGB values 0..255 as [3, S, S]
     * @throws IOException where it is no picture, or needs more memory than the settings allow; the message has one line
     */
    public byte[] decode(byte[] image, int size) throws IOException {
        return withDecoded(image, picture -> resized(picture, size, settings.fit()));
    }

    /** Decodes a picture and tells its width and height as they are trained on. Errors are those of {@link #decode}. */
    int[] size(byte[] image) throws IOException {
        return withDecoded(image, picture -> new int[] {picture.width(), picture.height()});
    }

    private <T> T withDecoded(byte[] image, Function<Picture, T> use) throws IOException {
        Codecs.Encoded encoded = Codecs.open(image);
        if ((long) encoded.width() * encoded.height() > MOST_PIXELS) {
            throw new IOException(encoded.width() + " x " + encoded.height() + " pixels are too many");
        }
        long bytes = encoded.decodeBytes();
        if (bytes > settings.memoryBytes()) {
            throw new IOException(encoded.width() + " x " + encoded.height() + " pixels need " + ((bytes >> 20) + 1)
                    + " MiB, more than flm.data.picture-memory = " + (settings.memoryBytes() >> 20) + " MiB");
        }
        MEMORY.take(bytes);
        try {
            Picture picture = Codecs.decode(encoded);
            return use.apply(settings.exifOrientation() ? picture.turned(encoded.orientation()) : picture);
        } finally {
            MEMORY.release(bytes);
        }
    }

    private static byte[] resized(Picture picture, int size, Fit fit) {
        int width = picture.width();
        int height = picture.height();
        int[] line = new int[width];
        byte[] rgb = new byte[3 * size * size];
        if (width == size && height == size) {
            for (int y = 0; y < size; y++) {
                picture.line(y, line);
                for (int x = 0; x < size; x++) {
                    for (int channel = 0; channel < 3; channel++) {
                        rgb[(channel * size + y) * size + x] = (byte) (line[x] >> (16 - 8 * channel));
                    }
                }
            }
            return rgb;
        }
        int shorter = Math.min(width, height);
        boolean crop = fit == Fit.CROP;
        long resizedWidth = crop ? (long) width * size / shorter : size;
        long resizedHeight = crop ? (long) height * size / shorter : size;
        long left = (long) Math.rint((resizedWidth - size) / 2.0);
        long top = (long) Math.rint((resizedHeight - size) / 2.0);
        Weights across = Weights.of(width, resizedWidth, left, size);
        Weights down = Weights.of(height, resizedHeight, top, size);
        int first = down.from[0];
        int count = down.to[size - 1] - first;
        byte[] rows = new byte[3 * count * size]; // [3, count, S]: those that the cut needs
        for (int y = 0; y < count; y++) {
            picture.line(first + y, line);
            for (int channel = 0; channel < 3; channel++) {
                int shift = 16 - 8 * channel;
                for (int x = 0; x < size; x++) {
                    float sum = 0;
                    for (int k = across.from[x]; k < across.to[x]; k++) {
                        sum += across.weight[x][k - across.from[x]] * ((line[k] >> shift) & 0xff);
                    }
                    rows[(channel * count + y) * size + x] = (byte) clip(sum);
                }
            }
        }
        for (int channel = 0; channel < 3; channel++) {
            for (int y = 0; y < size; y++) {
                for (int x = 0; x < size; x++) {
                    float sum = 0;
                    for (int k = down.from[y]; k < down.to[y]; k++) {
                        int row = channel * count + k - first;
                        sum += down.weight[y][k - down.from[y]] * (rows[row * size + x] & 0xff);
                    }
                    rgb[(channel * size + y) * size + x] = (byte) clip(sum);
                }
            }
        }
        return rgb;
    }

    /** PIL rounds to a byte after each of its two passes. */
    private static int clip(float value) {
        return Math.max(0, Math.min(255, Math.round(value)));
    }

    /** For each place of the result: which places of the source it takes, from and to, and how much of each. */
    private record Weights(int[] from, int[] to, float[][] weight) {
        static Weights of(int source, long resized, long offset, int count) {
            double scale = (double) source / resized;
            double filterScale = Math.max(1, scale);
            double support = 2 * filterScale;
            int[] from = new int[count];
            int[] to = new int[count];
            float[][] weights = new float[count][];
            for (int i = 0; i < count; i++) {
                double center = (offset + i + 0.5) * scale;
                from[i] = Math.max(0, (int) (center - support + 0.5));
                to[i] = Math.min(source, (int) (center + support + 0.5));
                double[] raw = new double[to[i] - from[i]];
                double sum = 0;
                for (int k = 0; k < raw.length; k++) {
                    raw[k] = cubic((from[i] + k - center + 0.5) / filterScale);
                    sum += raw[k];
                }
                weights[i] = new float[raw.length];
                for (int k = 0; k < raw.length; k++) {
                    weights[i][k] = (float) (raw[k] / sum);
                }
            }
            return new Weights(from, to, weights);
        }
    }

    private static double cubic(double at) {
        double x = Math.abs(at);
        if (x < 1) {
            return ((A + 2) * x - (A + 3)) * x * x + 1;
        }
        return x < 2 ? (((x - 5) * x + 8) * x - 4) * A : 0;
    }
}
