package io.flm.worker.model;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.flm.data.LaneBatch;
import io.flm.data.Objective;
import io.flm.data.Targets;
import io.flm.data.TextBatch;
import io.flm.data.UserException;
import io.flm.worker.torch.Script;
import io.flm.worker.torch.Script.Params;
import io.flm.worker.torch.Torch;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Free language modeling: FLM (arXiv 2303.14038) §3. Two causal streams <em>encode</em> the text beside the image; spans
 * <em>corrupt</em> what each token may see of them; the reconstructor <em>predicts</em> every token. The objectives mlm and ar run
 * one stream of the same layers.
 *
 * <p>B batch, L text length, P image tokens, W image width, H hidden, V vocabulary. One model belongs to one thread.
 */
public final class FlmModel implements AutoCloseable {
    /** What a pass is computed with. */
    public record Compute(Device device, Precision precision, boolean recompute) {}

    /**
     * What a lane's forward pass found, by head of the objective.
     *
     * @param lossSums summed cross entropy
     * @param correctCounts predictions that were right
     * @param times where the time went
     */
    public record LaneResult(double[] lossSums, long[] correctCounts, Times times) {}

    /** What a lane took: the batch to the device, forward, backward. For people to look at; nothing depends on it. */
    public record Times(long dataNanos, long forwardNanos, long backwardNanos) {}

    /**
     * How a head scored its targets.
     *
     * @param logProbs natural logarithm of each target's probability
     * @param best the likeliest token at each target's place
     */
    public record TargetScores(float[] logProbs, int[] best) {}

    private final ModelSettings settings;
    private final Objective objective;
    private final Compute compute;
    private final NDManager owner;
    private final Script script;
    private final ParameterStore store;

    private final ImageEncoder imageEncoder;
    private final TextStreams streams;
    private final @Nullable Reconstructor reconstructor;
    private final Params textTransform;
    private final Params imageTransform;
    private final NDArray types;
    private final NDArray flmTypes;
    private final Params head;

    /** A model with zero weights: see {@link ParameterStore#initialize}. The thread must be prepared for the engine. */
    public FlmModel(ModelSettings settings, Objective objective, Compute compute) {
        this.settings = settings;
        this.objective = objective;
        this.compute = compute;
        owner = Torch.newManager(compute.device());
        try {
            script = new Script(owner, "flm.kernels", "Kernels", kernels());
            store = new ParameterStore(script, owner, ParameterNames.of(settings, objective));
            imageEncoder = new ImageEncoder(settings, store);
            streams = new TextStreams(settings, store);
            reconstructor = objective == Objective.FLM ? new Reconstructor(settings, store) : null;
            textTransform = Layers.linear(store, ParameterNames.TEXT_TRANSFORM);
            imageTransform = Layers.linear(store, ParameterNames.IMAGE_TRANSFORM);
            types = store.view(ParameterNames.TYPES);
            flmTypes = objective == Objective.FLM ? store.view(ParameterNames.FLM_TYPES) : types;
            head = Layers.head(store, objective == Objective.MLM ? ParameterNames.MLM_HEAD : ParameterNames.LM_HEAD);
        } catch (RuntimeException | Error e) {
            owner.close(); // else what was made before memory ran out is kept for good
            throw e;
        }
    }

    static String kernels() {
        try (InputStream in = FlmModel.class.getResourceAsStream("kernels.py")) {
            if (in == null) {
                throw new IllegalStateException("kernels.py is not beside the model's class");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public ModelSettings settings() {
        return settings;
    }

    public Objective objective() {
        return objective;
    }

    public ParameterStore parameters() {
        return store;
    }

    // ---- training ---------------------------------------------------------------------------------------------------

    /** {@link #train(TextBatch, NDArray, double[], long, Gradient, IntConsumer)} of a lane's batch. */
    public LaneResult train(
            LaneBatch batch, double[] headWeights, long dropoutSeed, Gradient into, IntConsumer stageReady) {
        long began = System.nanoTime();
        try (NDManager scope = owner.newSubManager()) {
            NDArray image = normalized(scope, batch.pixels(), batch.rows());
            return train(batch.text(), image, headWeights, dropoutSeed, into, stageReady, began);
        }
    }

    /**
     * Forward and backward of sum over heads of weight * summed cross entropy. The gradient overwrites {@code into}.
     *
     * @param image normalised [B, 3, S, S]
     * @param headWeights by head of the objective
     * @param dropoutSeed the same seed gives the same masks
     * @param stageReady is called as soon as a stage's range of {@code into} is complete, last stage first
     */
    LaneResult train(
            TextBatch batch,
            NDArray image,
            double[] headWeights,
            long dropoutSeed,
            Gradient into,
            IntConsumer stageReady) {
        return train(batch, image, headWeights, dropoutSeed, into, stageReady, System.nanoTime());
    }

    private LaneResult train(
            TextBatch batch,
            NDArray image,
            double[] headWeights,
            long dropoutSeed,
            Gradient into,
            IntConsumer stageReady,
            long began) {
        try (NDManager scope = owner.newSubManager()) {
            Text text = Text.of(scope, batch);
            NDArray weights = scope.create(rowWeights(batch, headWeights));
            StagedPass pass = new StagedPass(
                    script,
                    scope,
                    s -> stage ->
                            new Pass(script, s, settings, compute.precision(), settings.dropout(), dropoutSeed + stage),
                    compute.recompute());
            long ready = System.nanoTime();
            NDArray statistics;
            Torch.record(true);
            try {
                statistics = objective == Objective.FLM
                        ? flm(pass, text, image, weights)
                        : oneStream(pass, text, image, weights);
            } finally {
                Torch.record(false);
            }
            long forward = System.nanoTime();
            pass.backward((stage, gradients) -> {
                into.put(stage, gradients);
                stageReady.accept(stage);
            });
            long done = System.nanoTime();
            return result(statistics.toFloatArray(), new Times(ready - began, forward - ready, done - forward));
        }
    }

    /** Encode, corrupt, predict; returns the statistics of the losses. */
    private NDArray flm(StagedPass pass, Text text, NDArray image, NDArray weights) {
        Reconstructor rec = reconstructor();
        NDArray picture = imageStage(pass, image);

        List<NDArray> below =
                pass.stage(ParameterNames.TEXT, store.stage(ParameterNames.TEXT), List.of(), List.of(), (p, in) -> {
                    NDArray mask = p.streamMask(text.lengths(), text.length());
                    List<NDArray> out = new ArrayList<>(streams.bottom(p, streams.embed(p, text.ids(), 2), mask));
                    out.add(streams.embed(p, text.queryIds().get(0), 1));
                    return out; // bottom layers [2B, L, H], then the query [B, L, H]
                });
        int bottoms = below.size() - 1;
        List<NDArray> bottom = below.subList(0, bottoms);
        NDArray query = below.get(bottoms);

        List<NDArray> top = pass.stage(
                ParameterNames.FUSION,
                store.stage(ParameterNames.FUSION),
                List.of(),
                List.of(bottom.get(bottoms - 1), picture),
                (p, in) -> {
                    NDArray x = p.transformStreams(in.get(0), textTransform, types, flmTypes);
                    NDArray keys = p.transform(in.get(1), imageTransform, types, 1); // [B, P, H]
                    return streams.top(p, x, p.streamMask(text.lengths(), text.length()), keys, 2);
                });

        List<NDArray> features = new ArrayList<>(bottom);
        features.addAll(top);
        features.add(query);
        List<NDArray> borrowed =
                List.of(textTransform.arrays().get(0), textTransform.arrays().get(1), flmTypes);
        return pass.stage(ParameterNames.PREDICT, store.stage(ParameterNames.PREDICT), borrowed, features, (p, in) -> {
                    NDArray corrupted = p.reconstructorMask(
                            text.lengths(), text.left().get(0), text.right().get(0));
                    NDArray x = in.get(in.size() - 1);
                    x = last(rec.bottom(p, x, in.subList(0, bottoms), corrupted));
                    x = p.transform(x, textTransform, flmTypes, 1);
                    List<NDArray> high = in.subList(bottoms, in.size() - 1);
                    x = last(rec.top(p, x, high, corrupted));
                    return p.tokenLoss(text.predictions(), weights, List.of(x, last(high)), head);
                })
                .get(1);
    }

    /** One stream: l2r for ar, bidirectional for mlm. */
    private NDArray oneStream(StagedPass pass, Text text, NDArray image, NDArray weights) {
        NDArray picture = imageStage(pass, image);
        List<NDArray> bottom = pass.stage(
                ParameterNames.TEXT,
                store.stage(ParameterNames.TEXT),
                List.of(),
                List.of(),
                (p, in) -> streams.bottom(p, streams.embed(p, text.ids(), 1), oneStreamMask(p, text)));
        List<NDArray> top = pass.stage(
                ParameterNames.FUSION,
                store.stage(ParameterNames.FUSION),
                List.of(),
                List.of(last(bottom), picture),
                (p, in) -> {
                    NDArray x = p.transform(in.get(0), textTransform, types, 0);
                    NDArray keys = p.transform(in.get(1), imageTransform, types, 1);
                    return streams.top(p, x, oneStreamMask(p, text), keys, 1);
                });
        return pass.stage(
                        ParameterNames.PREDICT,
                        store.stage(ParameterNames.PREDICT),
                        List.of(),
                        List.of(last(top)),
                        (p, in) -> p.tokenLoss(text.predictions(), weights, in, head))
                .get(1);
    }

    private NDArray imageStage(StagedPass pass, NDArray image) {
        return pass.stage(
                        ParameterNames.IMAGE,
                        store.stage(ParameterNames.IMAGE),
                        List.of(),
                        List.of(),
                        (p, in) -> List.of(imageEncoder.encode(p, image)))
                .get(0);
    }

    private NDArray oneStreamMask(Pass p, Text text) {
        return objective == Objective.MLM
                ? p.paddingMask(text.lengths(), text.length())
                : p.l2rMask(text.lengths(), text.length());
    }

    private static float[] rowWeights(TextBatch batch, double[] headWeights) {
        float[] weights = new float[(int) Arrays.stream(batch.targetCounts()).sum()];
        int at = 0;
        for (int h = 0; h < headWeights.length; h++) {
            int count = batch.heads().get(h).count();
            Arrays.fill(weights, at, at + count, (float) headWeights[h]);
            at += count;
        }
        return weights;
    }

    private static LaneResult result(float[] statistics, Times times) {
        int heads = statistics.length / 2;
        double[] losses = new double[heads];
        long[] correct = new long[heads];
        for (int h = 0; h < heads; h++) {
            losses[h] = statistics[h];
            correct[h] = (long) statistics[heads + h];
        }
        return new LaneResult(losses, correct, times);
    }

    // ---- pictures of another size
    // -------------------------------------------------------------------------------------

    /**
     * A position table of the image encoder for pictures of another size: the class row stays, the grid of the others is
     * resized bicubically, as CLIP's checkpoints are loaded at another resolution.
     *
     * @param table [1 + g * g, W], row-major
     * @param side patches along a side of the new grid
     * @return [1 + side * side, W]
     */
    public float[] resizePositions(float[] table, int side) {
        int width = settings.imageWidth();
        int grid = (int) Math.round(Math.sqrt(table.length / (double) width - 1));
        if (table.length != (1 + grid * grid) * width) {
            throw new UserException(
                    "a position table of " + table.length + " values is no square grid and a class row of "
                            + "flm.model.image-width = " + width + "; give the table of a checkpoint of that width");
        }
        try (NDManager scope = owner.newSubManager()) {
            NDArray old = scope.create(table, new Shape(1 + grid * grid, width));
            return script.call(scope, "resize_positions", old, side).toFloatArray();
        }
    }

    // ---- evaluation -------------------------------------------------------------------------------------------------

    /** A scope for arrays of this model. */
    public NDManager newScope() {
        return owner.newSubManager();
    }

    /** Uint8 pixels [rows, 3, S, S] as the image encoder takes them: float32, normalised. */
    NDArray normalized(NDManager scope, ByteBuffer pixels, int rows) {
        int size = settings.imageSize();
        NDArray raw = scope.create(
                pixels.duplicate().limit(rows * 3 * size * size), new Shape(rows, 3, size, size), DataType.UINT8);
        return pass(scope).normalize(raw);
    }

    /**
     * What the cross-modal layers see of pictures.
     *
     * @param pixels uint8 [rows, 3, S, S], a direct buffer
     * @return [rows, P, H], in {@code scope}
     */
    public NDArray imageTokens(NDManager scope, ByteBuffer pixels, int rows) {
        try (NDManager inner = scope.newSubManager()) {
            NDArray tokens = imageTokens(inner, normalized(inner, pixels, rows));
            tokens.attach(scope);
            return tokens;
        }
    }

    /** @param image normalised [B, 3, S, S] */
    NDArray imageTokens(NDManager scope, NDArray image) {
        Pass p = pass(scope);
        return p.transform(imageEncoder.encode(p, image), imageTransform, types, 1);
    }

    /**
     * How likely each target is.
     *
     * @param batch of this model's objective; a model of flm also takes batches of ar, which its l2r stream answers
     * @param imageTokens [B, P, H], or [1, P, H] for one picture that all rows share
     * @return by head of the batch's objective
     */
    public List<TargetScores> score(TextBatch batch, NDArray imageTokens) {
        try (NDManager scope = owner.newSubManager()) {
            Text text = Text.of(scope, batch);
            List<NDArray> features = batch.objective() == Objective.FLM
                    ? features(pass(scope), text, imageTokens)
                    : List.of(feature(pass(scope), text, imageTokens));
            List<NDArray> scores = pass(scope).tokenScores(text.predictions(), features, head);
            float[] logProbs = scores.get(0).toFloatArray();
            long[] best = scores.get(1).toLongArray();
            List<TargetScores> heads = new ArrayList<>();
            int at = 0;
            for (Targets t : batch.heads()) {
                int to = at + t.count();
                heads.add(new TargetScores(
                        Arrays.copyOfRange(logProbs, at, to),
                        Arrays.stream(best, at, to).mapToInt(Math::toIntExact).toArray()));
                at = to;
            }
            return heads;
        }
    }

    /**
     * Captions by the l2r stream: the likeliest token, again and again.
     *
     * @param imageTokens [B, P, H]
     * @param start the tokens that each caption begins with
     * @param stop tokens that end a caption
     * @param maxLength of a caption, with start and stop
     * @return each row's tokens with start and stop, as far as it came
     */
    public int[][] greedy(NDArray imageTokens, int[] start, int[] stop, int maxLength) {
        int rows = (int) imageTokens.getShape().get(0);
        int[][] captions = new int[rows][];
        Arrays.fill(captions, start);
        boolean[] done = new boolean[rows];
        for (int length = start.length; length < maxLength && !all(done); length++) {
            int[] next = next(captions, imageTokens, length);
            for (int row = 0; row < rows; row++) {
                int token = next[row];
                captions[row] = Arrays.copyOf(captions[row], length + 1);
                captions[row][length] = token;
                done[row] |= Arrays.stream(stop).anyMatch(s -> s == token);
            }
        }
        for (int row = 0; row < rows; row++) {
            captions[row] = untilStop(captions[row], start.length, stop);
        }
        return captions;
    }

    private int[] next(int[][] captions, NDArray imageTokens, int length) {
        int rows = captions.length;
        int[] ids = new int[rows * length];
        int[] positions = new int[rows];
        for (int row = 0; row < rows; row++) {
            System.arraycopy(captions[row], 0, ids, row * length, length);
            positions[row] = row * length + length - 1;
        }
        int[] lengths = new int[rows];
        Arrays.fill(lengths, length);
        TextBatch batch = new TextBatch(
                Objective.AR,
                rows,
                length,
                ids,
                lengths,
                new int[0],
                new int[0],
                new int[0],
                List.of(new Targets(positions, new int[rows])));
        return score(batch, imageTokens).get(0).best();
    }

    private static boolean all(boolean[] done) {
        for (boolean d : done) {
            if (!d) {
                return false;
            }
        }
        return true;
    }

    private static int[] untilStop(int[] caption, int from, int[] stop) {
        for (int i = from; i < caption.length; i++) {
            int token = caption[i];
            if (Arrays.stream(stop).anyMatch(s -> s == token)) {
                return Arrays.copyOf(caption, i + 1);
            }
        }
        return caption;
    }

    /** The last features of the reconstructor [B, L, H] and of the interleaved streams [2B, L, H]. */
    private List<NDArray> features(Pass p, Text text, NDArray imageTokens) {
        Features f = threeStreams(p, text, imageTokens);
        return List.of(last(f.reconstructorTop()), last(f.top()));
    }

    /**
     * All that the three streams compute, layer by layer: interleaved streams [2B, L, H], reconstructor [B, L, H].
     *
     * @param topIn the streams' input above the fusion
     * @param reconstructorTopIn the reconstructor's
     */
    record Features(
            NDArray mask,
            NDArray embedded,
            NDArray query,
            List<NDArray> bottom,
            List<NDArray> reconstructorBottom,
            NDArray topIn,
            NDArray reconstructorTopIn,
            List<NDArray> top,
            List<NDArray> reconstructorTop) {}

    Features threeStreams(Pass p, Text text, NDArray imageTokens) {
        Reconstructor rec = reconstructor();
        NDArray mask = p.streamMask(text.lengths(), text.length());
        NDArray corrupted = p.reconstructorMask(
                text.lengths(), text.left().get(0), text.right().get(0));
        NDArray embedded = streams.embed(p, text.ids(), 2);
        NDArray query = streams.embed(p, text.queryIds().get(0), 1);
        List<NDArray> bottom = streams.bottom(p, embedded, mask);
        List<NDArray> recBottom = rec.bottom(p, query, bottom, corrupted);
        NDArray topIn = p.transformStreams(last(bottom), textTransform, types, flmTypes);
        NDArray recTopIn = p.transform(last(recBottom), textTransform, flmTypes, 1);
        List<NDArray> top = streams.top(p, topIn, mask, imageTokens, 2);
        List<NDArray> recTop = rec.top(p, recTopIn, top, corrupted);
        return new Features(corrupted, embedded, query, bottom, recBottom, topIn, recTopIn, top, recTop);
    }

    /** Features of the image encoder [B, P, W]. */
    NDArray imageFeatures(NDManager scope, NDArray image) {
        return imageEncoder.encode(pass(scope), image);
    }

    /** [B, L, H] -> [B * L, V]. */
    NDArray logits(NDManager scope, NDArray features) {
        long hidden = features.getShape().get(2);
        return pass(scope).logits(features.reshape(-1, hidden), head);
    }

    /** The last features of one stream [B, L, H]. */
    NDArray feature(Pass p, Text text, NDArray imageTokens) {
        NDArray mask = oneStreamMask(p, text);
        NDArray x = last(streams.bottom(p, streams.embed(p, text.ids(), 1), mask));
        return last(streams.top(p, p.transform(x, textTransform, types, 0), mask, imageTokens, 1));
    }

    Pass pass(NDManager scope) {
        return new Pass(script, scope, settings, compute.precision(), 0, 0);
    }

    private Reconstructor reconstructor() {
        if (reconstructor == null) {
            throw new IllegalStateException("a model of " + objective.key() + " has no reconstructor");
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
