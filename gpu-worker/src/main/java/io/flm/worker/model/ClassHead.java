package io.flm.worker.model;

import ai.djl.ndarray.NDArray;
import io.flm.worker.model.ModelParts.Classifier;
import io.flm.worker.model.TextInput.RowPredictions;
import java.util.List;

/**
 * Output layers that read class vectors [B, H]: one layer, or two with norm and GELU between them. N predictions of A numbers each:
 * a prediction reads some rows side by side, or scores them one by one (then A is how many rows it compares).
 */
final class ClassHead {
    private final LayerParameters parameters;
    private final int joined;

    ClassHead(ModelSettings settings, Parameters all, Classifier classifier) {
        long in = (long) classifier.joined() * settings.hidden();
        long wide = 2L * settings.hidden();
        LayerParameters its = all.of(Stage.PREDICT, classifier.prefix());
        parameters = classifier.wide()
                ? its.linear("0.", wide, in).norm("1.", wide).linear("3.", classifier.outputs(), wide)
                : its.linear("", classifier.outputs(), in);
        joined = classifier.joined();
    }

    /** -> [N, A]. */
    NDArray logits(Kernels k, RowPredictions in, NDArray pooled) {
        return k.classLogits(pooled, in.rows(), in.count(), joined, parameters.get());
    }

    /** The weighted loss (a scalar), and [2]: the loss's sum, then the right predictions. */
    List<NDArray> loss(Kernels k, RowPredictions in, double weight, NDArray pooled) {
        NDArray logits = logits(k, in, pooled);
        return in.scores() ? k.scoreLoss(logits, in.targets(), weight) : k.classLoss(logits, in.targets(), weight);
    }
}
