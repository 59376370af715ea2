package io.flm.worker.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.flm.data.LaneBatch;
import io.flm.data.RandomStream;
import io.flm.data.Reconstruction;
import io.flm.data.SeenPictures;
import io.flm.data.Streams;
import io.flm.data.Targets;
import io.flm.data.TextBatch;
import io.flm.data.TokenTargets;
import io.flm.data.TokenTargets.From;
import io.flm.worker.model.FlmModel.LaneResult;
import io.flm.worker.objective.Objective;
import io.flm.worker.optimize.AdamW;
import io.flm.worker.torch.Script;
import io.flm.worker.torch.Torch;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class FlmModelTest {
    @BeforeEach
    void prepare() {
        Torch.prepareThread(1);
    }

    /** With weight 1 for every prediction. */
    private static double[] ones(LaneBatch batch) {
        double[] ones = new double[batch.text().heads().size()];
        Arrays.fill(ones, 1);
        return ones;
    }

    private static float[] gradient(FlmModel model, LaneBatch batch, long dropoutSeed) {
        Gradient gradient = model.parameters().newGradient();
        model.train(batch, ones(batch), dropoutSeed, gradient, stage -> {});
        return flat(model, gradient);
    }

    private static float[] flat(FlmModel model, Gradient gradient) {
        FloatBuffer all = FloatBuffer.allocate((int) model.parameters().size());
        for (int stage = 0; stage < model.parameters().stageCount(); stage++) {
            all.put(gradient.segment(stage));
        }
        return all.array();
    }

    @ParameterizedTest
    @MethodSource("io.flm.worker.model.SmallModel#objectives")
    void computingAStageAgainInsteadOfKeepingItGivesTheSameGradientsWithDropout(Objective objective) {
        LaneBatch batch = SmallModel.batch(objective);
        try (FlmModel keeps = SmallModel.of(objective, 0.2, Precision.FP32, false);
                FlmModel recomputes = SmallModel.of(objective, 0.2, Precision.FP32, true)) {
            assertThat(gradient(recomputes, batch, 11)).isEqualTo(gradient(keeps, batch, 11));
        }
    }

    @Test
    void theSameDropoutSeedGivesTheSameGradientsWhateverOtherThreadsDo() throws Exception {
        LaneBatch batch = SmallModel.batch(SmallModel.FLM);
        float[] alone;
        try (FlmModel model = SmallModel.of(SmallModel.FLM, 0.2, Precision.FP32, false)) {
            alone = gradient(model, batch, 11);
            assertThat(gradient(model, batch, 11)).isEqualTo(alone);
            assertThat(gradient(model, batch, 12)).isNotEqualTo(alone);
        }
        ExecutorService threads = Executors.newFixedThreadPool(3);
        try {
            List<Future<float[]>> together = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                together.add(threads.submit(() -> {
                    Torch.prepareThread(1);
                    try (FlmModel model = SmallModel.of(SmallModel.FLM, 0.2, Precision.FP32, false)) {
                        return gradient(model, batch, 11);
                    }
                }));
            }
            for (Future<float[]> one : together) {
                assertThat(get(one)).isEqualTo(alone);
            }
        } finally {
            threads.shutdown();
        }
    }

    private static float[] get(Future<float[]> future) throws InterruptedException, ExecutionException {
        return future.get();
    }

    @ParameterizedTest
    @MethodSource("io.flm.worker.model.SmallModel#objectives")
    void theGradientIsTheSlopeOfTheLoss(Objective objective) {
        LaneBatch batch = SmallModel.batch(objective);
        try (FlmModel model = SmallModel.of(objective, 0, Precision.FP32, false)) {
            float[] g = gradient(model, batch, 0);
            double square = 0;
            for (float x : g) {
                square += (double) x * x;
            }
            float[] weights = new float[g.length];
            model.parameters().read(ParameterStore.Buffer.VALUES, 0, FloatBuffer.wrap(weights));
            double h = 1e-3 / Math.sqrt(square);
            double[] losses = new double[2];
            for (int side = 0; side < 2; side++) {
                float[] moved = weights.clone();
                for (int i = 0; i < moved.length; i++) {
                    moved[i] += (float) ((side == 0 ? -h : h) * g[i]);
                }
                model.parameters().write(ParameterStore.Buffer.VALUES, 0, FloatBuffer.wrap(moved));
                losses[side] = loss(model, batch);
            }
            assertThat((losses[1] - losses[0]) / (2 * h)).isCloseTo(square, within(0.02 * square));
        }
    }

    /** The sources' losses are parts of the whole, which, as the gradient, does not depend on how it is taken apart. */
    @ParameterizedTest
    @MethodSource("io.flm.worker.model.SmallModel#objectives")
    void theLossesOfTheSourcesOfABatchAddUpToItsOwn(Objective objective) {
        LaneBatch one = SmallModel.batch(objective);
        LaneBatch mixed = new LaneBatch(0, 0, 16, one.pixels(), one.text(), one.keys(), new int[] {2, 0, 1}, 0);
        try (FlmModel model = SmallModel.of(objective, 0.2, Precision.FP32, false)) {
            assertThat(gradient(model, mixed, 11)).isEqualTo(gradient(model, one, 11));
            LaneResult whole = model.train(one, ones(one), 3, model.parameters().newGradient(), stage -> {});
            LaneResult parts =
                    model.train(mixed, ones(one), 3, model.parameters().newGradient(), stage -> {});
            assertThat(whole.bySource()).hasSize(1);
            assertThat(parts.bySource()).hasSize(3);
            for (int head = 0; head < whole.loss().sums().length; head++) {
                boolean tokens = one.text().heads().get(head) instanceof TokenTargets;
                Loss sum = parts.bySource().stream().reduce(Loss::plus).orElseThrow();
                assertThat(sum.targetCounts()[head])
                        .isEqualTo(tokens ? whole.loss().targetCounts()[head] : 0);
                assertThat(sum.correctCounts()[head])
                        .isEqualTo(tokens ? whole.loss().correctCounts()[head] : 0);
                assertThat(sum.sums()[head]).isCloseTo(tokens ? whole.loss().sums()[head] : 0, within(1e-3));
                assertThat(parts.loss().sums()[head]).isCloseTo(whole.loss().sums()[head], within(1e-3));
                assertThat(parts.bySource().get(0).sums()[head] > 0).isEqualTo(tokens);
                assertThat(parts.bySource().get(1).targetCounts()[head]).isZero();
            }
        }
    }

    private static double loss(FlmModel model, LaneBatch batch) {
        Gradient scratch = model.parameters().newGradient();
        LaneResult result = model.train(batch, ones(batch), 0, scratch, stage -> {});
        double sum = 0;
        for (double s : result.loss().sums()) {
            sum += s;
        }
        return sum;
    }

    @ParameterizedTest
    @MethodSource("io.flm.worker.model.SmallModel#objectives")
    void someStepsTeachTheModelItsBatch(Objective objective) {
        LaneBatch batch = SmallModel.batch(objective);
        double count = 0;
        for (long c : batch.text().targetCounts()) {
            count += c;
        }
        for (Precision precision : Precision.values()) {
            try (FlmModel model = SmallModel.of(objective, 0, precision, false)) {
                double before = loss(model, batch);
                Gradient gradient = model.parameters().newGradient();
                AdamW optimizer = SmallModel.optimizer(model, 0);
                for (int step = 1; step <= 60; step++) {
                    model.train(batch, ones(batch), step, gradient, stage -> {});
                    optimizer.update(gradient, step, 1e-3, count);
                }
                assertThat(loss(model, batch)).as("%s", precision).isLessThan(0.3 * before);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.flm.worker.model.SmallModel#objectives")
    void evaluationFindsTheLossThatTrainingFinds(Objective objective) {
        LaneBatch batch = SmallModel.batch(objective);
        try (FlmModel model = SmallModel.of(objective, 0, Precision.FP32, false);
                NDManager scope = model.newScope()) {
            Gradient scratch = model.parameters().newGradient();
            Loss trained =
                    model.train(batch, ones(batch), 0, scratch, stage -> {}).loss();
            NDArray features = model.imageFeatures(scope, batch.pixels(), batch.pictures());
            List<TokenTargets> asked = batch.text().heads().stream()
                    .filter(TokenTargets.class::isInstance)
                    .map(TokenTargets.class::cast)
                    .toList();
            Loss all = model.loss(batch.text(), features);
            assertThat(all.sums().length).isEqualTo(trained.sums().length);
            TextBatch tokens = batch.text().withHeads(asked);
            for (Loss evaluated : List.of(all, Loss.of(asked, model.score(tokens, features)))) {
                for (int head = 0; head < evaluated.sums().length; head++) {
                    assertThat(evaluated.targetCounts()[head]).isEqualTo(trained.targetCounts()[head]);
                    assertThat(evaluated.correctCounts()[head]).isEqualTo(trained.correctCounts()[head]);
                    assertThat(evaluated.mean(head)).isCloseTo(trained.mean(head), within(1e-5));
                }
            }
        }
    }

    @Test
    void stagesAreReadyFromTheLastToTheFirst() {
        try (FlmModel model = SmallModel.of(SmallModel.FLM, 0, Precision.FP32, false)) {
            List<Integer> ready = new ArrayList<>();
            Gradient gradient = model.parameters().newGradient();
            LaneBatch batch = SmallModel.batch(SmallModel.FLM);
            model.train(batch, ones(batch), 0, gradient, ready::add);
            assertThat(ready).containsExactly(3, 2, 1, 0);
        }
    }

    @Test
    void clippingKeepsTheDirectionAndBoundsTheNorm() {
        LaneBatch batch = SmallModel.batch(SmallModel.FLM);
        try (FlmModel model = SmallModel.of(SmallModel.FLM, 0, Precision.FP32, false)) {
            Gradient gradient = model.parameters().newGradient();
            model.train(batch, ones(batch), 0, gradient, stage -> {});
            float[] before = flat(model, gradient);
            SmallModel.optimizer(model, 0.25).update(gradient, 1, 1e-4, 10);
            float[] after = flat(model, gradient);
            double norm = 0;
            double dot = 0;
            double length = 0;
            for (int i = 0; i < after.length; i++) {
                norm += (double) after[i] * after[i];
                dot += (double) after[i] * before[i];
                length += (double) before[i] * before[i];
            }
            assertThat(Math.sqrt(norm)).isCloseTo(0.25, within(1e-4));
            assertThat(dot / Math.sqrt(norm * length)).isCloseTo(1, within(1e-5));
        }
    }

    /** Every token of a row of 7 is asked for, and each one but the first is changed in turn. */
    @Test
    void aTokenAfterThePrefixSeesThePrefixAndWhatIsBeforeItAndNothingElse() {
        int[] row = {0, 7, 9, 11, 13, 5, 2};
        int prefix = 4;
        LaneBatch batch = SmallModel.batch(SmallModel.PREFIX);
        try (FlmModel model = SmallModel.of(SmallModel.PREFIX, 0, Precision.FP32, false);
                NDManager scope = model.newScope()) {
            NDArray picture = model.imageFeatures(scope, batch.pixels(), 1);
            float[] before = askedForAll(model, picture, row, prefix);
            for (int changed = 1; changed < row.length; changed++) {
                int[] other = row.clone();
                other[changed] = 30;
                float[] after = askedForAll(model, picture, other, prefix);
                for (int column = 1; column < row.length; column++) {
                    boolean sees = changed <= column || (changed < prefix && column < prefix);
                    assertThat(Math.abs(after[column] - before[column]) > 1e-6)
                            .as("column %d sees token %d", column, changed)
                            .isEqualTo(sees);
                }
            }
        }
    }

    /** How likely each column calls token 20. */
    private static float[] askedForAll(FlmModel model, NDArray picture, int[] row, int prefix) {
        TokenTargets.Builder all = new TokenTargets.Builder();
        for (int column = 0; column < row.length; column++) {
            all.add(column, 20);
        }
        TextBatch text =
                TextBatch.of(new Streams.Prefix(new int[] {prefix}), List.of(row), 1, List.of(all.build(From.OUTPUT)));
        return model.score(text, picture).get(0).logProbs();
    }

    @ParameterizedTest
    @MethodSource("io.flm.worker.model.SmallModel#matching")
    void aTextThatIsMatchedSeesThePictureThatItIsMatchedWithAndNoOther(Objective objective) {
        LaneBatch batch = SmallModel.batch(objective);
        int pictures = batch.pictures();
        int[] seen = Arrays.copyOfRange(batch.text().pictures().ofRow(), batch.rows() - pictures, batch.rows());
        assertThat(seen).isNotEqualTo(new int[] {0, 1, 2});
        try (FlmModel model = SmallModel.of(objective, 0, Precision.FP32, false);
                NDManager scope = model.newScope()) {
            float[][] before = classes(model, scope, batch);
            for (int changed = 0; changed < pictures; changed++) {
                byte[] kept = new byte[batch.pixels().limit() / pictures];
                batch.pixels().get(changed * kept.length, kept);
                batch.pixels().put(changed * kept.length, new byte[kept.length]);
                float[][] after = classes(model, scope, batch);
                batch.pixels().put(changed * kept.length, kept);
                for (int row = 0; row < pictures; row++) {
                    assertThat(Math.abs(after[row][1] - before[row][1]) > 1e-6)
                            .as("text %d sees picture %d", row, changed)
                            .isEqualTo(seen[row] == changed);
                }
            }
        }
    }

    private static float[][] classes(FlmModel model, NDManager scope, LaneBatch batch) {
        return model.classify(batch.text(), model.imageFeatures(scope, batch.pixels(), batch.pictures()))
                .get(0);
    }

    @Test
    void withoutAPrefixATextIsReadAsByTheLeftToRightStream() {
        LaneBatch batch = SmallModel.batch(SmallModel.AR);
        TextBatch text = batch.text();
        int[] starts = {2, 2, 2}; // what every row begins with, which is read first
        TextBatch cut = new TextBatch(
                text.rows(),
                text.length(),
                text.ids(),
                text.lengths(),
                new Streams.Prefix(starts),
                text.pictures(),
                text.heads());
        try (FlmModel model = SmallModel.of(SmallModel.PREFIX, 0, Precision.FP32, false);
                NDManager scope = model.newScope()) {
            NDArray pictures = model.imageFeatures(scope, batch.pixels(), batch.rows());
            assertThat(model.score(cut, pictures).get(0).logProbs())
                    .isEqualTo(model.score(text, pictures).get(0).logProbs());
        }
    }

    /** To the bit: a search may keep what is made of its texts, and says the same. */
    @ParameterizedTest
    @MethodSource("io.flm.worker.model.SmallModel#objectives")
    void textsThatAreKeptSayTheSameBesideEachPictureAsTextsThatAreReadAnew(Objective objective) {
        LaneBatch batch = SmallModel.batch(objective);
        List<? extends Targets> all = batch.text().heads();
        List<TokenTargets> ofTokens = all.stream()
                .filter(TokenTargets.class::isInstance)
                .map(TokenTargets.class::cast)
                .toList();
        TextBatch beside =
                batch.text().withPictures(SeenPictures.oneEach(batch.text().rows())); // then all rows may share one
        TextBatch tokens = beside.withHeads(ofTokens);
        List<Targets> rest = all.stream()
                .filter(h -> !ofTokens.contains(h))
                .map(h -> (Targets) h)
                .toList();
        try (FlmModel model = SmallModel.of(objective, 0, Precision.FP32, false);
                NDManager scope = model.newScope();
                KeptTexts keptTokens = model.keep(tokens);
                KeptTexts keptRows = model.keep(beside.withHeads(rest))) {
            NDArray pictures = model.imageFeatures(scope, batch.pixels(), batch.pictures());
            List<float[]> said = new ArrayList<>();
            for (int picture = 0; picture < batch.pictures(); picture++) {
                NDArray one = Torch.rows(scope, pictures, picture, picture + 1);
                List<TargetScores> anew = model.score(tokens, one);
                List<TargetScores> kept = model.score(keptTokens, one);
                for (int head = 0; head < anew.size(); head++) {
                    assertThat(kept.get(head).logProbs())
                            .isEqualTo(anew.get(head).logProbs());
                    assertThat(kept.get(head).best()).isEqualTo(anew.get(head).best());
                }
                said.add(kept.get(0).logProbs());
                if (!rest.isEmpty()) {
                    assertThat(model.classify(keptRows, one).get(0))
                            .isDeepEqualTo(
                                    model.classify(beside.withHeads(rest), one).get(0));
                }
            }
            assertThat(said.get(1)).as("what a picture changes").isNotEqualTo(said.get(0));
        }
    }

    @Test
    void onePictureSharedByAllRowsScoresAsTheSamePictureForEach() {
        LaneBatch batch = SmallModel.batch(SmallModel.AR);
        try (FlmModel model = SmallModel.of(SmallModel.FLM, 0, Precision.FP32, false);
                NDManager scope = model.newScope()) {
            NDArray one = model.imageFeatures(scope, batch.pixels(), 1);
            NDArray same = one.repeat(0, batch.rows());
            float[] shared = model.score(batch.text(), one).get(0).logProbs();
            float[] each = model.score(batch.text(), same).get(0).logProbs();
            for (int i = 0; i < shared.length; i++) {
                assertThat(shared[i]).isCloseTo(each[i], within(1e-5f));
            }
        }
    }

    @Test
    void aLongerPaddingChangesNoScore() {
        LaneBatch batch = SmallModel.batch(SmallModel.FLM);
        TextBatch text = batch.text();
        try (FlmModel model = SmallModel.of(SmallModel.FLM, 0, Precision.FP32, false);
                NDManager scope = model.newScope()) {
            NDArray tokens = model.imageFeatures(scope, batch.pixels(), batch.rows());
            List<TargetScores> tight = model.score(text, tokens);
            List<TargetScores> padded = model.score(padded(text, 3), tokens);
            for (int head = 0; head < tight.size(); head++) {
                float[] a = tight.get(head).logProbs();
                float[] b = padded.get(head).logProbs();
                assertThat(b).hasSize(a.length);
                for (int i = 0; i < a.length; i++) {
                    assertThat(b[i]).isCloseTo(a[i], within(1e-4f));
                }
            }
        }
    }

    private static TextBatch padded(TextBatch text, int more) {
        int length = text.length() + more;
        List<Targets> heads = text.heads().stream()
                .map(t -> t.moved(0, text.length(), length))
                .toList();
        Reconstruction r = Objects.requireNonNull(text.reconstruction());
        return new TextBatch(
                text.rows(),
                length,
                widen(text.ids(), text.length(), length, 1),
                text.lengths(),
                new Reconstruction(
                        widen(r.queryIds(), text.length(), length, 0),
                        widen(r.left(), text.length(), length, 0),
                        widen(r.right(), text.length(), length, 0)),
                text.pictures(),
                heads);
    }

    private static int[] widen(int[] values, int from, int to, int pad) {
        int[] wide = new int[values.length / from * to];
        Arrays.fill(wide, pad);
        for (int i = 0; i < values.length; i++) {
            wide[i / from * to + i % from] = values[i];
        }
        return wide;
    }

    @Test
    void noArrayOfAStepOutlivesIt() {
        LaneBatch batch = SmallModel.batch(SmallModel.FLM);
        try (FlmModel model = SmallModel.of(SmallModel.FLM, 0.1, Precision.FP32, false);
                NDManager scope = model.newScope()) {
            Gradient gradient = model.parameters().newGradient();
            AdamW optimizer = SmallModel.optimizer(model, 0);
            NDManager owner = scope.getParentManager();
            int before = owner.getManagedArrays().size();
            for (int step = 1; step <= 3; step++) {
                model.train(batch, ones(batch), step, gradient, stage -> {});
                optimizer.update(gradient, step, 1e-4, 10);
            }
            assertThat(owner.getManagedArrays()).hasSize(before);
        }
    }

    @Test
    void closingAModelFreesItsWeights() throws IOException {
        Path status = Path.of("/proc/self/status");
        Assumptions.assumeTrue(Files.exists(status), "resident memory is read from /proc");
        ModelSettings wide = new ModelSettings(100_000, 32, 4, 4, 1, 1, 1, 1, 16, 16, 8, 24, 2, 1, 0);
        long first = 0;
        for (int i = 0; i < 9; i++) {
            try (FlmModel model = new FlmModel(
                    wide, SmallModel.AR.parts(), new FlmModel.Compute(Device.cpu(), Precision.FP32, false))) {
                model.parameters().initialize(i); // 77 MB with the moments
            }
            first = i == 2 ? residentBytes(status) : first;
        }
        assertThat(residentBytes(status) - first).isLessThan(200L << 20);
    }

    private static long residentBytes(Path status) throws IOException {
        for (String line : Files.readAllLines(status)) {
            if (line.startsWith("RssAnon:")) {
                return 1024L * Long.parseLong(line.replaceAll("\\D", ""));
            }
        }
        throw new IOException("no RssAnon in " + status);
    }

    @ParameterizedTest
    @ValueSource(ints = {5, 64, 65, 130, 2048})
    void theLikeliestTokenIsTheFirstOfEqualOnes(int vocabulary) {
        int rows = 50;
        RandomStream random = RandomStream.of(vocabulary, RandomStream.Purpose.WEIGHTS);
        float[] logits = new float[rows * vocabulary];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = random.nextInt(20); // so that many are equal
        }
        long[] first = new long[rows];
        for (int i = 0; i < logits.length; i++) {
            int row = i / vocabulary;
            first[row] = logits[i] > logits[row * vocabulary + (int) first[row]] ? i % vocabulary : first[row];
        }
        try (NDManager scope = Torch.newManager(Device.cpu());
                Script script = Kernels.compiled(scope)) {
            NDArray z = scope.create(logits, new Shape(rows, vocabulary));
            assertThat(script.call(scope, "likeliest", z).toLongArray()).isEqualTo(first);
        }
    }

    @Test
    void hashedBitsDropAsManyValuesAsAskedForAndEachSeedOthers() {
        int groups = 1 << 18;
        double rate = 0.1;
        try (NDManager scope = Torch.newManager(Device.cpu());
                Script script = Kernels.compiled(scope)) {
            NDArray anywhere = scope.zeros(new Shape(1));
            long[] bits =
                    script.call(scope, "hashed_bits", anywhere, groups, 7L).toLongArray();
            long[] next =
                    script.call(scope, "hashed_bits", anywhere, groups, 8L).toLongArray();
            double deviation = Math.sqrt(rate * (1 - rate) / groups);
            double both = rate * rate;
            for (int word = 0; word < 4; word++) {
                assertThat(dropped(bits, bits, word, rate)).isCloseTo(rate, within(5 * deviation));
                assertThat(dropped(bits, next, word, rate))
                        .isCloseTo(both, within(5 * Math.sqrt(both * (1 - both) / groups)));
            }
        }
    }

    /** The share of groups in which this word of both is among the lowest values. */
    private static double dropped(long[] a, long[] b, int word, double rate) {
        double limit = rate * (1 << 16) - (1 << 15);
        int count = 0;
        for (int i = 0; i < a.length; i++) {
            if ((short) (a[i] >> (16 * word)) < limit && (short) (b[i] >> (16 * word)) < limit) {
                count++;
            }
        }
        return count / (double) a.length;
    }
}
