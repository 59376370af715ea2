package io.flm.worker.model;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.flm.data.LaneBatch;
import io.flm.data.TextBatch;
import io.flm.worker.model.ForwardPass.TextPart;
import io.flm.worker.model.TextInput.Spans;
import io.flm.worker.torch.Script;
import io.flm.worker.torch.Torch;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Free language modeling: FLM (arXiv 2303.14038) §3. Two causal streams <em>encode</em> the text beside the image; spans
 * <em>corrupt</em> what each token may see of them; the reconstructor <em>predicts</em> every token. Other objectives
 * run one stream of the same layers.
 *
 * <p>B batch, L text length, P image tokens, W image width, H hidden, V vocabulary. One model belongs to one thread.
 */
public final class FlmModel implements AutoCloseable {
    /** What a pass is computed with. */
    public record Compute(Device device, Precision precision, boolean recompute) {}

    /**
     * What a lane's forward pass found, and where the time went.
     *
     * @param bySource of heads that predict tokens, by source
     */
    public record LaneResult(Loss loss, List<Loss> bySource, Times times) {}

    /** What a lane took: the batch to the device, forward, backward. For people to look at; nothing depends on it. */
    public record Times(long dataNanos, long forwardNanos, long backwardNanos) {}

    private static final List<NDArray> NONE = List.of();

    private final ModelSettings settings;
    private final Compute compute;
    private final NDManager owner;
    private final Script script;
    private final ParameterStore store;

    private final ImageEncoder imageEncoder;
    private final TextEncoder textEncoder;
    private final Fusion fusion;
    private final @Nullable Reconstructor reconstructor;
    private final Heads heads;

    /** A model with zero weights: see {@link ParameterStore#initialize}. The thread must be prepared for the engine. */
    public FlmModel(ModelSettings settings, ModelParts parts, Compute compute) {
        this.settings = settings;
        this.compute = compute;
        Architecture architecture = Architecture.of(settings, parts);
        imageEncoder = architecture.imageEncoder();
        textEncoder = architecture.textEncoder();
        fusion = architecture.fusion();
        reconstructor = architecture.reconstructor();
        heads = architecture.heads();
        owner = Torch.newManager(compute.device());
        try {
            script = Kernels.compiled(owner);
            store = new ParameterStore(script, owner, architecture.parameters());
        } catch (RuntimeException | Error e) {
            owner.close(); // else what was made before memory ran out is kept for good
            throw e;
        }
    }

    public ModelSettings settings() {
        return settings;
    }

    public ParameterStore parameters() {
        return store;
    }

    // ---- the graph --------------------------------------------------------------------------------------------------

    /** What is made of the features that predict: a loss, or scores. */
    @FunctionalInterface
    private interface Readout {
        List<NDArray> read(Kernels k, List<NDArray> features);
    }

    /** What the streams made of the text, layer by layer [streams * B, L, H], and the reconstructor's query [B, L, H]. */
    private record Encoded(List<NDArray> bottom, List<NDArray> top, List<NDArray> query) {}

    /** Pictures [B, 3, S, S], normalised -> [B, P, W]. */
    private NDArray encodeImage(ForwardPass stages, NDArray image) {
        return stages.run(Stage.IMAGE, NONE, NONE, (k, in) -> List.of(imageEncoder.encode(k, image)))
                .get(0);
    }

    /**
     * Encode, corrupt, predict. The features that predict go to {@code readout}: those of the reconstructor [B, L, H] and of both
     * streams, interleaved [2B, L, H]. If one stream alone reads the batch, they are its own [B, L, H].
     *
     * @param picture features of the image encoder, [P, W] of each picture of the batch; or of one that all rows share
     */
    private List<NDArray> forward(ForwardPass stages, TextInput text, NDArray picture, Readout readout) {
        Encoded encoded = encode(stages, text, picture);
        Spans spans = text.spans();
        if (spans == null) {
            return stages.run(Stage.PREDICT, NONE, List.of(last(encoded.top())), readout::read);
        }
        Reconstructor rec = reconstructor();
        List<NDArray> inputs = new ArrayList<>(encoded.bottom());
        inputs.addAll(encoded.top());
        inputs.addAll(encoded.query());
        int bottoms = encoded.bottom().size();
        int tops = encoded.top().size();
        return stages.run(Stage.PREDICT, fusion.usedByReconstructor(), inputs, (k, in) -> {
            List<NDArray> bottom = in.subList(0, bottoms);
            List<NDArray> top = in.subList(bottoms, bottoms + tops);
            NDArray query = last(in);
            // Corrupt, FLM §3.2: what the spans leave of both streams.
            NDArray mask = k.observe("rec.mask", k.reconstructorMask(text.lengths(), spans.left(), spans.right()));
            // Predict, FLM §3.3: every token at once.
            NDArray below = stages.textOnly(
                            TextPart.RECONSTRUCTOR,
                            () -> List.of(fusion.reconstructed(k, rec.bottom(k, query, bottom, mask))))
                    .get(0);
            return readout.read(k, List.of(rec.top(k, below, top, mask), last(top)));
        });
    }

    /** Encode, FLM §3.1: text alone below the fusion, beside the picture above it. */
    private Encoded encode(ForwardPass stages, TextInput text, NDArray picture) {
        Spans spans = text.spans();
        List<NDArray> below = stages.textOnly(
                TextPart.BELOW,
                () -> stages.run(Stage.TEXT, NONE, NONE, (k, in) -> {
                    NDArray x = k.observe("text.embeddings", textEncoder.embed(k, text.ids(), text.streams()));
                    List<NDArray> out = new ArrayList<>(textEncoder.encode(k, x, text.streamMask(k)));
                    if (spans != null) {
                        out.add(k.observe("query.embeddings", textEncoder.embed(k, spans.queryIds(), 1)));
                    }
                    return out;
                }));
        List<NDArray> bottom = below.subList(0, settings.bottomLayers());
        List<NDArray> query = below.subList(settings.bottomLayers(), below.size());
        List<NDArray> top = stages.run(Stage.FUSION, NONE, List.of(last(bottom), picture), (k, in) -> {
            NDArray mask = text.streamMask(k);
            NDArray x = stages.textOnly(TextPart.FUSION, () -> List.of(fusion.text(k, in.get(0), mask, text.streams())))
                    .get(0);
            NDArray image = fusion.image(k, in.get(1), text.types());
            return fusion.encode(k, x, mask, image, text.pictures(), text.streams());
        });
        return new Encoded(bottom, top, query);
    }

    // ---- training ---------------------------------------------------------------------------------------------------

    /** {@link #train(TextBatch, NDArray, double[], long, Gradient, IntConsumer)} of a lane's batch. */
    public LaneResult train(
            LaneBatch batch, double[] headWeights, long dropoutSeed, Gradient into, IntConsumer stageReady) {
        long began = System.nanoTime();
        try (NDManager scope = owner.newSubManager()) {
            NDArray image =
                    normalized(scope, batch.pixels(), batch.text().pictures().count());
            return train(batch.text(), batch.bySource(), image, headWeights, dropoutSeed, into, stageReady, began);
        }
    }

    /**
     * Forward and backward of sum over heads of weight * summed cross entropy. The gradient overwrites {@code into}.
     *
     * @param image normalised [B, 3, S, S]
     * @param headWeights by head of the batch
     * @param dropoutSeed the same seed gives the same masks
     * @param stageReady is called as soon as a stage's range of {@code into} is complete, last stage first
     */
    public LaneResult train(
            TextBatch batch,
            NDArray image,
            double[] headWeights,
            long dropoutSeed,
            Gradient into,
            IntConsumer stageReady) {
        return train(
                batch,
                new int[] {batch.pictures().count()},
                image,
                headWeights,
                dropoutSeed,
                into,
                stageReady,
                System.nanoTime());
    }

    private LaneResult train(
            TextBatch batch,
            int[] bySource,
            NDArray image,
            double[] headWeights,
            long dropoutSeed,
            Gradient into,
            IntConsumer stageReady,
            long began) {
        try (NDManager scope = owner.newSubManager()) {
            TextInput text = TextInput.of(scope, batch, bySource);
            int[] tokenHeads = Heads.tokenHeads(batch.heads());
            NDArray weights = scope.create(Loss.weights(text.tokens().counts(), of(headWeights, tokenHeads)));
            double[] rowWeights = of(headWeights, Heads.rowHeads(batch.heads()));
            RecordedForwardPass stages = new RecordedForwardPass(
                    script,
                    scope,
                    store,
                    (stage, s) -> kernels(s, settings.dropout(), dropoutSeed + stage.index(), Observer.NONE),
                    compute.recompute());
            long ready = System.nanoTime();
            List<NDArray> losses;
            Torch.record(true);
            try {
                losses = forward(
                        stages,
                        text,
                        encodeImage(stages, image),
                        (k, features) -> heads.loss(k, text, weights, rowWeights, features));
            } finally {
                Torch.record(false);
            }
            long forward = System.nanoTime();
            stages.backward((stage, gradients) -> {
                into.put(stage.index(), gradients);
                stageReady.accept(stage.index());
            });
            long done = System.nanoTime();
            List<float[]> statistics = statistics(losses);
            return new LaneResult(
                    Heads.loss(batch.heads(), text.tokens().parts(), statistics),
                    Heads.bySource(batch.heads(), text.tokens().parts(), statistics, bySource.length),
                    new Times(ready - began, forward - ready, done - forward));
        }
    }

    private static double[] of(double[] weights, int[] heads) {
        return Arrays.stream(heads).mapToDouble(head -> weights[head]).toArray();
    }

    /** All but the loss itself. */
    private static List<float[]> statistics(List<NDArray> losses) {
        return losses.subList(1, losses.size()).stream()
                .map(NDArray::toFloatArray)
                .toList();
    }

    // ---- evaluation -------------------------------------------------------------------------------------------------

    /** A scope for arrays of this model. */
    public NDManager newScope() {
        return owner.newSubManager();
    }

    /** Runs stages without a record of them. */
    private ForwardPass unrecorded(NDManager scope, Observer observer) {
        Kernels kernels = kernels(scope, 0, 0, observer);
        return (stage, borrowed, inputs, body) -> body.run(kernels, inputs);
    }

    /**
     * What the image encoder makes of pictures: the texts that are scored beside them see it as often as they like.
     *
     * @param pixels uint8 [rows, 3, S, S], a direct buffer
     * @return [rows, P, W], in {@code scope}
     */
    public NDArray imageFeatures(NDManager scope, ByteBuffer pixels, int rows) {
        try (NDManager inner = scope.newSubManager()) {
            return imageFeatures(scope, normalized(inner, pixels, rows));
        }
    }

    /** @param image normalised [B, 3, S, S] */
    public NDArray imageFeatures(NDManager scope, NDArray image) {
        try (NDManager inner = scope.newSubManager()) {
            NDArray features = encodeImage(unrecorded(inner, Observer.NONE), image);
            features.attach(scope);
            return features;
        }
    }

    /** Texts that will be read beside many pictures, one after another. */
    public KeptTexts keep(TextBatch batch) {
        NDManager scope = owner.newSubManager();
        try {
            return new KeptTexts(scope, batch);
        } catch (RuntimeException | Error e) {
            scope.close();
            throw e;
        }
    }

    /**
     * The losses and right predictions of a batch, by head.
     *
     * @param imageFeatures of each picture of the batch [P, W], or of one that all rows share
     */
    public Loss loss(TextBatch batch, NDArray imageFeatures) {
        try (NDManager scope = owner.newSubManager()) {
            TextInput text = TextInput.of(scope, batch);
            NDArray weights =
                    scope.ones(new Shape(Arrays.stream(text.tokens().counts()).sum()));
            double[] ones = new double[text.wholeRows().size()];
            Arrays.fill(ones, 1);
            List<NDArray> losses = forward(
                    unrecorded(scope, Observer.NONE),
                    text,
                    imageFeatures,
                    (k, features) -> heads.loss(k, text, weights, ones, features));
            return Heads.loss(batch.heads(), text.tokens().parts(), statistics(losses));
        }
    }

    /**
     * What the heads that read whole rows say, before it is made a probability.
     *
     * @param imageFeatures of each picture of the batch [P, W], or of one that all rows share
     * @return by such head of the batch, [N][A]
     */
    public List<float[][]> classify(TextBatch batch, NDArray imageFeatures) {
        try (KeptTexts once = keep(batch)) {
            return classify(once, imageFeatures);
        }
    }

    /** The same of texts that are read beside many pictures. */
    public List<float[][]> classify(KeptTexts texts, NDArray imageFeatures) {
        try (NDManager scope = owner.newSubManager()) {
            TextInput text = texts.input();
            return forward(
                            texts.pass(kernels(scope)),
                            text,
                            imageFeatures,
                            (k, features) -> heads.classLogits(k, text.wholeRows(), features))
                    .stream()
                    .map(FlmModel::rows)
                    .toList();
        }
    }

    private static float[][] rows(NDArray matrix) {
        float[] all = matrix.toFloatArray();
        int width = (int) matrix.getShape().get(1);
        float[][] rows = new float[(int) matrix.getShape().get(0)][];
        for (int row = 0; row < rows.length; row++) {
            rows[row] = Arrays.copyOfRange(all, row * width, (row + 1) * width);
        }
        return rows;
    }

    /**
     * How likely each token is that the batch asks for.
     *
     * @param batch read by streams that the model was trained with; its heads predict tokens
     * @param imageFeatures of each picture of the batch [P, W], or of one that all rows share
     * @return by head of the batch
     */
    public List<TargetScores> score(TextBatch batch, NDArray imageFeatures) {
        try (KeptTexts once = keep(batch)) {
            return score(once, imageFeatures);
        }
    }

    /** The same of texts that are read beside many pictures. */
    public List<TargetScores> score(KeptTexts texts, NDArray imageFeatures) {
        try (NDManager scope = owner.newSubManager()) {
            TextInput text = texts.input();
            List<NDArray> scores = forward(
                    texts.pass(kernels(scope)),
                    text,
                    imageFeatures,
                    (k, features) -> heads.tokens().scores(k, text.tokens(), features));
            return TargetScores.byHead(
                    texts.batch().heads(),
                    scores.get(0).toFloatArray(),
                    scores.get(1).toLongArray());
        }
    }

    /**
     * The l2r stream, to be read a column at a time: for writing captions.
     *
     * @param imageFeatures of the pictures that are captioned [G, P, W]
     * @param rowsEach captions that each picture has at a time
     * @param maxLength of a caption in tokens, with what it begins with
     */
    public CaptionStream captionStream(NDArray imageFeatures, int rowsEach, int maxLength) {
        return new CaptionStream(this, textEncoder, fusion, heads.tokens(), imageFeatures, rowsEach, maxLength);
    }

    /**
     * Shows an observer all that the graph computes of a batch: {@code logits.N}, those of every row of the features N that
     * predict, if the batch asks for tokens; {@code class.N}, those of the heads that read whole rows.
     *
     * @param image normalised [B, 3, S, S]
     */
    public void observe(TextBatch batch, NDArray image, Observer observer) {
        try (NDManager scope = owner.newSubManager()) {
            ForwardPass stages = unrecorded(scope, observer);
            TextInput text = TextInput.of(scope, batch);
            forward(stages, text, encodeImage(stages, image), (k, features) -> {
                if (text.tokens().asked()) {
                    for (int i = 0; i < features.size(); i++) {
                        k.observe("logits." + i, heads.tokens().logits(k, features.get(i)));
                    }
                }
                return text.wholeRows().isEmpty() ? features : heads.classLogits(k, text.wholeRows(), features);
            });
        }
    }

    /** Uint8 pixels [rows, 3, S, S] as the image encoder takes them: float32, normalised. */
    private NDArray normalized(NDManager scope, ByteBuffer pixels, int rows) {
        int size = settings.imageSize();
        NDArray raw = scope.create(
                pixels.duplicate().limit(rows * 3 * size * size), new Shape(rows, 3, size, size), DataType.UINT8);
        return kernels(scope).normalize(raw);
    }

    /** The kernels of evaluation: without dropout. */
    Kernels kernels(NDManager scope) {
        return kernels(scope, 0, 0, Observer.NONE);
    }

    private Kernels kernels(NDManager scope, double dropout, long seed, Observer observer) {
        return new Kernels(script, scope, settings, compute.precision(), dropout, seed, observer);
    }

    private Reconstructor reconstructor() {
        if (reconstructor == null) {
            throw new IllegalStateException("this model has no reconstructor");
        }
        return reconstructor;
    }

    private static NDArray last(List<NDArray> arrays) {
        return arrays.get(arrays.size() - 1);
    }

    /** Frees all arrays of the model. */
    @Override
    public void close() {
        store.close();
        script.close();
        owner.close();
    }
}
