package io.flm.worker.model;

import ai.djl.Device;
import io.flm.data.LaneBatch;
import io.flm.data.RandomStream;
import io.flm.data.Sample;
import io.flm.data.TextBatch;
import io.flm.data.TextLayout;
import io.flm.data.TokenizerKind;
import io.flm.data.Vocabulary;
import io.flm.data.Words;
import io.flm.worker.model.FlmModel.Compute;
import io.flm.worker.objective.Objective;
import io.flm.worker.objective.ar.AutoregressiveModeling;
import io.flm.worker.objective.flm.FreeLanguageModeling;
import io.flm.worker.objective.itm.ImageTextMatching;
import io.flm.worker.objective.mlm.MaskedLanguageModeling;
import io.flm.worker.objective.prefix.PrefixLanguageModeling;
import io.flm.worker.optimize.AdamW;
import io.flm.worker.optimize.OptimizerSettings;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The smallest model that has every part, and a batch for it. */
final class SmallModel {
    static final int VOCABULARY = 40;

    static final Objective FLM = new FreeLanguageModeling(0.3, 1, 1);
    static final Objective MLM = new MaskedLanguageModeling(0.4, false);
    static final Objective AR = new AutoregressiveModeling();
    static final Objective PREFIX = new PrefixLanguageModeling();
    static final Objective MLM_IN_COPIES = new MaskedLanguageModeling(0.3, 0.9, false);
    static final Objective FLM_AND_MATCHING = new ImageTextMatching(FLM, 3);
    static final Objective MLM_AND_MATCHING = new ImageTextMatching(MLM, 3);

    private SmallModel() {}

    static Stream<Objective> objectives() {
        return Stream.of(FLM, MLM, AR, PREFIX, MLM_IN_COPIES, FLM_AND_MATCHING, MLM_AND_MATCHING);
    }

    static Stream<Objective> matching() {
        return Stream.of(FLM_AND_MATCHING, MLM_AND_MATCHING);
    }

    static ModelSettings settings(double dropout) {
        return new ModelSettings(VOCABULARY, 32, 4, 4, 2, 2, 1, 2, 16, 16, 8, 24, 2, 2, dropout);
    }

    static FlmModel of(Objective objective, double dropout, Precision precision, boolean recompute) {
        FlmModel model =
                new FlmModel(settings(dropout), objective.parts(), new Compute(Device.cpu(), precision, recompute));
        model.parameters().initialize(5);
        return model;
    }

    /** Three rows of different lengths. */
    static LaneBatch batch(Objective objective) {
        List<int[]> rows =
                List.of(new int[] {0, 7, 9, 11, 13, 5, 2}, new int[] {0, 8, 8, 30, 2}, new int[] {0, 6, 21, 22, 23, 2});
        Vocabulary vocabulary =
                new Vocabulary(VOCABULARY, TokenizerKind.ROBERTA, 0, 1, 2, VOCABULARY - 1, 5, Words.each(VOCABULARY));
        RandomStream random = RandomStream.of(3, RandomStream.Purpose.CORRUPT);
        ByteBuffer pixels = ByteBuffer.allocateDirect(rows.size() * 3 * 16 * 16);
        while (pixels.hasRemaining()) {
            pixels.put((byte) random.nextInt(256));
        }
        List<String> keys = List.of("a:1", "a:2", "a:3");
        List<Sample> samples = new ArrayList<>();
        for (int r = 0; r < rows.size(); r++) {
            samples.add(Sample.captioned(keys.get(r), new byte[0], rows.get(r)));
        }
        TextBatch text = objective.corruption(new TextLayout(vocabulary, false)).plan(samples, random);
        return new LaneBatch(0, 0, 16, pixels.flip(), text, keys, new int[] {keys.size()}, 0);
    }

    static AdamW optimizer(FlmModel model, double clipNorm) {
        return new AdamW(model.parameters(), new OptimizerSettings(0.9, 0.98, 1e-8, 0.01, clipNorm, 5, 5, 1));
    }
}
