package io.flm.data;

import java.awt.image.BufferedImage;
import java.awt.image.ComponentSampleModel;
import java.awt.image.DataBufferByte;
import java.awt.image.DataBufferUShort;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;

/**
 * A decoded picture. Its lines are read one by one, in any direction, from what the decoder left: nothing of a picture's size is
 * allocated a second time, not even where it is turned.
 *
 * @param width of the lines that {@link #line} reads
 * @param height how many there are
 * @param orientation EXIF's: 1 as decoded, 2 to 8 mirrored and turned
 */
record Picture(int width, int height, Pixels pixels, int orientation) {
    /** Reads pixels of the decoded picture on a straight line. */
    interface Pixels {
        /**
         * Fills {@code rgb} with 0xRRGGBB, the upper byte undefined.
         *
         * @param x column of the first
         * @param y row of the first
         * @param stepX from one to the next; one of the steps is 0, the other 1 or -1
         */
        void read(int x, int y, int stepX, int stepY, int[] rgb);

        /** Gives memory outside of the heap back; nothing is read after it. */
        default void release() {}
    }

    /** The pixels of a decoder's picture, without a copy. */
    static Picture of(int width, int height, Pixels pixels) {
        return new Picture(width, height, pixels, 1);
    }

    /** The same seen as EXIF's orientation says: 6, for one, is turned by 90 degrees to the right. */
    Picture turned(int newOrientation) {
        return newOrientation >= 5
                ? new Picture(height, width, pixels, newOrientation)
                : new Picture(width, height, pixels, newOrientation);
    }

    /** Reads line {@code y} from the top: {@code width} pixels as 0xRRGGBB, the upper byte undefined. */
    void line(int y, int[] rgb) {
        int right = width - 1;
        int down = height - 1;
        switch (orientation) {
            case 2 -> pixels.read(right, y, -1, 0, rgb);
            case 3 -> pixels.read(right, down - y, -1, 0, rgb);
            case 4 -> pixels.read(0, down - y, 1, 0, rgb);
            case 5 -> pixels.read(y, 0, 0, 1, rgb);
            case 6 -> pixels.read(y, right, 0, -1, rgb);
            case 7 -> pixels.read(down - y, right, 0, -1, rgb);
            case 8 -> pixels.read(down - y, 0, 0, 1, rgb);
            default -> pixels.read(0, y, 1, 0, rgb);
        }
    }

    /** Pixels that a decoder left as 0xRRGGBB. */
    static Pixels ofInts(int[] values, int rowLength) {
        return (x, y, stepX, stepY, rgb) -> {
            int at = y * rowLength + x;
            int step = stepY * rowLength + stepX;
            for (int i = 0; i < rgb.length; i++, at += step) {
                rgb[i] = values[at];
            }
        };
    }

    /** Grey of any depth, RGB and palettes. Alpha is passed over; of 16 bits the upper 8 are taken. */
    static Pixels of(BufferedImage image) {
        Raster raster = image.getRaster();
        if (image.getColorModel() instanceof IndexColorModel colors) {
            int[] palette = new int[1 << raster.getSampleModel().getSampleSize(0)]; // an index beyond it is black
            colors.getRGBs(palette);
            return ofSamples(raster, palette);
        }
        int bits = raster.getSampleModel().getSampleSize(0);
        if (bits < 8) {
            int[] greys = new int[1 << bits];
            for (int i = 0; i < greys.length; i++) {
                greys[i] = 0x010101 * (255 / (greys.length - 1) * i);
            }
            return ofSamples(raster, greys);
        }
        ComponentSampleModel model = (ComponentSampleModel) raster.getSampleModel();
        int[] bands = model.getBandOffsets();
        int red = bands[0];
        int green = bands.length < 3 ? red : bands[1];
        int blue = bands.length < 3 ? red : bands[2];
        int rowStride = model.getScanlineStride();
        int pixelStride = model.getPixelStride();
        if (raster.getDataBuffer() instanceof DataBufferUShort buffer) {
            short[] shorts = buffer.getData();
            return (x, y, stepX, stepY, rgb) -> {
                int at = y * rowStride + x * pixelStride;
                int step = stepY * rowStride + stepX * pixelStride;
                for (int i = 0; i < rgb.length; i++, at += step) {
                    rgb[i] = (shorts[at + red] & 0xff00) << 8
                            | (shorts[at + green] & 0xff00)
                            | (shorts[at + blue] & 0xff00) >> 8;
                }
            };
        }
        byte[] bytes = ((DataBufferByte) raster.getDataBuffer()).getData();
        return (x, y, stepX, stepY, rgb) -> {
            int at = y * rowStride + x * pixelStride;
            int step = stepY * rowStride + stepX * pixelStride;
            for (int i = 0; i < rgb.length; i++, at += step) {
                rgb[i] = (bytes[at + red] & 0xff) << 16 | (bytes[at + green] & 0xff) << 8 | (bytes[at + blue] & 0xff);
            }
        };
    }

    private static Pixels ofSamples(Raster raster, int[] colors) {
        return (x, y, stepX, stepY, rgb) -> {
            for (int i = 0; i < rgb.length; i++) {
                rgb[i] = colors[raster.getSample(x + i * stepX, y + i * stepY, 0)];
            }
        };
    }

    /**
     * Three bands of 8 bits.
     *
     * @param ycc whether they are luma and chromas
     */
    static Pixels ofBands(Raster raster, boolean ycc) {
        ComponentSampleModel model = (ComponentSampleModel) raster.getSampleModel();
        byte[] bytes = ((DataBufferByte) raster.getDataBuffer()).getData();
        int rowStride = model.getScanlineStride();
        return (x, y, stepX, stepY, rgb) -> {
            int at = y * rowStride + 3 * x;
            int step = stepY * rowStride + 3 * stepX;
            for (int i = 0; i < rgb.length; i++, at += step) {
                int bands = (bytes[at] & 0xff) << 16 | (bytes[at + 1] & 0xff) << 8 | (bytes[at + 2] & 0xff);
                rgb[i] = ycc ? rgbOfYcc(bands) : bands;
            }
        };
    }

    /**
     * Four bands as Adobe's programs store them, inverted: what is there is 255 less cyan, magenta, yellow, black.
     *
     * @param ycc whether the first three are luma and chromas of what is printed
     */
    static Pixels ofInvertedCmyk(Raster raster, boolean ycc) {
        ComponentSampleModel model = (ComponentSampleModel) raster.getSampleModel();
        byte[] bytes = ((DataBufferByte) raster.getDataBuffer()).getData();
        int rowStride = model.getScanlineStride();
        return (x, y, stepX, stepY, rgb) -> {
            int at = y * rowStride + 4 * x;
            int step = stepY * rowStride + 4 * stepX;
            for (int i = 0; i < rgb.length; i++, at += step) {
                int bands = (bytes[at] & 0xff) << 16 | (bytes[at + 1] & 0xff) << 8 | (bytes[at + 2] & 0xff);
                int paper = ycc ? ~rgbOfYcc(bands) : bands;
                int light = bytes[at + 3] & 0xff;
                rgb[i] = dimmed(paper >> 16 & 0xff, light) << 16
                        | dimmed(paper >> 8 & 0xff, light) << 8
                        | dimmed(paper & 0xff, light);
            }
        };
    }

    private static int dimmed(int value, int light) {
        return (value * light + 127) / 255;
    }

    /** In integers of 16 bits after the point, as libjpeg has them. */
    private static int rgbOfYcc(int ycc) {
        int y = ycc >> 16;
        int cb = (ycc >> 8 & 0xff) - 128;
        int cr = (ycc & 0xff) - 128;
        int red = clip(y + ((91881 * cr + 32768) >> 16));
        int green = clip(y + ((-22554 * cb - 46802 * cr + 32768) >> 16));
        int blue = clip(y + ((116130 * cb + 32768) >> 16));
        return red << 16 | green << 8 | blue;
    }

    private static int clip(int value) {
        return Math.max(0, Math.min(255, value));
    }
}
