package io.flm.data;

import com.typesafe.config.Config;

/**
 * The keys of {@code flm.data} that decide what a picture is. All nodes of a run have the same ones.
 *
 * @param memoryBytes what decoding one picture may take; one that needs more is a bad sample
 * @param exifOrientation whether pictures are turned as their EXIF data say
 */
public record PictureSettings(long memoryBytes, boolean exifOrientation) {
    /** Reads the keys. */
    public static PictureSettings from(Config root) {
        Config c = root.getConfig("flm.data");
        return new PictureSettings(c.getBytes("picture-memory"), c.getBoolean("exif-orientation"));
    }
}
