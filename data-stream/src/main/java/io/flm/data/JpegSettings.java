package io.flm.data;

import com.typesafe.config.Config;

/**
 * What decodes JPEGs.
 *
 * @param isTurbo whether the host's libjpeg-turbo does, not the JDK
 * @param scaling a picture is decoded at a half, a quarter or an eighth of its size as long as its shorter side keeps so many times
 *     what is needed; 0: never
 */
public record JpegSettings(boolean isTurbo, double scaling) {
    /** The JDK, at full size. */
    public static final JpegSettings JDK = new JpegSettings(false, 0);

    /**
     * Reads the keys of {@code flm.data}.
     *
     * @throws UserException where they do not go together
     */
    static JpegSettings from(Config c) {
        boolean isTurbo = c.getString("jpeg-decoder").equals("libjpeg-turbo");
        double scaling = c.getDouble("jpeg-scaling");
        if (scaling > 0 && scaling < 1) {
            throw new UserException("flm.data.jpeg-scaling = " + scaling
                    + ": pictures would be decoded smaller than they are needed; set 1 or more, or 0 for none");
        }
        if (scaling > 0 && !isTurbo) {
            throw new UserException(
                    "flm.data.jpeg-scaling = " + scaling + " needs flm.data.jpeg-decoder = libjpeg-turbo"
                            + " (Debian: libturbojpeg0): the JDK decodes at full size only");
        }
        return new JpegSettings(isTurbo, scaling);
    }

    /**
     * The part of its size at which a picture is decoded.
     *
     * @param shorterSide of the picture
     * @param size to which that will be resized; 0: all pixels are wanted
     * @return 1, 2, 4 or 8
     */
    int denominator(int shorterSide, int size) {
        if (scaling == 0 || size == 0) {
            return 1;
        }
        int denominator = 8;
        while (denominator > 1 && TurboJpeg.scaled(shorterSide, denominator) < scaling * size) {
            denominator /= 2;
        }
        return denominator;
    }
}
