package io.flm.worker.weights;

/**
 * Where a tensor goes.
 *
 * @param name of the model's tensor
 * @param part which of {@code parts} equal ones along the first dimension, from 0
 * @param parts 1 if it is the whole tensor
 * @param skippedRows rows in front of it that keep what they have
 */
record Place(String name, int part, int parts, int skippedRows) {
    static Place of(String name) {
        return new Place(name, 0, 1, 0);
    }

    Place part(int index, int of) {
        return new Place(name, index, of, skippedRows);
    }

    Place behind(int rows) {
        return new Place(name, part, parts, rows);
    }
}
