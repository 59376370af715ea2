package io.flm.data;

import com.typesafe.config.Config;
import java.util.Locale;

/**
 * The keys of {@code flm.data} that decide what a picture is. All nodes of a run have the same ones.
 *
 * @param memoryBytes what decoding one picture may take; one that needs more is a bad sample
 * @param exifOrientation whether pictures are turned as their EXIF data say
 * @param fit how a picture that is no square becomes one
 * @param jpeg what decodes JPEGs
 */
public record PictureSettings(long memoryBytes, boolean exifOrientation, Fit fit, JpegSettings jpeg) {
    /** With JPEGs decoded by the JDK. */
    public PictureSettings(long memoryBytes, boolean exifOrientation, Fit fit) {
        this(memoryBytes, exifOrientation, fit, JpegSettings.JDK);
    }

    /** How a picture becomes a square. */
    public enum Fit {
        /** The shorter side is resized, and the centre cut out: FLM's authors' way. */
        CROP,
        /** Both sides are resized: nothing is lost but the shape. */
        STRETCH
    }

    /** Reads the keys. */
    public static PictureSettings from(Config root) {
        Config c = root.getConfig("flm.data");
        return new PictureSettings(
                c.getBytes("picture-memory"),
                c.getBoolean("exif-orientation"),
                Fit.valueOf(c.getString("picture-fit").toUpperCase(Locale.ROOT)),
                JpegSettings.from(c));
    }
}
