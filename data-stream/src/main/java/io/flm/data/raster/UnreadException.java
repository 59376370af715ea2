package io.flm.data.raster;

import java.io.IOException;

/** A kind of picture that is not read. The message names it, and says what to do; nothing is wrong with the file. */
public final class UnreadException extends IOException {
    private static final long serialVersionUID = 1L;

    /** @param kind such as {@code AVIF} */
    public UnreadException(String kind) {
        super(kind + " pictures are not read; convert them to PNG, JPEG or WebP");
    }
}
