package io.flm.worker.checkpoint;

import io.flm.data.UserException;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The weights of a checkpoint, taken over by a model of other heads: what both have is loaded, what the checkpoint lacks is made of
 * what it has or stays as it was initialised, what the model lacks is left out. Encoders and layers must be the same.
 *
 * @param loaded tensors that both have
 * @param derived tensors that were made of others, with their origin
 * @param initialised tensors of new heads
 * @param leftOut tensors that the model has no place for
 */
public record WeightTransfer(
        List<String> loaded, List<String> derived, List<String> initialised, List<String> leftOut) {
    private static final String TYPES = "token_type_embeddings.weight";

    /** What reads class vectors, and the output layers of tokens. */
    private static final Pattern HEAD =
            Pattern.compile("(cross_modal_text_pooler(_f)?|rank_output|\\w+_(score|classifier))\\..+");

    /** What tells answers apart: a classifier of other answers, or of more, is another one. */
    private static final Pattern CLASSIFIER = Pattern.compile("\\w+_classifier\\..+");

    /** What only a reconstructor has. */
    private static final Pattern RECONSTRUCTOR =
            Pattern.compile("(fusion_layers_(bottom|top)|token_type_embeddings_flm|cross_modal_text_pooler_f)\\..+");

    /**
     * Takes weights over.
     *
     * @param layout of the model
     * @param withoutReconstructor whether the checkpoint's reconstructor may be left out
     * @param newClassifiers whether its classifiers stand for other answers, and are not loaded
     * @throws UserException where the checkpoint is of a model of other encoders or layers; then nothing was written
     */
    public static WeightTransfer of(
            Checkpoint from,
            List<TensorRange> layout,
            boolean withoutReconstructor,
            boolean newClassifiers,
            FlatFloats.Sink values) {
        try (Safetensors weights = Safetensors.open(from.weightsFile())) {
            WeightTransfer transfer =
                    new WeightTransfer(new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
            List<TensorRange> same = new ArrayList<>();
            List<TensorRange> made = new ArrayList<>();
            Map<String, TensorInfo> unused = new TreeMap<>(weights.tensors());
            for (TensorRange range : layout) {
                TensorInfo there = unused.remove(range.name());
                if (CLASSIFIER.matcher(range.name()).matches()
                        && (there == null || newClassifiers || !Arrays.equals(there.shape(), range.shape()))) {
                    transfer.initialised.add(range.name());
                    if (there != null) {
                        transfer.leftOut.add(range.name());
                    }
                } else if (there != null && Arrays.equals(there.shape(), range.shape())) {
                    same.add(range);
                    transfer.loaded.add(range.name());
                } else if (origin(range, weights) != null) {
                    made.add(range);
                    transfer.derived.add(range.name());
                } else if (there == null && HEAD.matcher(range.name()).matches()) {
                    transfer.initialised.add(range.name());
                } else {
                    throw other(
                            weights,
                            (there == null ? "it has no " + range.name() : "it has " + there) + ", this model "
                                    + range.name() + " " + Arrays.toString(range.shape()));
                }
            }
            for (String name : unused.keySet()) {
                boolean fits = HEAD.matcher(name).matches()
                        || (withoutReconstructor && RECONSTRUCTOR.matcher(name).matches());
                if (!fits) {
                    throw other(weights, "this model has no " + name);
                }
                transfer.leftOut.add(name);
            }
            Checkpoint.copy(weights, "", same, values);
            for (TensorRange range : made) {
                values.write(range.offset(), FloatBuffer.wrap(made(range, weights)));
            }
            return transfer;
        }
    }

    private static UserException other(Safetensors weights, String how) {
        return new UserException(weights.file() + ": a checkpoint of another model: " + how
                + "; use the settings and the objective that it was trained with");
    }

    /** The tensor that one is made of; null if there is none. */
    private static @Nullable String origin(TensorRange range, Safetensors weights) {
        String name = range.name();
        String origin = name.equals(TYPES)
                ? TYPES
                : name.startsWith("rank_output.")
                        ? name.replace("rank_output.", "itm_score.fc.")
                        : name.startsWith("lm_score.") ? "m" + name : "";
        TensorInfo there = weights.tensors().get(origin);
        boolean fits = there != null
                && there.type() == TensorType.F32
                && there.shape().length > 0
                && (origin.startsWith("mlm_score.")
                        ? Arrays.equals(there.shape(), range.shape())
                        : there.shape()[0] == (name.equals(TYPES) && range.shape()[0] == 2 ? 3 : 2)
                                && width(there.shape()) == width(range.shape()));
        return fits ? origin : null;
    }

    private static long width(long[] shape) {
        return shape.length < 2 ? 1 : shape[1];
    }

    /**
     * A second picture's type begins as the first's, and goes where there is none; a text's score as that of "matching"; a causal
     * head as the masked one.
     */
    private static float[] made(TensorRange range, Safetensors weights) {
        String origin = String.valueOf(origin(range, weights));
        float[] from = weights.floats(origin);
        Checkpoint.requireUsable(weights, origin, FloatBuffer.wrap(from));
        int width = (int) width(range.shape());
        if (range.name().equals(TYPES) && range.shape()[0] == 2) {
            return Arrays.copyOf(from, 2 * width);
        }
        if (range.name().equals(TYPES)) {
            float[] rows = Arrays.copyOf(from, 3 * width);
            System.arraycopy(from, width, rows, 2 * width, width);
            return rows;
        }
        return range.name().startsWith("rank_output.") ? Arrays.copyOfRange(from, width, 2 * width) : from;
    }

    /** In a line, for people. */
    public String sentence() {
        return String.format(
                Locale.ROOT,
                "%d tensors loaded%s%s%s",
                loaded.size(),
                part("made of others", derived),
                part("new", initialised),
                part("left out", leftOut));
    }

    private static String part(String what, List<String> names) {
        if (names.isEmpty()) {
            return "";
        }
        List<String> parts = names.stream()
                .map(name -> name.replaceFirst("\\.(layer|\\d).*|\\.[^.]+$", ""))
                .distinct()
                .toList();
        return "; " + names.size() + " " + what + " (" + String.join(", ", parts) + ")";
    }
}
