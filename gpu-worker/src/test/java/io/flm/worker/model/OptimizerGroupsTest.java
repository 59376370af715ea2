package io.flm.worker.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.flm.data.LaneBatch;
import io.flm.worker.model.ParameterStore.Buffer;
import io.flm.worker.model.ParameterStore.Group;
import io.flm.worker.optimize.AdamW;
import io.flm.worker.optimize.OptimizerSettings;
import io.flm.worker.torch.Torch;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OptimizerGroupsTest {
    @BeforeEach
    void prepare() {
        Torch.prepareThread(1);
    }

    private static OptimizerSettings settings(double fast, double head, double layers) {
        return new OptimizerSettings(0.9, 0.98, 1e-8, 0, 0, fast, head, layers);
    }

    private static FlmModel model() {
        return SmallModel.of(SmallModel.FLM, 0, Precision.FP32, false);
    }

    private static List<Group> groups(FlmModel model, OptimizerSettings settings) {
        return model.parameters().groups(settings::factor);
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 1", "5, 5, 1", "5, 50, 1", "1, 10, 0.75"})
    void theGroupsAreTheWholeModelInItsOrder(double fast, double head, double layers) {
        try (FlmModel model = model()) {
            long at = 0;
            for (Group group : groups(model, settings(fast, head, layers))) {
                assertThat(group.from()).isEqualTo(at);
                at += group.size();
            }
            assertThat(at).isEqualTo(model.parameters().size());
        }
    }

    /** Two of images and of text (decayed or not), the type rows and two of cross-modal layers, two of what predicts. */
    @ParameterizedTest
    @CsvSource({"1, 1, 1, 9", "5, 5, 1, 9", "5, 50, 1, 11"})
    void neighboursWithEqualRatesAreUpdatedAsOne(double fast, double head, double layers, int count) {
        try (FlmModel model = model()) {
            assertThat(groups(model, settings(fast, head, layers))).hasSize(count);
        }
    }

    @Test
    void aHeadAndTheReconstructorAreApartOnlyIfTheirRatesAre() {
        try (FlmModel model = model()) {
            Group last = groups(model, settings(5, 50, 1)).get(10);
            Parameter decoder = parameter(model, "lm_score.decoder.weight");
            assertThat(last.factor()).isEqualTo(50);
            assertThat(last.from())
                    .isEqualTo(
                            parameter(model, "lm_score.transform.dense.weight").offset());
            assertThat(last.from() + last.size()).isEqualTo(decoder.offset() + decoder.size());
        }
    }

    private static Parameter parameter(FlmModel model, String name) {
        return model.parameters().layout().stream()
                .filter(p -> p.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** The first step of Adam moves a weight by its rate, whatever its gradient. */
    @Test
    void eachParameterMovesAtTheRateOfItsGroupAndDepth() {
        Map<String, Double> factors = Map.of(
                "lm_score.decoder.weight",
                20.0,
                "fusion_layers_top.1.output.dense.weight",
                5 * 0.5,
                "fusion_layers_bottom.0.output.dense.weight",
                5 * 0.125,
                "cross_modal_text_layers.0.output.dense.weight",
                5 * 0.25,
                "token_type_embeddings.weight",
                0.125,
                "text_transformer.encoder.layer.1.output.dense.weight",
                0.125,
                "text_transformer.embeddings.word_embeddings.weight",
                1.0 / 32,
                "vit_model.visual.conv1.weight",
                1.0 / 32);
        double rate = 1e-3;
        LaneBatch batch = SmallModel.batch(SmallModel.FLM);
        try (FlmModel model = model()) {
            Map<String, float[]> before = new HashMap<>();
            factors.keySet().forEach(name -> before.put(name, values(model, name)));
            Gradient gradient = model.parameters().newGradient();
            double[] ones = new double[batch.text().heads().size()];
            Arrays.fill(ones, 1);
            model.train(batch, ones, 0, gradient, stage -> {});
            new AdamW(model.parameters(), settings(5, 20, 0.5)).update(gradient, 1, rate, 1);
            before.forEach((name, old) -> assertThat(largestMove(old, values(model, name)) / rate)
                    .as(name)
                    .isCloseTo(factors.getOrDefault(name, 0.0), within(1e-4)));
        }
    }

    private static float[] values(FlmModel model, String name) {
        Parameter p = parameter(model, name);
        FloatBuffer values = FloatBuffer.allocate((int) p.size());
        model.parameters().read(Buffer.VALUES, p.offset(), values);
        return values.array();
    }

    private static double largestMove(float[] before, float[] after) {
        double largest = 0;
        for (int i = 0; i < before.length; i++) {
            largest = Math.max(largest, Math.abs((double) after[i] - before[i]));
        }
        return largest;
    }
}
