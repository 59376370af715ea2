package io.flm.data;

import com.typesafe.config.Config;

/**
 * The keys of {@code flm.data} that decide what a picture is. All nodes of a run have the same ones.
 *
 * @param memoryBytes what decoding one picture may take; one that needs more is a bad sample
 * @param exifOrientation whether pictures are turned as their EXIF data say
 */
public record PictureSettings(long memoryBytes, boolean exifOrientation) {
    /** Reads and checks the keys. */
    public static PictureSettings from(Config root) {
        Config c = root.getConfig("flm.data");
        long bytes = c.getBytes("picture-memory");
        if (bytes < 1 << 20 || bytes > 1L << 40) {
            throw new UserException("flm.data.picture-memory = " + bytes + " bytes: must be between 1 MiB and 1 TiB");
        }
        return new PictureSettings(bytes, c.getBoolean("exif-orientation"));
    }
}
