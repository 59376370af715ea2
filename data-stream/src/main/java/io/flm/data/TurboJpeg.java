package io.flm.data;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.NativeLong;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.security.MessageDigest;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The host's libjpeg-turbo, by its TurboJPEG interface. It decodes faster than the JDK, which hands pixels over line by line and in
 * some builds has a libjpeg without vector instructions, and at a half, a quarter or an eighth of the size for a part of the time.
 *
 * <p>Whichever version a host has, its pixels are those of 2.1.5: two pictures of this program are decoded at all four scales when the
 * library is loaded, and a library with other pixels is refused. So nodes need not compare versions.
 */
final class TurboJpeg {
    private static final String PIXELS_SHA256 = "86abdf460abd918335a693f8aa33fbc36d1241cdf01813fbada210839cccf5b4";
    private static final int BLUE_GREEN_RED_ANY = 3; // TJPF_BGRX: little-endian 0xRRGGBB
    private static final int ANY_RED_GREEN_BLUE = 5; // TJPF_XRGB: the same big-endian

    private static @Nullable String problem;
    private static boolean tried;

    private TurboJpeg() {}

    /** The functions that are called, mapped when this class is first used. */
    private static final class Functions {
        static {
            Native.register(Functions.class, NativeLibrary.getInstance(library()));
        }

        private static String library() {
            return System.getProperty("os.name").startsWith("Mac") ? "libturbojpeg.0.dylib" : "libturbojpeg.so.0";
        }

        static native @Nullable Pointer tjInitDecompress();

        static native int tjDecompress2(
                Pointer handle,
                byte[] jpeg,
                NativeLong size,
                Pointer pixels,
                int width,
                int pitch,
                int height,
                int pixelFormat,
                int flags);

        static native String tjGetErrorStr2(Pointer handle);

        static native int tjDestroy(Pointer handle);
    }

    /** Loads the library, once. Throws a {@link UserException} where this machine has none, or one with other pixels. */
    static synchronized void load() {
        if (!tried) {
            problem = problem();
            tried = true;
        }
        if (problem != null) {
            throw new UserException(
                    "flm.data.jpeg-decoder = libjpeg-turbo: " + problem
                            + "; install libjpeg-turbo 2.1 or later (Debian: libturbojpeg0), or set the key to jdk on all nodes");
        }
    }

    private static @Nullable String problem() {
        try {
            MessageDigest digest = Sha256.newDigest();
            for (String name : List.of("tall-chroma.jpg", "half-chroma.jpg")) {
                JpegFile file = JpegFile.open(resource(name));
                for (int denominator = 1; denominator <= 8; denominator *= 2) {
                    Picture picture = file.decodeByTurbo(denominator);
                    addPixels(picture, digest);
                    picture.pixels().release();
                }
            }
            String sha256 = Sha256.hex(digest);
            return sha256.equals(PIXELS_SHA256)
                    ? null
                    : "this machine's libturbojpeg has other pixels than that of 2.1.5 (SHA-256 " + sha256 + ")";
        } catch (UnsatisfiedLinkError | NoClassDefFoundError | ExceptionInInitializerError e) {
            return "this machine's libturbojpeg cannot be loaded ("
                    + String.valueOf(e.getMessage())
                            .lines()
                            .findFirst()
                            .orElse("")
                            .replaceAll("[:.]+$", "") + ")";
        } catch (IOException e) {
            return "this machine's libturbojpeg does not decode (" + e.getMessage() + ")";
        }
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(TurboJpeg.class.getResourceAsStream(name))) {
            return in.readAllBytes();
        }
    }

    private static void addPixels(Picture picture, MessageDigest digest) {
        int[] line = new int[picture.width()];
        for (int y = 0; y < picture.height(); y++) {
            picture.line(y, line);
            for (int rgb : line) {
                digest.update(new byte[] {(byte) (rgb >> 16), (byte) (rgb >> 8), (byte) rgb});
            }
        }
    }

    /** Of so many pixels, what is left of them at a scale of 1 / denominator. */
    static int scaled(int pixels, int denominator) {
        return (pixels + denominator - 1) / denominator;
    }

    /**
     * Decodes a JPEG of grey, RGB or luma and chromas.
     *
     * @param width of the result, as {@link #scaled} says
     * @throws IOException where it is damaged
     */
    static Picture.Pixels decode(byte[] jpeg, int width, int height) throws IOException {
        Memory memory = new Memory(4L * width * height);
        boolean decoded = false;
        try {
            decode(jpeg, memory, width, height);
            decoded = true;
        } finally {
            if (!decoded) {
                memory.close();
            }
        }
        return new NativePixels(
                memory,
                memory.getByteBuffer(0, memory.size())
                        .order(ByteOrder.nativeOrder())
                        .asIntBuffer(),
                width);
    }

    private static void decode(byte[] jpeg, Memory memory, int width, int height) throws IOException {
        boolean little = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;
        Pointer handle = Functions.tjInitDecompress();
        if (handle == null) {
            throw new OutOfMemoryError("libturbojpeg cannot begin");
        }
        try {
            int failed = Functions.tjDecompress2(
                    handle,
                    jpeg,
                    new NativeLong(jpeg.length),
                    memory,
                    width,
                    4 * width,
                    height,
                    little ? BLUE_GREEN_RED_ANY : ANY_RED_GREEN_BLUE,
                    0);
            String message = failed == 0 ? "" : Functions.tjGetErrorStr2(handle);
            if (failed != 0 && !Codecs.isHarmless(message)) {
                throw new IOException(message);
            }
        } finally {
            Functions.tjDestroy(handle);
        }
    }

    /** Pixels outside of the heap, until they are released. */
    private record NativePixels(Memory memory, IntBuffer values, int rowLength) implements Picture.Pixels {
        @Override
        public void read(int x, int y, int stepX, int stepY, int[] rgb) {
            int at = y * rowLength + x;
            if (stepX == 1) {
                values.get(at, rgb, 0, rgb.length);
                return;
            }
            int step = stepY * rowLength + stepX;
            for (int i = 0; i < rgb.length; i++, at += step) {
                rgb[i] = values.get(at);
            }
        }

        @Override
        public void release() {
            memory.close();
        }
    }
}
