package io.flm.data;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Which way up a picture is: by the EXIF structure that cameras leave in it or, where that is silent, by its XMP text. */
final class Orientation {
    private static final int TAG = 0x112;
    private static final Pattern XMP = Pattern.compile("tiff:Orientation(?:=\"|>)([0-9])");

    private int byExif; // 0: nothing said
    private int byXmp;

    /** 1 to 8; 1, as it is stored, where nothing valid was said. */
    int value() {
        int said = byExif != 0 ? byExif : byXmp;
        return said >= 1 && said <= 8 ? said : 1;
    }

    /** Reads the first directory of the structure that lies from {@code from} to {@code to}, perhaps after "Exif\0\0". */
    void exif(byte[] bytes, int from, int to) {
        if (byExif != 0) {
            return;
        }
        int start = Codecs.begins(bytes, from, 'E', 'x', 'i', 'f', 0, 0) ? from + 6 : from;
        if (to - start < 8) {
            return;
        }
        ByteBuffer tiff = ByteBuffer.wrap(bytes, start, to - start).slice();
        if (Codecs.begins(bytes, start, 'I', 'I', 42, 0)) {
            tiff.order(ByteOrder.LITTLE_ENDIAN);
        } else if (!Codecs.begins(bytes, start, 'M', 'M', 0, 42)) {
            return;
        }
        long directory = tiff.getInt(4) & 0xffffffffL;
        if (directory + 2 > tiff.limit()) {
            return;
        }
        int count = tiff.getShort((int) directory) & 0xffff;
        for (int i = 0; i < count; i++) {
            long entry = directory + 2 + 12L * i;
            if (entry + 12 > tiff.limit()) {
                return;
            }
            int at = (int) entry;
            if (tiff.getShort(at) == TAG && tiff.getInt(at + 4) > 0) {
                byExif = number(tiff, at + 8, tiff.getShort(at + 2));
                return;
            }
        }
    }

    /** A value of one of TIFF's types of integers; 0 where it is none. */
    private static int number(ByteBuffer tiff, int at, int type) {
        return switch (type) {
            case 3, 8 -> tiff.getShort(at);
            case 4, 9 -> tiff.getInt(at);
            default -> 0;
        };
    }

    /** Reads the XMP text that lies from {@code from} to {@code to}. */
    void xmp(byte[] bytes, int from, int to) {
        Matcher said = XMP.matcher(new String(bytes, from, to - from, StandardCharsets.ISO_8859_1));
        if (said.find()) {
            byXmp = said.group(1).charAt(0) - '0';
        }
    }
}
