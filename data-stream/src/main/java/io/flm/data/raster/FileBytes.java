package io.flm.data.raster;

import java.io.IOException;

/** The bytes of a file, and unsigned numbers in it. What lies outside of the file is an error of it. */
final class FileBytes {
    final byte[] bytes;
    private final boolean little;

    /** @param little whether the lowest byte of a number comes first */
    FileBytes(byte[] bytes, boolean little) {
        this.bytes = bytes;
        this.little = little;
    }

    int size() {
        return bytes.length;
    }

    boolean isLittle() {
        return little;
    }

    int u8(long at) throws IOException {
        requireInside(at, 1);
        return bytes[(int) at] & 0xff;
    }

    int u16(long at) throws IOException {
        requireInside(at, 2);
        int first = u8(at);
        int second = u8(at + 1);
        return little ? second << 8 | first : first << 8 | second;
    }

    long u32(long at) throws IOException {
        long first = u16(at);
        long second = u16(at + 2);
        return little ? second << 16 | first : first << 16 | second;
    }

    void requireInside(long at, long count) throws IOException {
        if (at < 0 || count < 0 || at > bytes.length - count) {
            throw new IOException("cut before its end");
        }
    }
}
