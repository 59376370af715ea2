package io.flm.data;

import java.util.Arrays;
import java.util.stream.Collectors;

/** The formats of pictures that are read. */
public enum PictureFormat {
    JPEG("jpg"),
    PNG("png"),
    WEBP("webp"),
    GIF("gif"),
    BMP("bmp"),
    TIFF("tif");

    /** How the names of pictures end, for messages. */
    public static final String ENDS =
            Arrays.stream(values()).map(PictureFormat::end).collect(Collectors.joining(", "));

    private final String end;

    PictureFormat(String end) {
        this.end = end;
    }

    /** How the names of such files end, without the dot. */
    public String end() {
        return end;
    }
}
