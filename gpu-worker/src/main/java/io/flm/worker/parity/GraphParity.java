package io.flm.worker.parity;

import static io.flm.worker.parity.Comparison.largest;
import static io.flm.worker.parity.Comparison.relative;

import ai.djl.ndarray.NDManager;
import io.flm.data.TextBatch;
import io.flm.worker.checkpoint.Safetensors;
import io.flm.worker.model.FlmModel;
import io.flm.worker.model.Gradient;
import io.flm.worker.model.Observer;
import io.flm.worker.parity.Parity.Check;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/** Features, logits and losses: what the graph computes on its way, beside what the official implementation did. */
final class GraphParity {
    private static final double TOLERANCE = 2e-4;
    private static final double HIDDEN_ROWS = 2e-3; // rows without a visible key: scores rounded by adding -10000

    private static final List<String> HEADS = List.of("rec", "l2r", "r2l");

    /** Class vectors are those of tasks, which have models of their own; masks of the streams show in what is seen through them. */
    private static final Set<String> NOT_OBSERVED = Set.of("cls", "pooled", "text.mask", "l2r.mask", "r2l.mask");

    private final Golden golden;
    private final FlmModel model;
    private final List<Check> checks = new ArrayList<>();

    GraphParity(Golden golden, FlmModel model) {
        this.golden = golden;
        this.model = model;
    }

    /**
     * Three streams.
     *
     * @param rate corruption rate, as the folder names it
     * @param outputs the official ones
     */
    List<Check> flm(String rate, Safetensors outputs) {
        TextBatch batch = golden.flm(rate);
        Map<String, float[]> ours = observed(batch);
        Set<Integer> hidden = new HashSet<>();
        golden.part("flm")
                .path(rate)
                .path("rows_with_no_visible_key")
                .forEach(at -> hidden.add(
                        at.get(0).asInt() * golden.length() + at.get(1).asInt()));
        compare(rate + " features", ours, outputs, hidden, name -> !name.startsWith("logits"));
        compare(rate + " logits", ours, outputs, hidden, name -> name.startsWith("logits"));
        if (outputs.tensors().containsKey("loss.rec")) {
            flmLosses(batch, rate, outputs, hidden.isEmpty() ? TOLERANCE : HIDDEN_ROWS);
        }
        return List.copyOf(checks);
    }

    private void flmLosses(TextBatch batch, String rate, Safetensors outputs, double tolerance) {
        double[] w = golden.flmWeights(batch);
        double[] sums = lossSums(batch, w);
        Comparison comparison = new Comparison();
        double total = 0;
        for (int h = 0; h < sums.length; h++) {
            String name = "loss." + HEADS.get(h);
            comparison.add(name, relative(sums[h] / batch.targetCounts()[h], outputs.floats(name)[0]));
            total += sums[h] * w[h];
        }
        comparison.add("loss.total", relative(total, outputs.floats("loss.total")[0]));
        checks.add(comparison.check(rate + " losses", tolerance));
    }

    /** One stream: the mean over all predictions. */
    List<Check> oneStream(String objective, TextBatch batch, Safetensors outputs) {
        Map<String, float[]> ours = new LinkedHashMap<>();
        observe(batch, (name, array) -> {
            String official = name.equals("logits.0")
                    ? "logits"
                    : name.startsWith("bottom.") || name.startsWith("top") ? "text." + name : name;
            ours.put(official, array.toFloatArray());
        });
        compare(objective + " features", ours, outputs, Set.of(), name -> !name.equals("logits"));
        compare(objective + " logits", ours, outputs, Set.of(), name -> name.equals("logits"));
        double[] mean = {1.0 / batch.targetCounts()[0]};
        Comparison comparison = new Comparison();
        comparison.add("loss", relative(lossSums(batch, mean)[0] * mean[0], outputs.floats("loss")[0]));
        checks.add(comparison.check(objective + " losses", TOLERANCE));
        return List.copyOf(checks);
    }

    private double[] lossSums(TextBatch batch, double[] weights) {
        Gradient scratch = model.parameters().newGradient();
        try (NDManager scope = model.newScope()) {
            return model.train(batch, golden.image(scope), weights, 0, scratch, stage -> {})
                    .loss()
                    .sums();
        }
    }

    private void observe(TextBatch batch, Observer observer) {
        try (NDManager scope = model.newScope()) {
            model.observe(batch, golden.image(scope), observer);
        }
    }

    /** All arrays of the graph under their official names; those of both streams are taken apart. */
    private Map<String, float[]> observed(TextBatch batch) {
        Map<String, float[]> ours = new LinkedHashMap<>();
        observe(batch, (name, array) -> {
            float[] values = array.toFloatArray();
            if (name.equals("text.embeddings")) { // of both streams alike
                ours.put(name, stream(values, 0));
            } else if (name.startsWith("bottom.") || name.startsWith("top")) {
                ours.put("l2r." + name, stream(values, 0));
                ours.put("r2l." + name, stream(values, 1));
            } else if (name.equals("logits.0")) {
                ours.put("logits.rec", values);
            } else if (name.equals("logits.1")) {
                ours.put("logits.l2r", stream(values, 0));
                ours.put("logits.r2l", stream(values, 1));
            } else {
                ours.put(name, values);
            }
        });
        return ours;
    }

    /** Every second row of interleaved streams [2B, ..]. */
    private float[] stream(float[] both, int which) {
        int row = both.length / (2 * golden.rows());
        float[] one = new float[both.length / 2];
        for (int r = 0; r < golden.rows(); r++) {
            System.arraycopy(both, (2 * r + which) * row, one, r * row, row);
        }
        return one;
    }

    private void compare(
            String group,
            Map<String, float[]> ours,
            Safetensors outputs,
            Set<Integer> hidden,
            Predicate<String> filter) {
        Comparison seen = new Comparison();
        Comparison unseen = new Comparison();
        for (String name : outputs.tensors().keySet()) {
            if (name.startsWith("loss") || NOT_OBSERVED.contains(name) || !filter.test(name)) {
                continue;
            }
            float[] values = ours.get(name);
            if (values == null) {
                seen.add(name + " (is not computed)", Double.NaN);
                continue;
            }
            float[] expected = outputs.floats(name);
            if (seen.differInSize(name, values, expected)) {
                continue;
            }
            boolean perRow = name.startsWith("rec.") || name.equals("logits.rec");
            int width = perRow ? values.length / (golden.rows() * golden.length()) : 1;
            double largest = largest(expected);
            double worst = 0;
            double worstHidden = 0;
            for (int i = 0; i < values.length; i++) {
                double error = Math.abs(values[i] - expected[i]) / largest;
                if (perRow && hidden.contains(i / width)) {
                    worstHidden = Math.max(worstHidden, error);
                } else {
                    worst = Math.max(worst, error);
                }
            }
            seen.add(name, worst);
            if (perRow && !hidden.isEmpty()) {
                unseen.add(name, worstHidden);
            }
        }
        checks.add(seen.check(group, TOLERANCE));
        if (!hidden.isEmpty()) {
            checks.add(unseen.check(group + " of rows without a visible key", HIDDEN_ROWS));
        }
    }
}
