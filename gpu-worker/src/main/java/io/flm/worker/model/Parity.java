package io.flm.worker.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.data.Objective;
import io.flm.data.Targets;
import io.flm.data.TextBatch;
import io.flm.data.UserException;
import io.flm.worker.checkpoint.Safetensors;
import io.flm.worker.model.FlmModel.Compute;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntPredicate;

/**
 * The model held against a folder of golden data: inputs, outputs, gradients and optimizer steps of the official
 * implementation. Errors are relative to the largest magnitude of the tensor.
 */
public final class Parity {
    private static final double FEATURES = 2e-4;
    private static final double GRADIENTS = 5e-5;
    private static final double HIDDEN_ROWS = 2e-3; // rows without a visible key: scores rounded by adding -10000
    private static final double UPDATES = 0.10; // of the largest update: early Adam steps blow up rounding

    /**
     * One comparison.
     *
     * @param group what was compared, such as {@code r0.3 gradients}
     * @param error the largest relative error
     * @param tolerance what it may be
     * @param worst the tensor that has it
     * @param tensors how many were compared
     */
    public record Check(String group, double error, double tolerance, String worst, int tensors) {
        public boolean passed() {
            return error <= tolerance; // false for NaN
        }
    }

    private final Path folder;
    private final Compute compute;
    private final JsonNode meta;
    private final Safetensors weights;
    private final Safetensors inputs;
    private final List<Check> checks = new ArrayList<>();
    private final int rows;
    private final int length;
    private final int[] ids;
    private final int pad;

    private Parity(Path folder, Compute compute) {
        this.folder = folder;
        this.compute = compute;
        try {
            meta = new ObjectMapper().readTree(Files.readAllBytes(folder.resolve("meta.json")));
        } catch (IOException e) {
            throw new UserException(folder + ": no readable meta.json (" + e.getMessage()
                    + "); give a folder of golden data, such as tests/golden/flm-tiny");
        }
        weights = Safetensors.open(folder.resolve("weights.safetensors"));
        inputs = Safetensors.open(folder.resolve("inputs.safetensors"));
        long[] shape = inputs.tensor("text_ids").shape();
        rows = (int) shape[0];
        length = (int) shape[1];
        ids = ints(inputs, "text_ids");
        pad = meta.get("special_ids").get("pad").asInt();
    }

    /** Runs all comparisons that the folder has data for. The thread must be prepared for the engine. */
    public static List<Check> check(Path folder, Compute compute) {
        Parity parity = new Parity(folder, compute);
        try {
            parity.flm();
            parity.single(Objective.MLM);
            parity.single(Objective.AR);
            return List.copyOf(parity.checks);
        } finally {
            parity.weights.close();
            parity.inputs.close();
        }
    }

    private ModelSettings settings() {
        JsonNode c = meta.get("config");
        return new ModelSettings(
                c.get("vocab_size").asInt(),
                c.get("hidden_size").asInt(),
                c.get("num_heads").asInt(),
                c.get("mlp_ratio").asInt(),
                c.get("num_bottom_layer").asInt(),
                c.get("num_top_layer").asInt(),
                c.get("num_reconstructor_bottom_layer").asInt(),
                c.get("num_reconstructor_top_layer").asInt(),
                c.get("max_position_embeddings").asInt(),
                c.get("image_size").asInt(),
                c.get("patch_size").asInt(),
                c.get("vit_width").asInt(),
                c.get("vit_heads").asInt(),
                c.get("vit_layers_used").asInt(),
                0);
    }

    private FlmModel model(Objective objective) {
        FlmModel model = new FlmModel(settings(), objective, compute);
        for (Parameter p : model.parameters().layout()) {
            String name = weights.tensors().containsKey(p.name()) ? p.name() : "heads." + p.name();
            long[] shape =
                    weights.tensors().containsKey(name) ? weights.tensor(name).shape() : new long[0];
            if (!Arrays.equals(shape, p.shape())) {
                throw new UserException(folder + ": weights.safetensors has " + name + " " + Arrays.toString(shape)
                        + " where the sizes in meta.json ask for " + Arrays.toString(p.shape()) + "; mend either");
            }
            model.parameters().write(ParameterStore.Buffer.VALUES, p.offset(), FloatBuffer.wrap(weights.floats(name)));
        }
        return model;
    }

    private NDArray image(NDManager scope) {
        return scope.create(
                inputs.floats("image"), new Shape(inputs.tensor("image").shape()));
    }

    // ---- three streams ----------------------------------------------------------------------------------------------

    private void flm() {
        try (FlmModel model = model(Objective.FLM);
                NDManager scope = model.newScope()) {
            meta.get("flm").properties().forEach(rate -> {
                Path outputs = folder.resolve("outputs-flm-" + rate.getKey() + ".safetensors");
                if (Files.exists(outputs)) {
                    try (Safetensors golden = Safetensors.open(outputs)) {
                        forward(model, rate.getKey(), rate.getValue(), golden);
                    }
                }
                Path grads = folder.resolve("grads-flm-" + rate.getKey() + ".safetensors");
                if (Files.exists(grads)) {
                    gradients(model, batch(rate.getKey()), flmWeights(batch(rate.getKey())), rate.getKey(), grads);
                }
            });
            captions(model, scope);
            positions(model);
            optimizer(model);
        }
    }

    /** The official labels: r2l predicts the end from the first pad row too. */
    private TextBatch batch(String rate) {
        boolean spans = inputs.tensors().containsKey("span." + rate + ".left");
        return new TextBatch(
                Objective.FLM,
                rows,
                length,
                ids,
                lengths(),
                ints(inputs, "text_all_masks_ids"),
                spans ? ints(inputs, "span." + rate + ".left") : new int[rows * length],
                spans ? ints(inputs, "span." + rate + ".right") : new int[rows * length],
                List.of(targets(i -> i >= 1, 0), targets(i -> i >= 1 && i <= length - 2, 1), targets(i -> i >= 2, -1)));
    }

    private int[] lengths() {
        int[] lengths = new int[rows];
        for (int i = 0; i < ids.length; i++) {
            lengths[i / length] += ids[i] == pad ? 0 : 1;
        }
        return lengths;
    }

    private Targets targets(IntPredicate columns, int shift) {
        List<int[]> found = new ArrayList<>();
        for (int i = 0; i < ids.length; i++) {
            if (columns.test(i % length) && ids[i + shift] != pad) {
                found.add(new int[] {i, ids[i + shift]});
            }
        }
        return new Targets(
                found.stream().mapToInt(f -> f[0]).toArray(),
                found.stream().mapToInt(f -> f[1]).toArray());
    }

    /** The official total: the weighted mean of the heads' means. */
    private double[] flmWeights(TextBatch batch) {
        JsonNode c = meta.get("config");
        double[] w = {
            1,
            c.path("flm_aux_lm_loss_l2r_weight").asDouble(1),
            c.path("flm_aux_lm_loss_r2l_weight").asDouble(1)
        };
        double sum = Arrays.stream(w).sum();
        for (int h = 0; h < w.length; h++) {
            w[h] /= sum * batch.targetCounts()[h];
        }
        return w;
    }

    private void forward(FlmModel model, String rate, JsonNode rateMeta, Safetensors golden) {
        try (NDManager scope = model.newScope()) {
            TextBatch batch = batch(rate);
            Map<String, float[]> ours = new LinkedHashMap<>();
            NDArray image = image(scope);
            ours.put("image.features", model.imageFeatures(scope, image).toFloatArray());
            NDArray tokens = model.imageTokens(scope, image);
            ours.put("image.projected", tokens.toFloatArray());
            FlmModel.Features f = model.threeStreams(model.pass(scope), Text.of(scope, batch), tokens);
            ours.put("rec.mask", f.mask().toFloatArray());
            ours.put("text.embeddings", stream(model, scope, f.embedded(), 0));
            ours.put("query.embeddings", f.query().toFloatArray());
            ours.put("rec.top_in", f.reconstructorTopIn().toFloatArray());
            for (int s = 0; s < 2; s++) {
                String name = s == 0 ? "l2r." : "r2l.";
                ours.put(name + "top_in", stream(model, scope, f.topIn(), s));
                for (int i = 0; i < f.bottom().size(); i++) {
                    ours.put(
                            name + "bottom." + i,
                            stream(model, scope, f.bottom().get(i), s));
                }
                for (int i = 0; i < f.top().size(); i++) {
                    ours.put(name + "top." + i, stream(model, scope, f.top().get(i), s));
                }
                NDArray last = model.pass(scope).stream(f.top().get(f.top().size() - 1), s);
                ours.put(
                        "logits." + name.substring(0, 3),
                        model.logits(scope, last).toFloatArray());
            }
            for (int i = 0; i < f.reconstructorBottom().size(); i++) {
                ours.put("rec.bottom." + i, f.reconstructorBottom().get(i).toFloatArray());
            }
            for (int i = 0; i < f.reconstructorTop().size(); i++) {
                ours.put("rec.top." + i, f.reconstructorTop().get(i).toFloatArray());
            }
            NDArray last = f.reconstructorTop().get(f.reconstructorTop().size() - 1);
            ours.put("logits.rec", model.logits(scope, last).toFloatArray());

            Set<Integer> hidden = new HashSet<>();
            rateMeta.path("rows_with_no_visible_key")
                    .forEach(at ->
                            hidden.add(at.get(0).asInt() * length + at.get(1).asInt()));
            compare(rate + " features", ours, golden, hidden, name -> !name.startsWith("logits"));
            compare(rate + " logits", ours, golden, hidden, name -> name.startsWith("logits"));
            losses(model, batch, rate, golden, hidden.isEmpty() ? FEATURES : HIDDEN_ROWS);
        }
    }

    private static float[] stream(FlmModel model, NDManager scope, NDArray both, int which) {
        return model.pass(scope).stream(both, which).toFloatArray();
    }

    private void losses(FlmModel model, TextBatch batch, String rate, Safetensors golden, double tolerance) {
        if (!golden.tensors().containsKey("loss.rec")) {
            return;
        }
        Gradient scratch = model.parameters().newGradient();
        try (NDManager scope = model.newScope()) {
            double[] sums = model.train(batch, image(scope), flmWeights(batch), 0, scratch, stage -> {})
                    .lossSums();
            Worst worst = new Worst();
            double total = 0;
            double[] w = flmWeights(batch);
            for (int h = 0; h < sums.length; h++) {
                String name = "loss." + Objective.FLM.headName(h);
                worst.add(name, relative(sums[h] / batch.targetCounts()[h], golden.floats(name)[0]));
                total += sums[h] * w[h];
            }
            worst.add("loss.total", relative(total, golden.floats("loss.total")[0]));
            report(worst, rate + " losses", tolerance);
        }
    }

    private void compare(
            String group,
            Map<String, float[]> ours,
            Safetensors golden,
            Set<Integer> hidden,
            java.util.function.Predicate<String> filter) {
        Worst worst = new Worst();
        Worst hiddenRows = new Worst();
        ours.forEach((name, values) -> {
            if (!filter.test(name) || !golden.tensors().containsKey(name)) {
                return;
            }
            float[] expected = golden.floats(name);
            if (worst.differInSize(name, values, expected)) {
                return;
            }
            boolean perRow = name.startsWith("rec.") || name.equals("logits.rec");
            int width = perRow ? values.length / (rows * length) : 1;
            double largest = largest(expected);
            double seen = 0;
            double unseen = 0;
            for (int i = 0; i < values.length; i++) {
                double error = Math.abs(values[i] - expected[i]) / largest;
                if (perRow && hidden.contains(i / width)) {
                    unseen = Math.max(unseen, error);
                } else {
                    seen = nanMax(seen, error);
                }
            }
            worst.add(name, seen);
            if (perRow && !hidden.isEmpty()) {
                hiddenRows.add(name, unseen);
            }
        });
        report(worst, group, FEATURES);
        if (!hidden.isEmpty()) {
            report(hiddenRows, group + " of rows without a visible key", HIDDEN_ROWS);
        }
    }

    private void gradients(FlmModel model, TextBatch batch, double[] w, String group, Path file) {
        try (Safetensors golden = Safetensors.open(file);
                NDManager scope = model.newScope()) {
            Gradient gradient = model.parameters().newGradient();
            model.train(batch, image(scope), w, 0, gradient, stage -> {});
            float[] flat = gradient.flat().toFloatArray();
            double largestOfAll = 0;
            for (String name : golden.tensors().keySet()) {
                largestOfAll = Math.max(largestOfAll, largest(golden.floats(name)));
            }
            Worst worst = new Worst();
            Set<String> missing = new HashSet<>(golden.tensors().keySet());
            for (Parameter p : model.parameters().layout()) {
                if (!missing.remove(p.name())) {
                    continue;
                }
                float[] expected = golden.floats(p.name());
                // zero in exact arithmetic, as a constant added to all scores of a row changes nothing
                boolean keyBias = p.name().endsWith("key.bias");
                float[] ours = Arrays.copyOfRange(flat, (int) p.offset(), (int) (p.offset() + p.size()));
                if (worst.differInSize(p.name(), ours, expected)) {
                    continue;
                }
                if (p.name().endsWith("in_proj_bias")) {
                    int third = expected.length / 3; // q, k, v: the middle third is a key bias
                    Arrays.fill(ours, third, 2 * third, 0);
                    Arrays.fill(expected, third, 2 * third, 0);
                }
                worst.add(p.name(), difference(ours, expected) / (keyBias ? largestOfAll : largest(expected)));
            }
            missing.forEach(name -> worst.add(name + " (no such parameter)", Double.NaN));
            report(worst, group + " gradients", GRADIENTS);
        }
    }

    private void optimizer(FlmModel model) {
        Path file = folder.resolve("weights-after-3-steps.safetensors");
        if (!Files.exists(file)) {
            return;
        }
        JsonNode o = meta.get("optimizer");
        JsonNode rates = o.get("group_lr_used_at_step");
        JsonNode c = meta.get("config");
        OptimizerSettings settings = new OptimizerSettings(
                c.get("adam_betas").get(0).asDouble(),
                c.get("adam_betas").get(1).asDouble(),
                c.get("adam_eps").asDouble(),
                c.get("weight_decay").asDouble(),
                0,
                c.path("lr_mult_cross_modal").asDouble(5));
        TextBatch batch = batch("r0");
        Gradient gradient = model.parameters().newGradient();
        try (Safetensors golden = Safetensors.open(file);
                NDManager scope = model.newScope()) {
            for (int step = 0; step < rates.size(); step++) {
                model.train(batch, image(scope), flmWeights(batch), 0, gradient, stage -> {});
                model.parameters()
                        .update(gradient, step + 1, rates.get(step).get(0).asDouble(), settings, 1);
            }
            Set<String> noisy = new HashSet<>();
            o.path("noise_dominated").forEach(n -> noisy.add(n.asText()));
            o.path("noise_dominated").fieldNames().forEachRemaining(noisy::add);
            Worst worst = new Worst();
            for (Parameter p : model.parameters().layout()) {
                if (noisy.contains(p.name()) || !golden.tensors().containsKey(p.name())) {
                    continue;
                }
                float[] expected = golden.floats(p.name());
                float[] before = weights.floats(p.name());
                if (worst.differInSize(p.name(), before, expected)) { // the model has the size of the weights
                    continue;
                }
                FloatBuffer ours = FloatBuffer.allocate((int) p.size());
                model.parameters().read(ParameterStore.Buffer.VALUES, p.offset(), ours);
                double update = difference(expected, before);
                if (update > 0) {
                    worst.add(p.name(), difference(ours.array(), expected) / update);
                }
            }
            report(worst, "3 optimizer steps, of the largest update", UPDATES);
        }
    }

    /** A position table made for other picture sizes. */
    private void positions(FlmModel model) {
        Path file = folder.resolve("outputs-posinterp.safetensors");
        if (!Files.exists(file)) {
            return;
        }
        try (Safetensors golden = Safetensors.open(file)) {
            float[] table = golden.floats("from");
            Worst worst = new Worst();
            golden.tensors().forEach((name, tensor) -> {
                if (!name.equals("from")) {
                    int side = (int) Math.round(Math.sqrt((double) tensor.shape()[0] - 1));
                    float[] expected = golden.floats(name);
                    float[] ours = model.resizePositions(table, side);
                    if (!worst.differInSize(name, ours, expected)) {
                        worst.add(name, difference(ours, expected) / largest(expected));
                    }
                }
            });
            report(worst, "image positions resized", FEATURES);
        }
    }

    private void captions(FlmModel model, NDManager scope) {
        JsonNode task = meta.path("tasks").path("caption");
        if (task.isMissingNode()) {
            return;
        }
        int[] start = ints(task.get("start_ids"));
        int[] stop = ints(task.get("stop_ids"));
        int[][] ours = model.greedy(
                model.imageTokens(scope, image(scope)),
                start,
                stop,
                start.length + task.get("steps").asInt());
        int wrong = 0;
        for (int row = 0; row < rows; row++) {
            int[] expected = ints(task.get("captions").get(row));
            int[] caption = ours[row];
            int end = caption.length;
            int last = caption[end - 1];
            if (end > start.length && Arrays.stream(stop).anyMatch(s -> s == last)) {
                end--;
            }
            wrong += Arrays.equals(Arrays.copyOfRange(caption, start.length, end), expected) ? 0 : 1;
        }
        checks.add(new Check("greedy captions, share of wrong ones", (double) wrong / rows, 0, "", rows));
    }

    // ---- one stream -------------------------------------------------------------------------------------------------

    private void single(Objective objective) {
        Path outputs = folder.resolve("outputs-" + objective.key() + ".safetensors");
        if (!Files.exists(outputs)) {
            return;
        }
        boolean mlm = objective == Objective.MLM;
        int[] read = mlm ? ints(inputs, "text_ids_mlm") : ids;
        Targets targets = mlm ? labelled(ints(inputs, "text_labels_mlm")) : targets(i -> i >= 1 && i <= length - 2, 1);
        TextBatch batch = new TextBatch(
                objective, rows, length, read, lengths(), new int[0], new int[0], new int[0], List.of(targets));
        double[] mean = {1.0 / targets.count()};
        try (Safetensors golden = Safetensors.open(outputs);
                FlmModel model = model(objective);
                NDManager scope = model.newScope()) {
            NDArray tokens = model.imageTokens(scope, image(scope));
            NDArray feature = model.feature(model.pass(scope), Text.of(scope, batch), tokens);
            Map<String, float[]> ours =
                    Map.of("logits", model.logits(scope, feature).toFloatArray());
            compare(objective.key() + " logits", ours, golden, Set.of(), name -> true);
            Gradient scratch = model.parameters().newGradient();
            double loss = model.train(batch, image(scope), mean, 0, scratch, stage -> {})
                            .lossSums()[0]
                    * mean[0];
            Worst worst = new Worst();
            worst.add("loss", relative(loss, golden.floats("loss")[0]));
            report(worst, objective.key() + " losses", FEATURES);
            Path grads = folder.resolve("grads-" + objective.key() + ".safetensors");
            if (Files.exists(grads)) {
                gradients(model, batch, mean, objective.key(), grads);
            }
        }
    }

    private static Targets labelled(int[] labels) {
        int[] positions = java.util.stream.IntStream.range(0, labels.length)
                .filter(i -> labels[i] >= 0)
                .toArray();
        return new Targets(
                positions, Arrays.stream(positions).map(i -> labels[i]).toArray());
    }

    // ---- errors -----------------------------------------------------------------------------------------------------

    private void report(Worst worst, String group, double tolerance) {
        checks.add(worst.check(group, tolerance));
    }

    /** The largest error of a group, and which tensor has it. */
    static final class Worst {
        private double error;
        private String name = "";
        private int count;

        void add(String tensor, double value) {
            count++;
            if (!Double.isNaN(error) && !(value <= error)) { // NaN is the worst, and stays
                error = value;
                name = tensor;
            }
        }

        /** Whether a tensor has another number of values than the golden one: nothing is worse. */
        boolean differInSize(String tensor, float[] ours, float[] golden) {
            boolean differ = ours.length != golden.length;
            if (differ) {
                add(tensor + " (has " + ours.length + " values, the golden one " + golden.length + ")", Double.NaN);
            }
            return differ;
        }

        Check check(String group, double tolerance) {
            return new Check(group, error, tolerance, name, count);
        }
    }

    private static double relative(double ours, double expected) {
        return Math.abs(ours - expected) / Math.abs(expected);
    }

    private static double difference(float[] a, float[] b) {
        double worst = 0;
        for (int i = 0; i < a.length; i++) {
            worst = nanMax(worst, Math.abs((double) a[i] - b[i]));
        }
        return worst;
    }

    private static double nanMax(double a, double b) {
        return Double.isNaN(a) || Double.isNaN(b) ? Double.NaN : Math.max(a, b);
    }

    private static double largest(float[] values) {
        double largest = 1e-12;
        for (float v : values) {
            largest = Math.max(largest, Math.abs(v));
        }
        return largest;
    }

    private static int[] ints(Safetensors file, String name) {
        return Arrays.stream(file.longs(name)).mapToInt(Math::toIntExact).toArray();
    }

    private static int[] ints(JsonNode array) {
        int[] values = new int[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = array.get(i).asInt();
        }
        return values;
    }
}
