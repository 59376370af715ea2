package io.flm.data;

import java.awt.image.ComponentSampleModel;
import java.awt.image.DataBufferByte;
import java.awt.image.Raster;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;

/**
 * The rows of chroma that a JPEG has half as many of as of luma, as a photograph does that was turned after it was taken.
 * libjpeg-turbo, which Pillow and the JDKs of some distributions use, blends neighbours. The libjpeg that other JDKs bring writes
 * each row twice. For nodes of either kind to train on the same pixels, the second kind's rows are blended here.
 */
final class ChromaRows {
    private static final boolean BLENDED_BY_DECODER = blendedByDecoder();

    private ChromaRows() {}

    /** Whether {@link #blend} has to be called for the rasters of this JDK. */
    static boolean areDoubled() {
        return !BLENDED_BY_DECODER;
    }

    private static boolean blendedByDecoder() {
        try (InputStream in = Objects.requireNonNull(ChromaRows.class.getResourceAsStream("tall-chroma.jpg"))) {
            Raster raster = Codecs.read("jpeg", in.readAllBytes(), reader -> reader.readRaster(0, null));
            for (int y = 0; y < raster.getHeight(); y += 2) {
                if (raster.getSample(0, y, 1) != raster.getSample(0, y + 1, 1)) {
                    return true;
                }
            }
            return false;
        } catch (IOException e) {
            throw new IllegalStateException("the JDK's decoder does not read JPEG", e);
        }
    }

    /** Blends the doubled rows of one band: three parts of the row itself, one of the nearer neighbour. */
    static void blend(Raster raster, int band) {
        ComponentSampleModel model = (ComponentSampleModel) raster.getSampleModel();
        byte[] bytes = ((DataBufferByte) raster.getDataBuffer()).getData();
        int stride = model.getScanlineStride();
        int step = model.getPixelStride();
        int offset = model.getBandOffsets()[band];
        int[] above = new int[raster.getWidth()];
        for (int y = 0; y < raster.getHeight(); y += 2) {
            for (int x = 0; x < above.length; x++) {
                int at = y * stride + x * step + offset;
                int own = bytes[at] & 0xff;
                int before = y == 0 ? own : above[x];
                int after = y + 2 < raster.getHeight() ? bytes[at + 2 * stride] & 0xff : own;
                above[x] = own;
                bytes[at] = (byte) ((3 * own + before + 1) >> 2);
                if (y + 1 < raster.getHeight()) {
                    bytes[at + stride] = (byte) ((3 * own + after + 2) >> 2);
                }
            }
        }
    }
}
