package io.flm.worker.parity;

import com.fasterxml.jackson.databind.JsonNode;
import io.flm.data.TextBatch;
import io.flm.worker.checkpoint.Safetensors;
import io.flm.worker.model.FlmModel;
import io.flm.worker.model.FlmModel.Compute;
import io.flm.worker.model.ModelParts;
import io.flm.worker.model.PositionTable;
import io.flm.worker.objective.ar.AutoregressiveModeling;
import io.flm.worker.objective.flm.FreeLanguageModeling;
import io.flm.worker.objective.mlm.MaskedLanguageModeling;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * The model held against a folder of golden data: inputs, outputs, gradients and optimizer steps of the official
 * implementation. Errors are relative to the largest magnitude of the tensor.
 */
public final class Parity {
    private static final double POSITIONS = 2e-4;

    /**
     * One comparison.
     *
     * @param group what was compared, such as {@code r0.3 gradients}
     * @param error the largest relative error
     * @param tolerance what it may be
     * @param worst the tensor that has it
     * @param tensors how many were compared; 0: the folder has no data for it
     */
    public record Check(String group, double error, double tolerance, String worst, int tensors) {
        public boolean passed() {
            return error <= tolerance; // false for NaN
        }

        static Check notThere(String file) {
            return new Check(file, 0, 0, "", 0);
        }
    }

    private final Golden golden;
    private final Compute compute;
    private final List<Check> checks = new ArrayList<>();

    private Parity(Golden golden, Compute compute) {
        this.golden = golden;
        this.compute = compute;
    }

    /** Runs all comparisons that the folder has data for, and names the files that it lacks. The thread must be prepared for the engine. */
    public static List<Check> check(Path folder, Compute compute) {
        try (Golden golden = new Golden(folder)) {
            Parity parity = new Parity(golden, compute);
            parity.flm();
            parity.oneStream("mlm", MaskedLanguageModeling.PARTS, Golden::mlm);
            parity.oneStream("ar", AutoregressiveModeling.PARTS, Golden::ar);
            parity.checks.addAll(new TaskParity(golden, compute).all());
            golden.missing().stream()
                    .filter(file -> !file.startsWith("grads-")) // of few groups only
                    .forEach(file -> parity.checks.add(Check.notThere(file + ".safetensors")));
            return List.copyOf(parity.checks);
        }
    }

    private void flm() {
        try (FlmModel model = golden.model(FreeLanguageModeling.PARTS, compute)) {
            for (Map.Entry<String, JsonNode> rate : golden.part("flm").properties()) {
                flm(model, rate.getKey());
            }
            captions(model);
            positions(model);
            try (Safetensors expected = golden.open("weights-after-3-steps");
                    Safetensors gradients = golden.open("grads-flm-r0")) { // last, as it changes the weights
                if (expected != null) {
                    checks.add(new GradientParity(golden, model).optimizer(expected, gradients));
                }
            }
        }
    }

    private void flm(FlmModel model, String rate) {
        TextBatch batch = golden.flm(rate);
        try (Safetensors outputs = golden.open("outputs-flm-" + rate);
                Safetensors gradients = golden.open("grads-flm-" + rate)) {
            if (outputs != null) {
                checks.addAll(new GraphParity(golden, model).flm(rate, outputs));
            }
            if (gradients != null) {
                double[] weights = golden.flmWeights(batch);
                checks.add(new GradientParity(golden, model).gradients(rate, batch, weights, gradients));
            }
        }
    }

    /** @param key of the objective, as the folder's files are named */
    private void oneStream(String key, ModelParts parts, Function<Golden, TextBatch> batchOf) {
        try (Safetensors outputs = golden.open("outputs-" + key);
                Safetensors gradients = golden.open("grads-" + key)) {
            if (outputs == null) {
                return;
            }
            TextBatch batch = batchOf.apply(golden);
            try (FlmModel model = golden.model(parts, compute)) {
                checks.addAll(new GraphParity(golden, model).oneStream(key, batch, outputs));
                if (gradients != null) {
                    double[] mean = {1.0 / batch.targetCounts()[0]};
                    checks.add(new GradientParity(golden, model).gradients(key, batch, mean, gradients));
                }
            }
        }
    }

    /** A position table made for other picture sizes. */
    private void positions(FlmModel model) {
        try (Safetensors expected = golden.open("outputs-posinterp")) {
            if (expected == null) {
                return;
            }
            float[] table = expected.floats("from");
            Comparison comparison = new Comparison();
            expected.tensors().forEach((name, tensor) -> {
                if (!name.equals("from")) {
                    int side = (int) Math.round(Math.sqrt((double) tensor.shape()[0] - 1));
                    float[] resized = expected.floats(name);
                    float[] ours = PositionTable.resized(table, model.settings().imageWidth(), side);
                    if (!comparison.differInSize(name, ours, resized)) {
                        comparison.add(name, Comparison.difference(ours, resized) / Comparison.largest(resized));
                    }
                }
            });
            checks.add(comparison.check("image positions resized", POSITIONS));
        }
    }

    private void captions(FlmModel model) {
        try (Safetensors expected = golden.open("outputs-caption")) {
            JsonNode task = golden.meta().path("tasks").path("caption");
            if (expected != null && !task.isMissingNode()) {
                int steps = task.get("steps").asInt();
                checks.addAll(new CaptionParity(golden, model, ints(task.get("start_ids")), ints(task.get("stop_ids")))
                        .compare(steps, expected));
            }
        }
    }

    private static int[] ints(JsonNode array) {
        int[] values = new int[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = array.get(i).asInt();
        }
        return values;
    }
}
