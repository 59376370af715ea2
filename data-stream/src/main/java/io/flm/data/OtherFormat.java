package io.flm.data;

import io.flm.data.raster.UnreadException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;

/** Says what a file is that is no picture that is read, so that who has many of a kind learns which. */
final class OtherFormat {
    /** Bytes at a place by which a format is known. */
    private record Mark(String name, int at, String bytes) {}

    private static final List<Mark> MARKS = List.of(
            new Mark("AVIF", 4, "ftypavif"),
            new Mark("AVIF", 4, "ftypavis"),
            new Mark("HEIC", 4, "ftyphei"),
            new Mark("HEIC", 4, "ftyphev"),
            new Mark("HEIC", 4, "ftypmif1"),
            new Mark("HEIC", 4, "ftypmsf1"),
            new Mark("JPEG XL", 0, "\u00ff\n"),
            new Mark("JPEG XL", 4, "JXL \r\n"),
            new Mark("JPEG 2000", 4, "jP  \r\n"),
            new Mark("JPEG 2000", 0, "\u00ffO\u00ffQ"),
            new Mark("Photoshop", 0, "8BPS"),
            new Mark("PDF", 0, "%PDF-"));

    private static final int TEXT_BYTES = 1024;

    private OtherFormat() {}

    static IOException refusal(byte[] file) {
        for (Mark mark : MARKS) {
            if (Codecs.begins(file, mark.at, mark.bytes)) {
                return new UnreadException(mark.name);
            }
        }
        String text = new String(file, 0, Math.min(TEXT_BYTES, file.length), StandardCharsets.ISO_8859_1)
                .toLowerCase(Locale.ROOT);
        if (text.contains("<svg")) {
            return new UnreadException("SVG");
        }
        if (text.contains("<!doctype html") || text.contains("<html")) { // what a server sends in place of a picture
            return new IOException("a page of HTML, no picture");
        }
        return new IOException("not a PNG, JPEG, WebP, GIF, BMP or TIFF picture");
    }
}
