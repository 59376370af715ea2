package io.flm.data;

/** The formats of pictures that are read. */
public enum PictureFormat {
    JPEG("jpg"),
    PNG("png"),
    WEBP("webp");

    private final String end;

    PictureFormat(String end) {
        this.end = end;
    }

    /** How the names of such files end, without the dot. */
    public String end() {
        return end;
    }
}
