package io.flm.worker.parity;

import static io.flm.worker.parity.Comparison.difference;
import static io.flm.worker.parity.Comparison.largest;

import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import io.flm.data.TextBatch;
import io.flm.worker.checkpoint.Safetensors;
import io.flm.worker.model.FlmModel;
import io.flm.worker.model.Gradient;
import io.flm.worker.model.Parameter;
import io.flm.worker.model.ParameterStore;
import io.flm.worker.optimize.AdamW;
import io.flm.worker.optimize.OptimizerSettings;
import io.flm.worker.parity.Parity.Check;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Gradients, and what some optimizer steps make of the weights. */
final class GradientParity {
    private static final double GRADIENTS = 5e-5;
    private static final double UPDATES = 0.10; // of the largest update: early Adam steps blow up rounding

    /** Smaller gradients, of the tensor's largest, are left aside: an error of {@link #GRADIENTS} is a twentieth of them, and so of their update. */
    private static final double CLEAR = 20 * GRADIENTS;

    private final Golden golden;
    private final FlmModel model;
    private final Gradient gradient;

    GradientParity(Golden golden, FlmModel model) {
        this.golden = golden;
        this.model = model;
        this.gradient = model.parameters().newGradient();
    }

    private void train(TextBatch batch, double[] weights) {
        try (NDManager scope = model.newScope()) {
            model.train(batch, golden.image(scope), weights, 0, gradient, stage -> {});
        }
    }

    /** @param weights by head of the objective */
    Check gradients(String group, TextBatch batch, double[] weights, Safetensors expected) {
        train(batch, weights);
        double largestOfAll = 0;
        for (String name : expected.tensors().keySet()) {
            largestOfAll = Math.max(largestOfAll, largest(expected.floats(name)));
        }
        Comparison comparison = new Comparison();
        Set<String> missing = new HashSet<>(expected.tensors().keySet());
        for (Parameter p : model.parameters().layout()) {
            if (missing.remove(p.name())) {
                compare(p, expected.floats(p.name()), largestOfAll, comparison);
            }
        }
        missing.forEach(name -> comparison.add(name + " (no such parameter)", Double.NaN));
        return comparison.check(group + " gradients", GRADIENTS);
    }

    /** The gradient of a key bias is zero in exact arithmetic: a constant added to all scores of a row changes nothing. */
    private void compare(Parameter p, float[] expected, double largestOfAll, Comparison comparison) {
        float[] ours = gradient.read(p);
        if (comparison.differInSize(p.name(), ours, expected)) {
            return;
        }
        if (p.name().endsWith("in_proj_bias")) {
            int third = expected.length / 3; // q, k, v: the middle third is a key bias
            Arrays.fill(ours, third, 2 * third, 0);
            Arrays.fill(expected, third, 2 * third, 0);
        }
        boolean keyBias = p.name().endsWith("key.bias");
        comparison.add(p.name(), difference(ours, expected) / (keyBias ? largestOfAll : largest(expected)));
    }

    /**
     * Three steps of flm without corruption, from the golden weights on.
     *
     * @param gradients the official ones of the first step; null if the folder has none: then all values are compared
     */
    Check optimizer(Safetensors expected, @Nullable Safetensors gradients) {
        JsonNode o = golden.part("optimizer");
        JsonNode rates = o.get("group_lr_used_at_step");
        TextBatch batch = golden.flm("r0");
        AdamW optimizer = new AdamW(model.parameters(), settings());
        for (int step = 0; step < rates.size(); step++) {
            train(batch, golden.flmWeights(batch));
            optimizer.update(gradient, step + 1, rates.get(step).get(0).asDouble(), 1);
        }
        Set<String> noisy = new HashSet<>();
        o.path("noise_dominated").forEach(n -> noisy.add(n.asText()));
        o.path("noise_dominated").fieldNames().forEachRemaining(noisy::add);
        Comparison comparison = new Comparison();
        for (Parameter p : model.parameters().layout()) {
            if (!noisy.contains(p.name()) && expected.tensors().containsKey(p.name())) {
                float[] clear = gradients != null && gradients.tensors().containsKey(p.name())
                        ? gradients.floats(p.name())
                        : null;
                compareUpdates(p, expected.floats(p.name()), clear, comparison);
            }
        }
        return comparison.check("3 optimizer steps, of the largest update", UPDATES);
    }

    private void compareUpdates(Parameter p, float[] expected, float @Nullable [] gradients, Comparison comparison) {
        float[] before = golden.weights().floats(p.name());
        if (comparison.differInSize(p.name(), before, expected)) { // the model has the size of the weights
            return;
        }
        FloatBuffer ours = FloatBuffer.allocate((int) p.size());
        model.parameters().read(ParameterStore.Buffer.VALUES, p.offset(), ours);
        double update = difference(expected, before);
        if (update > 0) {
            comparison.add(p.name(), clearDifference(ours.array(), expected, gradients) / update);
        }
    }

    /** The largest difference at values whose gradient is clear of rounding. */
    private static double clearDifference(float[] ours, float[] expected, float @Nullable [] gradients) {
        if (gradients == null) {
            return difference(ours, expected);
        }
        double least = CLEAR * largest(gradients);
        double largest = 0;
        for (int i = 0; i < ours.length; i++) {
            if (Math.abs(gradients[i]) >= least) {
                largest = Math.max(largest, Math.abs((double) ours[i] - expected[i]));
            }
        }
        return largest;
    }

    private OptimizerSettings settings() {
        JsonNode c = golden.part("config");
        return new OptimizerSettings(
                c.get("adam_betas").get(0).asDouble(),
                c.get("adam_betas").get(1).asDouble(),
                c.get("adam_eps").asDouble(),
                c.get("weight_decay").asDouble(),
                0,
                c.path("lr_mult_cross_modal").asDouble(5),
                c.path("lr_mult_head").asDouble(5),
                1);
    }
}
