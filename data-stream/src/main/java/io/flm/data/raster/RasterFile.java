package io.flm.data.raster;

import java.io.IOException;

/** A picture's file whose structure was read. Nothing of the picture's size was allocated for it yet. */
public interface RasterFile {
    int width();

    int height();

    /** What {@link #decode} allocates. It follows from the file alone. */
    long decodeBytes();

    /** EXIF's orientation, 1 to 8; 1: as it is stored. */
    default int orientation() {
        return 1;
    }

    /**
     * The pixels as Pillow's {@code convert("RGB")} has them.
     *
     * @return 0xRRGGBB, the upper byte undefined, [height, width]
     * @throws IOException where the file is damaged or cut
     */
    int[] decode() throws IOException;
}
