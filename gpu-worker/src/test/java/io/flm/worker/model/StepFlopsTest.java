package io.flm.worker.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.flm.worker.model.ModelParts.Classifier;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Against PyTorch 2.7.1's {@code FlopCounterMode} of the same model in eager mode, forward and backward, attention as plain products: 8
 * rows of 12 tokens, 88 predictions a head. {@code tests/benchmark/flops.py} prints both.
 */
class StepFlopsTest {
    private static final ModelSettings TINY = new ModelSettings(2048, 16, 2, 4, 1, 1, 1, 1, 52, 32, 16, 16, 2, 1, 0);
    private static final ModelSettings EMOJI = new ModelSettings(2048, 64, 2, 4, 1, 2, 1, 2, 52, 64, 8, 64, 2, 2, 0);

    private static double flm(ModelSettings model) {
        return StepFlops.of(model, new StepFlops.Work(true, 8, 8, 12, 3 * 88));
    }

    private static double oneStream(ModelSettings model, double predictions) {
        return StepFlops.of(model, new StepFlops.Work(false, 8, 8, 12, predictions));
    }

    @Test
    void isWhatPyTorchCounts() {
        assertThat(flm(TINY)).isCloseTo(69_035_520, within(1.0));
        assertThat(oneStream(TINY, 88)).isCloseTo(24_485_376, within(1.0));
        assertThat(flm(EMOJI)).isCloseTo(986_492_928, within(1.0));
        assertThat(oneStream(EMOJI, 88)).isCloseTo(628_027_392, within(1.0));
    }

    /** {@code FlopCounterMode} of pooler and output layers, whose input has a gradient: of all 8 rows, read by twos and one by one. */
    @Test
    void classifiersCountAsPyTorchCountsThem() {
        assertThat(classifier(new Classifier("nlvr2_classifier.", true, 2, 2), 8))
                .isCloseTo(595_968, within(1.0));
        assertThat(classifier(new Classifier("itm_score.fc.", false, 1, 2), 4)).isCloseTo(199_680, within(1.0));
    }

    private static double classifier(Classifier classifier, double classRows) {
        return StepFlops.of(EMOJI, new StepFlops.Work(true, 8, 8, 12, 0, List.of(classifier), classRows))
                - StepFlops.of(EMOJI, new StepFlops.Work(true, 8, 8, 12, 0));
    }

    @Test
    void fewerPredictionsTakeLessOfTheHeadAlone() {
        double head = 3 * 2.0 * (64 * 64 + 64 * 2048); // forward and backward of one
        assertThat(oneStream(EMOJI, 88) - oneStream(EMOJI, 48)).isCloseTo(40 * head, within(1.0));
    }

    @Test
    void growsWithRowsAlone() {
        double one = StepFlops.of(EMOJI, new StepFlops.Work(true, 1, 1, 12, 33));
        assertThat(StepFlops.of(EMOJI, new StepFlops.Work(true, 32, 32, 12, 32 * 33)))
                .isCloseTo(32 * one, within(1.0));
    }
}
