package io.flm.data;

import java.io.IOException;

/**
 * Encoded pictures to RGB values: decoded, alpha dropped, the shorter side resized bicubic to S, the centre cut out. The
 * resampling is that of PIL: Keys' cubic with a = -0.5, wider where the picture shrinks.
 */
public final class Pictures {
    private static final double A = -0.5;

    private Pictures() {}

    /**
     * Decodes a picture.
     *
     * @param size S
     * @return RGB values 0..255 as [3, S, S]
     * @throws IOException where it is no picture
     */
    public static byte[] decode(byte[] image, int size) throws IOException {
        Codecs.Picture decoded = Codecs.decode(image);
        int width = decoded.width();
        int height = decoded.height();
        int[] argb = decoded.rgb();
        if (width == size && height == size) {
            return planes(argb);
        }
        int shorter = Math.min(width, height);
        long resizedWidth = (long) width * size / shorter;
        long resizedHeight = (long) height * size / shorter;
        long left = (long) Math.rint((resizedWidth - size) / 2.0);
        long top = (long) Math.rint((resizedHeight - size) / 2.0);
        byte[] rgb = new byte[3 * size * size];
        Weights across = Weights.of(width, resizedWidth, left, size);
        Weights down = Weights.of(height, resizedHeight, top, size);
        int first = down.from[0];
        int end = down.to[size - 1];
        float[] rows = new float[(end - first) * size]; // those that the cut needs
        for (int channel = 0; channel < 3; channel++) {
            int shift = 16 - 8 * channel;
            for (int y = first; y < end; y++) {
                for (int x = 0; x < size; x++) {
                    float sum = 0;
                    for (int k = across.from[x]; k < across.to[x]; k++) {
                        sum += across.weight[x][k - across.from[x]] * ((argb[y * width + k] >> shift) & 0xff);
                    }
                    rows[(y - first) * size + x] = clip(sum);
                }
            }
            for (int y = 0; y < size; y++) {
                for (int x = 0; x < size; x++) {
                    float sum = 0;
                    for (int k = down.from[y]; k < down.to[y]; k++) {
                        sum += down.weight[y][k - down.from[y]] * rows[(k - first) * size + x];
                    }
                    rgb[(channel * size + y) * size + x] = (byte) clip(sum);
                }
            }
        }
        return rgb;
    }

    /** A picture that has its size already. */
    private static byte[] planes(int[] argb) {
        int count = argb.length;
        byte[] rgb = new byte[3 * count];
        for (int i = 0; i < count; i++) {
            rgb[i] = (byte) (argb[i] >> 16);
            rgb[count + i] = (byte) (argb[i] >> 8);
            rgb[2 * count + i] = (byte) argb[i];
        }
        return rgb;
    }

    /** PIL rounds to a byte after each of its two passes. */
    private static int clip(float value) {
        return Math.max(0, Math.min(255, Math.round(value)));
    }

    /** For each place of the result: which places of the source it takes, from and to, and how much of each. */
    private record Weights(int[] from, int[] to, float[][] weight) {
        static Weights of(int source, long resized, long offset, int count) {
            double scale = (double) source / resized;
            double filterScale = Math.max(1, scale);
            double support = 2 * filterScale;
            int[] from = new int[count];
            int[] to = new int[count];
            float[][] weights = new float[count][];
            for (int i = 0; i < count; i++) {
                double center = (offset + i + 0.5) * scale;
                from[i] = Math.max(0, (int) (center - support + 0.5));
                to[i] = Math.min(source, (int) (center + support + 0.5));
                double[] raw = new double[to[i] - from[i]];
                double sum = 0;
                for (int k = 0; k < raw.length; k++) {
                    raw[k] = cubic((from[i] + k - center + 0.5) / filterScale);
                    sum += raw[k];
                }
                weights[i] = new float[raw.length];
                for (int k = 0; k < raw.length; k++) {
                    weights[i][k] = (float) (raw[k] / sum);
                }
            }
            return new Weights(from, to, weights);
        }
    }

    private static double cubic(double at) {
        double x = Math.abs(at);
        if (x < 1) {
            return ((A + 2) * x - (A + 3)) * x * x + 1;
        }
        return x < 2 ? (((x - 5) * x + 8) * x - 4) * A : 0;
    }
}
