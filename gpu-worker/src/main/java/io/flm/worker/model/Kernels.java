package io.flm.worker.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.flm.data.PositionRule;
import io.flm.data.RandomStream;
import io.flm.worker.torch.Script;
import io.flm.worker.torch.Script.Params;
import java.util.List;

/**
 * The arithmetic of {@code kernels.py}, typed, for one stage of one forward pass. It holds what all its calls share: the scope
 * that owns the results, the type of the matrix products, and the dropout seeds, which are counted from the stage's own.
 */
final class Kernels {
    /** Of the image encoder's norms. */
    private static final double IMAGE_EPSILON = 1e-5;

    /** Of the norms above the fusion. */
    static final double FUSION_EPSILON = 1e-12;

    private final Script script;
    private final NDManager scope;
    private final ModelSettings settings;
    private final int type;
    private final double dropout;
    private final long seed;
    private final Observer observer;
    private long calls;

    /** @param dropout 0 in evaluation */
    Kernels(
            Script script,
            NDManager scope,
            ModelSettings settings,
            Precision precision,
            double dropout,
            long seed,
            Observer observer) {
        this.script = script;
        this.scope = scope;
        this.settings = settings;
        this.type = precision.scalarType();
        this.dropout = dropout;
        this.seed = seed;
        this.observer = observer;
    }

    /** Compiles {@code kernels.py}. */
    static Script compiled(NDManager owner) {
        return new Script(owner, "flm.kernels", "Kernels", KernelSource.kernels());
    }

    /** Shows an array to the observer, and returns it. */
    NDArray observe(String name, NDArray array) {
        observer.saw(name, array);
        return array;
    }

    private long nextSeed() {
        return RandomStream.key(seed, RandomStream.Purpose.DROPOUT, calls++) >>> 2; // a kernel uses seed and seed + 1
    }

    // ---- inputs

    NDArray normalize(NDArray pixels) {
        return script.call(scope, "normalize", pixels);
    }

    NDArray patchEmbedding(NDArray image, Params p) {
        return script.call(scope, "patch_embedding", image, p, settings.patchSize(), type);
    }

    /** @param copies rows for each text, one after another */
    NDArray textEmbedding(NDArray ids, Params p, int copies) {
        PositionRule rule = settings.positions();
        return script.call(
                scope,
                "text_embedding",
                ids,
                p,
                copies,
                rule.padId(),
                rule.uncountedId(),
                rule.first(),
                settings.textNormEpsilon(),
                dropout,
                nextSeed());
    }

    NDArray streamMask(NDArray lengths, int length) {
        return script.call(scope, "stream_mask", lengths, length);
    }

    NDArray l2rMask(NDArray lengths, int length) {
        return script.call(scope, "l2r_mask", lengths, length);
    }

    NDArray prefixMask(NDArray lengths, NDArray prefixes, int length) {
        return script.call(scope, "prefix_mask", lengths, prefixes, length);
    }

    NDArray paddingMask(NDArray lengths, int length) {
        return script.call(scope, "padding_mask", lengths, length);
    }

    NDArray reconstructorMask(NDArray lengths, NDArray left, NDArray right) {
        return script.call(scope, "reconstructor_mask", lengths, left, right);
    }

    // ---- layers

    NDArray vitBlock(NDArray x, Params p) {
        int quick = settings.imageActivation() == Activation.QUICK_GELU ? 1 : 0;
        return script.call(scope, "vit_block", x, p, settings.imageAttentionHeads(), quick, type);
    }

    NDArray norm(NDArray x, Params p) {
        return script.call(scope, "norm", x, p.arrays().get(0), p.arrays().get(1), IMAGE_EPSILON);
    }

    NDArray selfAttention(NDArray x, Params p, NDArray mask, double epsilon) {
        return script.call(
                scope, "self_attention", x, p, mask, settings.attentionHeads(), epsilon, type, dropout, nextSeed());
    }

    /**
     * @param mask none or one
     * @param rows none, or one: which sequence of the memory each row reads
     */
    NDArray crossAttention(
            NDArray x, NDArray memory, Params p, List<NDArray> mask, List<NDArray> rows, double epsilon) {
        return script.call(
                scope,
                "cross_attention",
                x,
                memory,
                p,
                mask,
                rows,
                settings.attentionHeads(),
                epsilon,
                type,
                dropout,
                nextSeed());
    }

    NDArray feedForward(NDArray x, Params p, double epsilon) {
        return script.call(scope, "feed_forward", x, p, epsilon, type, dropout, nextSeed());
    }

    NDArray transform(NDArray x, Params p, NDArray types, int row) {
        return script.call(scope, "transform", x, p, types, row, type);
    }

    /** @param rows the type row of each picture [P] */
    NDArray transformPictures(NDArray x, Params p, NDArray types, NDArray rows) {
        return script.call(scope, "transform_pictures", x, p, types, rows, type);
    }

    NDArray transformStreams(NDArray x, Params p, NDArray l2rTypes, NDArray r2lTypes) {
        return script.call(scope, "transform_streams", x, p, l2rTypes, r2lTypes, type);
    }

    NDArray joinStreams(NDArray x) {
        return script.call(scope, "join_streams", x);
    }

    NDArray splitStreams(NDArray x) {
        return script.call(scope, "split_streams", x);
    }

    // ---- predictions

    NDArray logits(NDArray x, Params p) {
        return script.call(scope, "logits", x, p, type);
    }

    /** The weighted loss (a scalar), and [2 * parts]: the loss sum of each part, then its right predictions. */
    List<NDArray> tokenLoss(TextInput.TokenPredictions in, NDArray weights, List<NDArray> features, Params p) {
        long[] counts = in.parts().stream().mapToLong(TextInput.Part::count).toArray();
        return script.callList(scope, "token_loss", features, in.rows(), in.targets(), weights, counts, p, type);
    }

    /** The log-probability of each target, and the likeliest token. */
    List<NDArray> tokenScores(TextInput.TokenPredictions in, List<NDArray> features, Params p) {
        return script.callList(scope, "token_scores", features, in.rows(), in.targets(), p, type);
    }

    NDArray pool(NDArray features, Params p) {
        return script.call(scope, "pool", features, p, type);
    }

    /**
     * [N, A] of class vectors.
     *
     * @param count N
     * @param joined class vectors that the first layer reads side by side
     */
    NDArray classLogits(NDArray pooled, NDArray rows, int count, int joined, Params p) {
        return script.call(scope, "class_logits", pooled, rows, count, joined, p, type);
    }

    /** Cross entropy of classes: the weighted loss (a scalar), and [2]: its sum, then the right predictions. */
    List<NDArray> classLoss(NDArray logits, NDArray classes, double weight) {
        return script.callList(scope, "class_loss", logits, classes, weight);
    }

    /** Binary cross entropy, summed over the answers of each row: the same. */
    List<NDArray> scoreLoss(NDArray logits, NDArray scores, double weight) {
        return script.callList(scope, "score_loss", logits, scores, weight);
    }

    NDArray sum(NDArray a, NDArray b) {
        return script.call(scope, "sum", a, b);
    }

    // ---- the l2r stream, a column at a time

    /**
     * Room for the keys and values of some columns: [2, rows, heads, slots, d].
     *
     * @param like an array of the device
     */
    NDArray emptyCache(NDArray like, int rows, int slots) {
        int heads = settings.attentionHeads();
        return script.call(scope, "empty_cache", like, rows, heads, slots, settings.hidden() / heads, type);
    }

    /** @param columns ids and positions [2, R] */
    NDArray columnEmbedding(NDArray columns, Params p) {
        return script.call(scope, "column_embedding", columns, p, settings.textNormEpsilon());
    }

    NDArray columnSelfAttention(NDArray x, Params p, NDArray cache, int slot, double epsilon) {
        return script.call(scope, "column_self_attention", x, p, cache, slot, settings.attentionHeads(), epsilon, type);
    }

    NDArray pictureCache(NDArray memory, Params p) {
        return script.call(scope, "picture_cache", memory, p, settings.attentionHeads(), type);
    }

    NDArray columnCrossAttention(NDArray x, Params p, NDArray cache, double epsilon) {
        return script.call(scope, "column_cross_attention", x, p, cache, settings.attentionHeads(), epsilon, type);
    }

    List<NDArray> selectRows(List<NDArray> caches, NDArray rows) {
        return script.callList(scope, "select_rows", caches, rows);
    }

    /** @param used slots that hold a column */
    void reorderRows(List<NDArray> caches, NDArray rows, int used) {
        script.run("reorder_rows", caches, rows, used);
    }

    NDArray columnBest(NDArray x, Params p) {
        return script.call(scope, "column_best", x, p, type);
    }

    /** Log-probabilities [R, count], and their tokens. */
    List<NDArray> columnRanked(NDArray x, Params p, int count) {
        return script.callList(scope, "column_ranked", x, p, count, type);
    }

    NDArray columnDrawn(NDArray x, Params p, NDArray draws, double temperature, double topP) {
        return script.call(scope, "column_drawn", x, p, draws, temperature, topP, type);
    }
}
