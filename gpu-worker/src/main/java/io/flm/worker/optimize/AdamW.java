package io.flm.worker.optimize;

import ai.djl.ndarray.NDArray;
import io.flm.worker.model.Gradient;
import io.flm.worker.model.ParameterStore;
import io.flm.worker.torch.Script;
import io.flm.worker.torch.Torch;
import java.util.List;

/**
 * AdamW, as transformers 4.6 has it: w -= s * m / (sqrt(v) + eps) with s = lr * sqrt(1 - b2^t) / (1 - b1^t), then w -= lr * decay
 * * w. The moments m and v lie beside the weights, in the {@link ParameterStore}.
 *
 * <p>PyTorch's fused kernel decays first and adds eps to the corrected root. So it gets eps / sqrt(1 - b2^t), lr * (1 - lr *
 * decay) and decay / (1 - lr * decay): the same numbers in exact arithmetic.
 */
public final class AdamW {
    private final OptimizerSettings settings;
    private final List<ParameterStore.Group> groups;
    private final Script script;
    private final NDArray step;
    private final NDArray divisor;

    public AdamW(ParameterStore store, OptimizerSettings settings) {
        this.settings = settings;
        groups = store.groups(settings::factor);
        script = store.script();
        step = store.newScalar();
        divisor = store.newScalar();
    }

    /**
     * Updates all parameters. {@code gradient} is divided in place by {@code weight}.
     *
     * @param number of this update, from 1
     * @param rate the base learning rate
     * @param weight the sum of the weights of all predictions
     * @return the norm of the divided gradient, before it is clipped. To read it costs an eighth of the update's memory traffic
     */
    public double update(Gradient gradient, long number, double rate, double weight) {
        NDArray flat = gradient.flat();
        double norm = script.callNumber("l2_norm", flat) / weight;
        double scale = settings.clipNorm() > 0 ? weight * Math.max(1, norm / settings.clipNorm()) : weight;
        script.run("fill", step, (double) number);
        script.run("fill", divisor, scale);
        double root = Math.sqrt(1 - Math.pow(settings.beta2(), (double) number));
        for (ParameterStore.Group g : groups) {
            double lr = rate * g.factor();
            double decay = g.decay() ? settings.decay() : 0;
            double keep = 1 - lr * decay;
            try (NDArray range = Torch.view(flat.getManager(), flat, g.from(), g.size())) {
                script.run(
                        "adamw",
                        g.values(),
                        List.of(range),
                        g.firstMoments(),
                        g.secondMoments(),
                        step,
                        divisor,
                        lr * keep,
                        decay / keep,
                        settings.beta1(),
                        settings.beta2(),
                        settings.epsilon() / root);
            }
        }
        return norm;
    }
}
