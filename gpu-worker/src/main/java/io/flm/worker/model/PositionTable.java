package io.flm.worker.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.flm.data.UserException;

/** The image encoder's position table for pictures of another size, as CLIP's checkpoints are loaded at another resolution. */
public final class PositionTable {
    private PositionTable() {}

    /**
     * The class row stays; the grid of the others is resized bicubically.
     *
     * @param table [1 + g * g, W], row-major
     * @param side patches along a side of the new grid
     * @return [1 + side * side, W]
     */
    public static float[] resized(FlmModel model, float[] table, int side) {
        int width = model.settings().imageWidth();
        int grid = (int) Math.round(Math.sqrt(table.length / (double) width - 1));
        if (table.length != (1 + grid * grid) * width) {
            throw new UserException(
                    "a position table of " + table.length + " values is no square grid and a class row of "
                            + "flm.model.image-width = " + width + "; give the table of a checkpoint of that width");
        }
        try (NDManager scope = model.newScope()) {
            NDArray old = scope.create(table, new Shape(1 + grid * grid, width));
            return model.kernels(scope).resizePositions(old, side).toFloatArray();
        }
    }
}
