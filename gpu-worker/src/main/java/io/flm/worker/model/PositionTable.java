package io.flm.worker.model;

import io.flm.data.UserException;

/** The image encoder's position table for pictures of another size, as CLIP's checkpoints are loaded at another resolution. */
public final class PositionTable {
    /** Of the cubic, as torch has it. */
    private static final double A = -0.75;

    private PositionTable() {}

    /**
     * The class row stays; the grid of the others is resized bicubically, as {@code torch.nn.functional.interpolate} does with {@code
     * align_corners=False}. Computed here and not on a device, so that all workers begin with the same bits.
     *
     * @param table [1 + g * g, width], row-major
     * @param side patches along a side of the new grid
     * @return [1 + side * side, width]
     */
    public static float[] resized(float[] table, int width, int side) {
        int grid = side(table.length, width);
        float[] resized = new float[(1 + side * side) * width];
        System.arraycopy(table, 0, resized, 0, width);
        int[] from = new int[side];
        double[][] weights = new double[side][];
        for (int i = 0; i < side; i++) {
            double at = (i + 0.5) * grid / side - 0.5;
            from[i] = (int) Math.floor(at) - 1;
            weights[i] = weights(at - Math.floor(at));
        }
        for (int y = 0; y < side; y++) {
            for (int x = 0; x < side; x++) {
                int to = (1 + y * side + x) * width;
                for (int c = 0; c < width; c++) {
                    double sum = 0;
                    for (int j = 0; j < 4; j++) {
                        int row = Math.max(0, Math.min(grid - 1, from[y] + j)) * grid;
                        double line = 0;
                        for (int i = 0; i < 4; i++) {
                            int column = Math.max(0, Math.min(grid - 1, from[x] + i));
                            line += weights[x][i] * table[(1 + row + column) * width + c];
                        }
                        sum += weights[y][j] * line;
                    }
                    resized[to + c] = (float) sum;
                }
            }
        }
        return resized;
    }

    /**
     * Patches along a side of a table's grid.
     *
     * @throws UserException where it is no square and a class row
     */
    public static int side(long values, int width) {
        int side = (int) Math.round(Math.sqrt(Math.max(0, values / (double) width - 1)));
        if (side == 0 || values != (1L + (long) side * side) * width) {
            throw new UserException("a position table of " + values + " values is no square grid and a class row of "
                    + "flm.model.image-width = " + width + "; give the table of a checkpoint of that width");
        }
        return side;
    }

    /** Of the two values before and the two values behind a place that is {@code t} behind the second one. */
    private static double[] weights(double t) {
        return new double[] {far(1 + t), near(t), near(1 - t), far(2 - t)};
    }

    private static double near(double x) {
        return ((A + 2) * x - (A + 3)) * x * x + 1;
    }

    private static double far(double x) {
        return ((A * x - 5 * A) * x + 8 * A) * x - 4 * A;
    }
}
