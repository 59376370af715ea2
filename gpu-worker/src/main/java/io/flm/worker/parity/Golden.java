package io.flm.worker.parity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.data.FileErrors;
import io.flm.data.Reconstruction;
import io.flm.data.SeenPictures;
import io.flm.data.SmallFile;
import io.flm.data.Streams;
import io.flm.data.Targets;
import io.flm.data.TextBatch;
import io.flm.data.TokenTargets;
import io.flm.data.TokenTargets.From;
import io.flm.data.UserException;
import io.flm.worker.checkpoint.Safetensors;
import io.flm.worker.model.FlmModel;
import io.flm.worker.model.FlmModel.Compute;
import io.flm.worker.model.ModelParts;
import io.flm.worker.model.ModelSettings;
import io.flm.worker.model.Parameter;
import io.flm.worker.model.ParameterStore;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A folder of golden data: the sizes, weights and inputs that the official implementation had, and what it made of them. */
final class Golden implements AutoCloseable {
    private static final int MOST_META_BYTES = 1 << 20;

    private final Path folder;
    private final JsonNode meta;
    private final Safetensors weights;
    private final Safetensors inputs;
    private final int rows;
    private final int length;
    private final int[] ids;
    private final int[] lengths;
    private final int pad;
    private final Set<String> missing = new LinkedHashSet<>();

    Golden(Path folder) {
        this.folder = folder;
        meta = meta(folder);
        weights = Safetensors.open(folder.resolve("weights.safetensors"));
        inputs = Safetensors.open(folder.resolve("inputs.safetensors"));
        long[] shape = inputs.tensor("text_ids").shape();
        rows = (int) shape[0];
        length = (int) shape[1];
        ids = ints("text_ids");
        pad = number("special_ids", "pad", 0);
        lengths = new int[rows];
        for (int i = 0; i < ids.length; i++) {
            lengths[i / length] += ids[i] == pad ? 0 : 1;
        }
    }

    private static JsonNode meta(Path folder) {
        String cause;
        try {
            JsonNode meta = new ObjectMapper().readTree(SmallFile.read(folder.resolve("meta.json"), MOST_META_BYTES));
            if (meta.isObject()) {
                return meta;
            }
            cause = "no JSON object";
        } catch (JsonProcessingException e) {
            cause = "no JSON";
        } catch (IOException e) {
            cause = FileErrors.reason(e);
        }
        throw new UserException(folder + ": no readable meta.json (" + cause
                + "); give a folder of golden data, such as tests/golden/flm-tiny");
    }

    /** An object of {@code meta.json}. */
    JsonNode part(String name) {
        JsonNode part = meta.path(name);
        if (!part.isObject()) {
            throw new UserException(folder + ": meta.json has no object " + name + "; take another copy");
        }
        return part;
    }

    private int number(String part, String name, int least) {
        JsonNode value = part(part).path(name);
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < least) {
            throw new UserException(folder + ": meta.json has no whole number from " + least + " under " + part + "."
                    + name + "; take another copy");
        }
        return value.intValue();
    }

    JsonNode meta() {
        return meta;
    }

    int rows() {
        return rows;
    }

    int length() {
        return length;
    }

    /** The text ids [B, L]. */
    int[] ids() {
        return ids;
    }

    /** The real tokens of each row [B]. */
    int[] lengths() {
        return lengths;
    }

    /** The weights that the model began with. */
    Safetensors weights() {
        return weights;
    }

    /** The files that were asked for and are not there. */
    Set<String> missing() {
        return missing;
    }

    /** A file of the folder; null if it has none. */
    @Nullable Safetensors open(String name) {
        Path file = folder.resolve(name + ".safetensors");
        if (Files.exists(file)) {
            return Safetensors.open(file);
        }
        missing.add(name);
        return null;
    }

    /** A model of the folder's sizes and weights. */
    FlmModel model(ModelParts parts, Compute compute) {
        FlmModel model = new FlmModel(settings(), parts, compute);
        for (Parameter p : model.parameters().layout()) {
            String name = name(p, parts);
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

    /** Heads of tasks stand apart; the type rows of pairs, which are three, too. */
    private String name(Parameter p, ModelParts parts) {
        boolean ofPairs = parts.pairs() && p.name().startsWith("token_type_embeddings.");
        if (ofPairs) {
            return "heads.nlvr2." + p.name();
        }
        return weights.tensors().containsKey(p.name()) ? p.name() : "heads." + p.name();
    }

    private ModelSettings settings() {
        return new ModelSettings(
                number("config", "vocab_size", 1),
                number("config", "hidden_size", 1),
                number("config", "num_heads", 1),
                number("config", "mlp_ratio", 1),
                number("config", "num_bottom_layer", 0),
                number("config", "num_top_layer", 0),
                number("config", "num_reconstructor_bottom_layer", 0),
                number("config", "num_reconstructor_top_layer", 0),
                number("config", "max_position_embeddings", 1),
                number("config", "image_size", 1),
                number("config", "patch_size", 1),
                number("config", "vit_width", 1),
                number("config", "vit_heads", 1),
                number("config", "vit_layers_used", 0),
                0);
    }

    /** The pictures, normalised [B, 3, S, S]. */
    NDArray image(NDManager scope) {
        return pictures(scope, "image");
    }

    /** Pictures by name, normalised [B, 3, S, S]. */
    NDArray pictures(NDManager scope, String name) {
        return scope.create(inputs.floats(name), new Shape(inputs.tensor(name).shape()));
    }

    // ---- batches ----------------------------------------------------------------------------------------------------

    /** The official labels: r2l predicts the end from the first pad row too. */
    TextBatch flm(String rate) {
        boolean spans = inputs.tensors().containsKey("span." + rate + ".left");
        Reconstruction reconstruction = new Reconstruction(
                ints("text_all_masks_ids"),
                spans ? ints("span." + rate + ".left") : new int[rows * length],
                spans ? ints("span." + rate + ".right") : new int[rows * length]);
        List<Targets> heads =
                List.of(targets(From.OUTPUT, i -> i >= 1, 0), l2rTargets(From.L2R), targets(From.R2L, i -> i >= 2, -1));
        return batch(ids, reconstruction, heads);
    }

    /** The official total: the weighted mean of the heads' means. */
    double[] flmWeights(TextBatch batch) {
        JsonNode c = part("config");
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

    TextBatch mlm() {
        int[] labels = ints("text_labels_mlm");
        int[] positions =
                IntStream.range(0, labels.length).filter(i -> labels[i] >= 0).toArray();
        Targets labelled = new TokenTargets(
                From.OUTPUT,
                positions,
                Arrays.stream(positions).map(i -> labels[i]).toArray());
        return batch(ints("text_ids_mlm"), Streams.BIDIRECTIONAL, List.of(labelled));
    }

    TextBatch ar() {
        return batch(ids, Streams.LEFT_TO_RIGHT, List.of(l2rTargets(From.OUTPUT)));
    }

    private TextBatch batch(int[] read, Streams streams, List<Targets> heads) {
        return new TextBatch(rows, length, read, lengths, streams, SeenPictures.oneEach(rows), heads);
    }

    private Targets l2rTargets(From from) {
        return targets(from, i -> i >= 1 && i <= length - 2, 1);
    }

    /** The columns predict the token that is {@code shift} to the right; no pad is predicted. */
    private Targets targets(From from, IntPredicate columns, int shift) {
        List<int[]> found = new ArrayList<>();
        for (int i = 0; i < ids.length; i++) {
            if (columns.test(i % length) && ids[i + shift] != pad) {
                found.add(new int[] {i, ids[i + shift]});
            }
        }
        return new TokenTargets(
                from,
                found.stream().mapToInt(f -> f[0]).toArray(),
                found.stream().mapToInt(f -> f[1]).toArray());
    }

    float[] floats(String name) {
        return inputs.floats(name);
    }

    int[] ints(String name) {
        return Arrays.stream(inputs.longs(name)).mapToInt(Math::toIntExact).toArray();
    }

    @Override
    public void close() {
        weights.close();
        inputs.close();
    }
}
