package io.flm.worker.decode;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.flm.data.PositionRule;
import io.flm.data.SeenPictures;
import io.flm.data.Streams;
import io.flm.data.TextBatch;
import io.flm.data.TokenTargets;
import io.flm.data.TokenTargets.From;
import io.flm.data.TokenizerKind;
import io.flm.worker.model.FlmModel;
import io.flm.worker.model.FlmModel.Compute;
import io.flm.worker.model.ModelSettings;
import io.flm.worker.model.Parameter;
import io.flm.worker.model.ParameterStore;
import io.flm.worker.model.Precision;
import io.flm.worker.objective.flm.FreeLanguageModeling;
import io.flm.worker.torch.Torch;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** A model whose captions can be enumerated, with weights so large that it has preferences; and some pictures. */
final class TinyModel implements AutoCloseable {
    static final int START = 0;
    static final int END = 2;
    static final int[] BEGIN = {START, END};

    final FlmModel model;
    final NDArray features;
    final ByteBuffer pixels; // [pictures, 3, 16, 16]
    private final NDManager scope;
    private final int vocabulary;

    TinyModel(int vocabulary, int pictures, long seed) {
        this(vocabulary, pictures, seed, TokenizerKind.ROBERTA.positions(1));
    }

    TinyModel(int vocabulary, int pictures, long seed, PositionRule positions) {
        this.vocabulary = vocabulary;
        ModelSettings settings =
                new ModelSettings(vocabulary, 16, 2, 2, 2, 2, 1, 1, 40, 16, 8, 16, 2, 1, 0).counting(positions);
        FreeLanguageModeling flm = new FreeLanguageModeling(0.3, 1, 1);
        model = new FlmModel(settings, flm.parts(), new Compute(Device.cpu(), Precision.FP32, false));
        Random random = new Random(seed);
        for (Parameter p : model.parameters().layout()) {
            float[] values = new float[(int) p.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = p.shape().length == 1
                        ? (p.name().endsWith("weight") ? 1 : 0)
                        : (float) (0.4 * random.nextGaussian());
            }
            model.parameters().write(ParameterStore.Buffer.VALUES, p.offset(), FloatBuffer.wrap(values));
        }
        pixels = ByteBuffer.allocateDirect(pictures * 3 * 16 * 16);
        for (int plane = 0; plane < pictures * 3; plane++) { // each picture of one colour
            byte value = (byte) random.nextInt(256);
            for (int i = 0; i < 16 * 16; i++) {
                pixels.put(value);
            }
        }
        pixels.flip();
        scope = model.newScope();
        features = model.imageFeatures(scope, pixels, pictures);
    }

    /** The pictures {@code [from, to)}. */
    NDArray pictures(int from, int to) {
        return Torch.rows(scope, features, from, to);
    }

    /** The log-probabilities [V] of the token after these, read as a whole by the l2r stream. */
    double[] next(int picture, int[] tokens) {
        List<int[]> rows = new ArrayList<>();
        int[] positions = new int[vocabulary];
        int[] ids = new int[vocabulary];
        for (int token = 0; token < vocabulary; token++) { // a row for each token that is asked for
            rows.add(tokens);
            positions[token] = token * tokens.length + tokens.length - 1;
            ids[token] = token;
        }
        int[] lengths = new int[vocabulary];
        Arrays.fill(lengths, tokens.length);
        int[] read = rows.stream().flatMapToInt(Arrays::stream).toArray();
        TextBatch batch = new TextBatch(
                vocabulary,
                tokens.length,
                read,
                lengths,
                Streams.LEFT_TO_RIGHT,
                SeenPictures.oneEach(vocabulary),
                List.of(new TokenTargets(From.OUTPUT, positions, ids)));
        float[] logProbs =
                model.score(batch, pictures(picture, picture + 1)).get(0).logProbs();
        double[] wide = new double[vocabulary];
        Arrays.setAll(wide, i -> logProbs[i]);
        return wide;
    }

    /** The likeliest token, again and again, each time by reading the whole text. */
    int[] greedy(int picture, int[] start, int maxLength) {
        int[] caption = start;
        while (caption.length < maxLength && (caption.length == start.length || caption[caption.length - 1] != END)) {
            double[] next = next(picture, caption);
            int best = 0;
            for (int token = 1; token < next.length; token++) {
                best = next[token] > next[best] ? token : best;
            }
            caption = Arrays.copyOf(caption, caption.length + 1);
            caption[caption.length - 1] = best;
        }
        return caption;
    }

    @Override
    public void close() {
        scope.close();
        model.close();
    }
}
