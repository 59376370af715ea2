package io.flm.worker.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.flm.data.LaneBatch;
import io.flm.data.PositionRule;
import io.flm.data.SeenPictures;
import io.flm.data.Streams;
import io.flm.data.TextBatch;
import io.flm.data.TokenTargets;
import io.flm.data.TokenizerKind;
import io.flm.worker.model.FlmModel.Compute;
import io.flm.worker.torch.Torch;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which rows of the tables a text's tokens get, by the rule of its tokenizer's kind. */
class PositionsTest {
    private static final int WIDTH = 32;
    private static final String EMBEDDINGS = "text_transformer.embeddings.";

    @BeforeAll
    static void aThread() {
        Torch.prepareThread(1);
    }

    private static FlmModel model(PositionRule rule) {
        FlmModel model = new FlmModel(
                SmallModel.settings(0).counting(rule),
                SmallModel.MLM.parts(),
                new Compute(Device.cpu(), Precision.FP32, false));
        model.parameters().initialize(5);
        return model;
    }

    /** Rows {@code s 1 a e} and {@code s b a e}, where 1 is RoBERTa's pad: whether {@code a} is embedded the same in both. */
    @ParameterizedTest
    @CsvSource({"ROBERTA, false", "BERT, true"})
    void aTokenBehindAPadHasItsPositionOrTheOneBefore(TokenizerKind kind, boolean same) {
        try (FlmModel model = model(kind.positions(1));
                NDManager scope = model.newScope()) {
            int[] ids = {3, 1, 7, 2, 3, 9, 7, 2};
            TokenTargets any = new TokenTargets(TokenTargets.From.OUTPUT, new int[] {1}, new int[] {5});
            TextBatch batch = new TextBatch(
                    2, 4, ids, new int[] {4, 4}, Streams.BIDIRECTIONAL, SeenPictures.oneEach(2), List.of(any));
            Map<String, float[]> seen = new HashMap<>();
            model.observe(
                    batch, scope.zeros(new Shape(2, 3, 16, 16)), (name, array) -> seen.put(name, array.toFloatArray()));
            float[] embedded = seen.get("text.embeddings");
            float[] first = Arrays.copyOfRange(embedded, 2 * WIDTH, 3 * WIDTH);
            float[] second = Arrays.copyOfRange(embedded, 6 * WIDTH, 7 * WIDTH);
            assertThat(Arrays.equals(first, second)).isEqualTo(same);
        }
    }

    @Test
    void theModelOfATextOfBertHasRoomForTwoMoreTokens() {
        ModelSettings settings = SmallModel.settings(0);
        assertThat(settings.longestText()).isEqualTo(14);
        assertThat(settings.counting(TokenizerKind.BERT.positions(0)).longestText())
                .isEqualTo(16);
    }

    /** Rows begin with token 0, which is a pad with BERT's rule here; they are of 7 tokens at most. */
    @Test
    void theRowsOfPadsAreNotTrainedAndThoseOfPositionsThatAreInUseAre() {
        assertThat(trained(TokenizerKind.ROBERTA.positions(1), "word_embeddings.weight"))
                .contains(0)
                .doesNotContain(1);
        assertThat(trained(TokenizerKind.BERT.positions(0), "word_embeddings.weight"))
                .doesNotContain(0);
        assertThat(trained(TokenizerKind.ROBERTA.positions(1), "position_embeddings.weight"))
                .containsExactly(2, 3, 4, 5, 6, 7, 8);
        assertThat(trained(TokenizerKind.BERT.positions(0), "position_embeddings.weight"))
                .containsExactly(0, 1, 2, 3, 4, 5, 6);
    }

    /** The rows of a table that have a gradient. */
    private static List<Integer> trained(PositionRule rule, String table) {
        LaneBatch batch = SmallModel.batch(SmallModel.MLM);
        try (FlmModel model = model(rule)) {
            Gradient gradient = model.parameters().newGradient();
            model.train(batch, new double[] {1}, 0, gradient, stage -> {});
            Parameter parameter = model.parameters().layout().stream()
                    .filter(p -> p.name().equals(EMBEDDINGS + table))
                    .findFirst()
                    .orElseThrow();
            float[] values = gradient.read(parameter);
            return IntStream.range(0, values.length / WIDTH)
                    .filter(row ->
                            IntStream.range(row * WIDTH, (row + 1) * WIDTH).anyMatch(i -> values[i] != 0))
                    .boxed()
                    .toList();
        }
    }
}
