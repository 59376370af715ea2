package io.flm.worker.weights;

/**
 * Where a tensor goes.
 *
 * @param name of the model's tensor
 * @param part which of {@code parts} equal ones along the first dimension, from 0
 * @param parts 1 if it is the whole tensor
 */
record Place(String name, int part, int parts) {
    static Place of(String name) {
        return new Place(name, 0, 1);
    }

    Place part(int index, int of) {
        return new Place(name, index, of);
    }
}
