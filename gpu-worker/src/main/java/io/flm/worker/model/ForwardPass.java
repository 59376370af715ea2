package io.flm.worker.model;

import ai.djl.ndarray.NDArray;
import java.util.List;

/**
 * Runs the graph stage by stage. Training records it ({@link RecordedForwardPass}); evaluation runs each body and keeps nothing for
 * backward. The graph is the same: how it runs is not what it is.
 */
@FunctionalInterface
interface ForwardPass {
    /** The computation of a stage: the same result each time it runs. */
    @FunctionalInterface
    interface Body {
        List<NDArray> run(Kernels k, List<NDArray> inputs);
    }

    /**
     * Runs a stage.
     *
     * @param stage whose parameters' gradients it completes
     * @param borrowed parameters of earlier stages that this one also uses
     * @param inputs outputs of earlier stages; the body captures what comes from the batch
     * @return the body's outputs
     */
    List<NDArray> run(Stage stage, List<NDArray> borrowed, List<NDArray> inputs, Body body);
}
