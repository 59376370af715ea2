package io.flm.worker.model;

import ai.djl.ndarray.NDArray;

/** Sees what the graph computes, by name, as it is computed: for comparisons with the official implementation. */
@FunctionalInterface
public interface Observer {
    /** Sees nothing. */
    Observer NONE = (name, array) -> {};

    /** @param array is closed after the pass */
    void saw(String name, NDArray array);
}
