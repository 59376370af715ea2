package io.flm.data;

import io.flm.data.PictureSettings.Fit;
import java.io.IOException;

/**
 * Encoded pictures to RGB values: decoded, alpha dropped, the shorter side resized bicubic to S, the centre cut out; or both
 * sides resized, where the settings say so. The resampling is that of PIL: Keys' cubic with a = -0.5, wider where the picture shrinks.
 *
 * <p>Whether a picture is good follows from the picture and the settings alone, never from the machine: what decoding needs is
 * known from the file's header, one that needs more than the settings allow is bad everywhere, and a machine that cannot keep so
 * much refuses to begin. Threads that together need more than this process has for pictures wait for each other.
 */
public final class Pictures {
    /** Pillow, too, refuses more: a small file can claim any size, and costs the time of it. */
    private static final long MOST_PIXELS = 178_956_970;

    /** Of a picture that is packed: a JPEG cannot have more, and resizing takes memory for each pixel of a line. */
    private static final int MOST_SIDE = 65_535;

    /** No JPEG or WebP has a longer side. Lines of that length are kept whole while they are resized. */
    private static final int MOST_STRETCHED = 65_535;

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
        if (settings.jpeg().isTurbo()) {
            TurboJpeg.load();
        }
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
        return withDecoded(
                image,
                size,
                PictureTarget.UNTOUCHED,
                (encoded, picture) -> Resampling.of(picture, size, settings.fit()));
    }

    /** Decodes a picture and tells its width and height as they are trained on. Errors are those of {@link #decode}. */
    int[] size(byte[] image) throws IOException {
        return withDecoded(
                image, 0, PictureTarget.UNTOUCHED, (encoded, picture) -> new int[] {picture.width(), picture.height()});
    }

    /**
     * Decodes a picture, measures it, and makes the file of it that a shard is to hold. Errors are those of {@link #decode}.
     *
     * @param wanted asked once it is decoded
     * @param hashed whether its {@link DifferenceHash} is wanted
     */
    public PackedPicture packed(byte[] image, PictureTarget target, PictureTarget.Wanted wanted, boolean hashed)
            throws IOException {
        Codecs.Encoded head = Codecs.open(image);
        if (Math.max(head.width(), head.height()) > MOST_SIDE) {
            throw new IOException(
                    head.width() + " x " + head.height() + " pixels have a side of more than " + MOST_SIDE);
        }
        return withDecoded(image, 0, target, (encoded, picture) -> {
            int width = picture.width();
            int height = picture.height();
            if (!wanted.test(width, height)) {
                return new PackedPicture(new byte[0], encoded.format(), width, height, 0);
            }
            boolean keeps = target.keeps(encoded.format(), width, height, picture.orientation() != 1);
            return new PackedPicture(
                    keeps ? image : target.encoded(picture),
                    keeps ? encoded.format() : target.written(),
                    width,
                    height,
                    hashed ? DifferenceHash.of(picture) : 0);
        });
    }

    /** What is made of a picture as it is decoded. */
    private interface Use<T> {
        T of(Codecs.Encoded encoded, Picture picture);
    }

    /**
     * @param size to which the shorter side will be resized; 0: all pixels are wanted
     * @param target of what is made of it beside what is decoded
     */
    private <T> T withDecoded(byte[] image, int size, PictureTarget target, Use<T> use) throws IOException {
        Codecs.Encoded encoded = Codecs.open(image);
        long pixels = (long) encoded.width() * encoded.height();
        if (pixels > MOST_PIXELS) {
            throw new IOException(encoded.width() + " x " + encoded.height() + " pixels are too many");
        }
        if (settings.fit() == Fit.STRETCH && Math.max(encoded.width(), encoded.height()) > MOST_STRETCHED) {
            throw new IOException(encoded.width() + " x " + encoded.height() + " pixels: a side of more than "
                    + MOST_STRETCHED + " is not stretched");
        }
        long bytes = Codecs.decodeBytes(encoded, settings.jpeg());
        if (bytes > settings.memoryBytes()) {
            throw new IOException(encoded.width() + " x " + encoded.height() + " pixels need " + ((bytes >> 20) + 1)
                    + " MiB, more than flm.data.picture-memory = " + (settings.memoryBytes() >> 20) + " MiB");
        }
        long taken = bytes + target.encodingBytes(encoded.width(), encoded.height());
        MEMORY.take(taken);
        try {
            Picture picture = Codecs.decode(encoded, settings.jpeg(), size);
            try {
                return use.of(encoded, settings.exifOrientation() ? picture.turned(encoded.orientation()) : picture);
            } finally {
                picture.pixels().release();
            }
        } finally {
            MEMORY.release(taken);
        }
    }
}
