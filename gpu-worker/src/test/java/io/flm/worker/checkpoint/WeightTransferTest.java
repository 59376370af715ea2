package io.flm.worker.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flm.data.UserException;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models are a few tensors here; those of a checkpoint hold 0, 1, 2, ... in their order, and what is not written holds NaN. */
class WeightTransferTest {
    private static final String TYPES = "token_type_embeddings.weight";

    @TempDir
    private Path folder = Path.of("");

    /** Tensors by name, in their order, one behind the other. */
    private static List<TensorRange> layout(Map<String, long[]> shapes) {
        long[] at = {0};
        return shapes.entrySet().stream()
                .map(e -> {
                    TensorRange range = new TensorRange(e.getKey(), at[0], e.getValue());
                    at[0] += range.count();
                    return range;
                })
                .toList();
    }

    /** A model with an encoder, type rows, and what else is given. */
    private static Map<String, long[]> model(Object... namesAndShapes) {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        shapes.put("text_transformer.weight", new long[] {2, 2});
        shapes.put(TYPES, new long[] {2, 2});
        for (int i = 0; i < namesAndShapes.length; i += 2) {
            shapes.put((String) namesAndShapes[i], (long[]) namesAndShapes[i + 1]);
        }
        return shapes;
    }

    private static long[] shape(long... shape) {
        return shape;
    }

    private static int count(List<TensorRange> layout) {
        return (int) layout.stream().mapToLong(TensorRange::count).sum();
    }

    private Checkpoint checkpoint(Map<String, long[]> shapes) {
        List<TensorRange> layout = layout(shapes);
        float[] values = new float[count(layout)];
        for (int i = 0; i < values.length; i++) {
            values[i] = i;
        }
        FlatFloats floats = FlatFloats.of(FloatBuffer.wrap(values));
        try {
            Path saved = new CheckpointStore(folder, new CheckpointSettings(100, 9, 0, Set.of()))
                    .save(new TrainingState(1, 1, layout, floats, floats, floats), States.IDENTITY);
            return Checkpoint.open(saved);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** What a model holds afterwards, by tensor. */
    private record Taken(WeightTransfer transfer, Map<String, float[]> values) {
        float[] of(String name) {
            return values.getOrDefault(name, new float[0]);
        }
    }

    private Taken take(Map<String, long[]> from, Map<String, long[]> into) {
        return take(from, into, false, false);
    }

    private Taken take(
            Map<String, long[]> from, Map<String, long[]> into, boolean withoutReconstructor, boolean newClassifiers) {
        List<TensorRange> layout = layout(into);
        float[] all = new float[count(layout)];
        Arrays.fill(all, Float.NaN);
        WeightTransfer transfer =
                WeightTransfer.of(checkpoint(from), layout, withoutReconstructor, newClassifiers, States.into(all));
        Map<String, float[]> values = new TreeMap<>();
        layout.forEach(range -> values.put(
                range.name(), Arrays.copyOfRange(all, (int) range.offset(), (int) (range.offset() + range.count()))));
        return new Taken(transfer, values);
    }

    @Test
    void tensorsOfTheSameNameAndShapeAreLoadedWhereverTheyLie() {
        Map<String, long[]> turned = new LinkedHashMap<>();
        turned.put(TYPES, shape(2, 2));
        turned.put("text_transformer.weight", shape(2, 2));
        Taken taken = take(model(), turned);
        assertThat(taken.of("text_transformer.weight")).containsExactly(0, 1, 2, 3);
        assertThat(taken.of(TYPES)).containsExactly(4, 5, 6, 7);
        assertThat(taken.transfer().sentence()).isEqualTo("2 tensors loaded");
    }

    @Test
    void theSecondPictureOfAPairBeginsWithTheTypeOfTheFirst() {
        Map<String, long[]> pairs = model();
        pairs.put(TYPES, shape(3, 2));
        Taken taken = take(model(), pairs);
        assertThat(taken.of(TYPES)).containsExactly(4, 5, 6, 7, 6, 7);
        assertThat(taken.transfer().derived()).containsExactly(TYPES);
        assertThat(take(pairs, model()).of(TYPES)).as("and back").containsExactly(4, 5, 6, 7);
        assertThat(take(pairs, pairs).of(TYPES)).as("and as it is").containsExactly(4, 5, 6, 7, 8, 9);
    }

    @Test
    void theScoreOfATextBeginsAsThatOfMatching() {
        Taken taken = take(
                model("itm_score.fc.weight", shape(2, 2), "itm_score.fc.bias", shape(2)),
                model("rank_output.weight", shape(1, 2), "rank_output.bias", shape(1)));
        assertThat(taken.of("rank_output.weight")).containsExactly(10, 11);
        assertThat(taken.of("rank_output.bias")).containsExactly(13);
        assertThat(taken.transfer().derived()).containsExactly("rank_output.weight", "rank_output.bias");
        assertThat(taken.transfer().leftOut()).containsExactly("itm_score.fc.bias", "itm_score.fc.weight");
    }

    @Test
    void withoutMatchingTheScoreOfATextIsNew() {
        Taken taken = take(model(), model("rank_output.weight", shape(1, 2), "rank_output.bias", shape(1)));
        assertThat(taken.transfer().initialised()).containsExactly("rank_output.weight", "rank_output.bias");
        assertThat(taken.of("rank_output.bias")).as("as it was").containsExactly(Float.NaN);
    }

    @Test
    void aCausalHeadOfTokensBeginsAsTheMaskedOne() {
        Taken taken = take(
                model("mlm_score.decoder.weight", shape(3, 2), "mlm_score.bias", shape(3)),
                model("lm_score.decoder.weight", shape(3, 2), "lm_score.bias", shape(3)));
        assertThat(taken.of("lm_score.decoder.weight")).containsExactly(8, 9, 10, 11, 12, 13);
        assertThat(taken.of("lm_score.bias")).containsExactly(14, 15, 16);
        assertThat(taken.transfer().leftOut()).containsExactly("mlm_score.bias", "mlm_score.decoder.weight");
    }

    @Test
    void newHeadsStayAsTheyWereInitialisedAndOldOnesAreLeftOut() {
        Taken taken = take(
                model("lm_score.bias", shape(3), "nlvr2_classifier.3.bias", shape(2)),
                model("vqa_classifier.3.bias", shape(4), "cross_modal_text_pooler_f.dense.bias", shape(2)));
        assertThat(taken.of("text_transformer.weight")).containsExactly(0, 1, 2, 3);
        assertThat(taken.transfer().initialised())
                .containsExactly("vqa_classifier.3.bias", "cross_modal_text_pooler_f.dense.bias");
        assertThat(taken.transfer().leftOut()).containsExactly("lm_score.bias", "nlvr2_classifier.3.bias");
        assertThat(taken.transfer().sentence())
                .isEqualTo("2 tensors loaded; 2 new (vqa_classifier, cross_modal_text_pooler_f.dense); 2 left out"
                        + " (lm_score, nlvr2_classifier)");
    }

    @Test
    void theClassifierOfTheSameAnswersIsLoaded() {
        Map<String, long[]> vqa = model("vqa_classifier.3.bias", shape(2));
        assertThat(take(vqa, vqa).of("vqa_classifier.3.bias")).containsExactly(8, 9);
    }

    @Test
    void aClassifierOfOtherAnswersIsNew() {
        Map<String, long[]> vqa = model("vqa_classifier.3.bias", shape(2));
        Taken others = take(vqa, vqa, false, true);
        assertThat(others.of("vqa_classifier.3.bias")).containsExactly(Float.NaN, Float.NaN);
        assertThat(others.transfer().initialised()).containsExactly("vqa_classifier.3.bias");
        assertThat(others.transfer().leftOut()).containsExactly("vqa_classifier.3.bias");
        Taken more = take(vqa, model("vqa_classifier.3.bias", shape(3)));
        assertThat(more.transfer().initialised()).containsExactly("vqa_classifier.3.bias");
    }

    @Test
    void otherSizesAreRefusedAndNothingIsWritten() {
        Map<String, long[]> wider = model();
        wider.put("text_transformer.weight", shape(2, 3));
        boolean[] written = {false};
        Checkpoint from = checkpoint(model());
        assertThatThrownBy(() ->
                        WeightTransfer.of(from, layout(wider), true, false, (offset, values) -> written[0] = true))
                .isInstanceOf(UserException.class)
                .hasMessageMatching(".*weights.safetensors: a checkpoint of another model: it has"
                        + " text_transformer.weight F32 \\[2, 2], this model text_transformer.weight \\[2, 3]; .*");
        assertThat(written[0]).isFalse();
    }

    @Test
    void aTokenHeadOfAnotherVocabularyIsRefused() {
        assertThatThrownBy(() -> take(model("lm_score.bias", shape(3)), model("lm_score.bias", shape(4))))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("it has lm_score.bias F32 [3], this model lm_score.bias [4]");
    }

    @Test
    void anotherObjectiveIsRefused() {
        Map<String, long[]> flm = model("fusion_layers_bottom.0.weight", shape(2));
        assertThatThrownBy(() -> take(flm, model()))
                .isInstanceOf(UserException.class)
                .hasMessageContaining(
                        "a checkpoint of another model: this model has no fusion_layers_bottom.0.weight;");
        assertThatThrownBy(() -> take(model(), flm))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("it has no fusion_layers_bottom.0.weight, this model");
    }

    @Test
    void theReconstructorIsLeftOutWhereATaskDoesWithoutIt() {
        Map<String, long[]> flm = model(
                "fusion_layers_bottom.0.weight",
                shape(2),
                "fusion_layers_top.0.weight",
                shape(2),
                "token_type_embeddings_flm.weight",
                shape(2, 2));
        assertThat(take(flm, model(), true, false).transfer().leftOut())
                .containsExactly(
                        "fusion_layers_bottom.0.weight",
                        "fusion_layers_top.0.weight",
                        "token_type_embeddings_flm.weight");
        assertThatThrownBy(() -> take(model("image_encoder.weight", shape(2)), model(), true, false))
                .as("an encoder never is")
                .isInstanceOf(UserException.class)
                .hasMessageContaining("this model has no image_encoder.weight");
    }
}
