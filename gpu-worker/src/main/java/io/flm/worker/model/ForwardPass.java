package io.flm.worker.model;

import ai.djl.ndarray.NDArray;
import java.util.List;
import java.util.function.Supplier;

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

    /** Parts of the graph that see texts alone, and are the same beside each picture. */
    enum TextPart {
        /** The text layers below the fusion. */
        BELOW,
        /** What the fusion makes of them before it sees the picture. */
        FUSION,
        /** What the reconstructor makes of them, up to the same depth. */
        RECONSTRUCTOR
    }

    /** Runs such a part, within its stage or around it. A pass may keep what came of it, for the same texts beside other pictures. */
    default List<NDArray> textOnly(TextPart part, Supplier<List<NDArray>> body) {
        return body.get();
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
