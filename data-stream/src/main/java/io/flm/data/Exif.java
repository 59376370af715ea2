package io.flm.data;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Which way up a picture is, by the TIFF structure that cameras leave in it. */
final class Exif {
    private static final int ORIENTATION = 0x112;
    private static final int SHORT = 3;

    private Exif() {}

    /**
     * The orientation of the first directory.
     *
     * @param bytes holds the structure from {@code from} to {@code to}, perhaps after {@code "Exif\0\0"}
     * @return 1 to 8; 1 where nothing valid is said
     */
    static int orientation(byte[] bytes, int from, int to) {
        int start = Codecs.begins(bytes, from, 'E', 'x', 'i', 'f', 0, 0) ? from + 6 : from;
        if (to - start < 8) {
            return 1;
        }
        ByteBuffer tiff = ByteBuffer.wrap(bytes, start, to - start).slice();
        if (Codecs.begins(bytes, start, 'I', 'I', 42, 0)) {
            tiff.order(ByteOrder.LITTLE_ENDIAN);
        } else if (!Codecs.begins(bytes, start, 'M', 'M', 0, 42)) {
            return 1;
        }
        long directory = tiff.getInt(4) & 0xffffffffL;
        if (directory + 2 > tiff.limit()) {
            return 1;
        }
        int count = tiff.getShort((int) directory) & 0xffff;
        for (int i = 0; i < count; i++) {
            long entry = directory + 2 + 12L * i;
            if (entry + 12 > tiff.limit()) {
                return 1;
            }
            int at = (int) entry;
            if (tiff.getShort(at) == ORIENTATION && tiff.getShort(at + 2) == SHORT) {
                int value = tiff.getShort(at + 8) & 0xffff;
                return value >= 1 && value <= 8 ? value : 1;
            }
        }
        return 1;
    }
}
