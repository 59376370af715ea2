package io.flm.worker.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LearningRatesTest {
    /** Three top layers, four bottom layers, five blocks; the reconstructor reads the last two and the last three of them. */
    private static final ModelSettings SETTINGS = new ModelSettings(40, 32, 4, 4, 4, 3, 3, 2, 16, 16, 8, 24, 2, 5, 0);

    private static final LearningRates RATES = new LearningRates(SETTINGS);

    @ParameterizedTest
    @CsvSource({
        "lm_score.decoder.weight, 0",
        "vqa_classifier.0.weight, 0",
        "cross_modal_text_pooler.dense.weight, 0",
        "cross_modal_text_pooler_f.dense.bias, 0",
        "cross_modal_text_layers.2.output.dense.weight, 1",
        "cross_modal_text_layers.0.output.dense.weight, 3",
        "fusion_layers_top.1.output.dense.weight, 1",
        "fusion_layers_top.0.output.dense.weight, 2",
        "cross_modal_text_transform.weight, 4",
        "cross_modal_image_transform.weight, 4",
        "token_type_embeddings.weight, 4",
        "token_type_embeddings_flm.weight, 4",
        "text_transformer.encoder.layer.3.attention.self.query.bias, 4",
        "text_transformer.encoder.layer.0.attention.self.query.bias, 7",
        "fusion_layers_bottom.2.output.dense.weight, 4",
        "fusion_layers_bottom.0.output.dense.weight, 6",
        "text_transformer.embeddings.word_embeddings.weight, 8",
        "text_transformer.embeddings.LayerNorm.weight, 8",
        "vit_model.visual.ln_post.weight, 4",
        "vit_model.visual.transformer.resblocks.4.ln_1.weight, 4",
        "vit_model.visual.transformer.resblocks.0.ln_1.weight, 8",
        "vit_model.visual.ln_pre.weight, 9",
        "vit_model.visual.class_embedding, 9",
        "vit_model.visual.conv1.weight, 9"
    })
    void theDepthIsOneMoreThanTheLayersBetweenAParameterAndTheHeads(String name, int depth) {
        assertThat(RATES.depth(name)).isEqualTo(depth);
    }

    @Test
    void everyLayerOfAModelIsOneDeeperThanTheOneAboveIt() {
        List<KernelArgument> all = Architecture.of(SETTINGS, SmallModel.FLM.parts())
                .parameters()
                .arguments()
                .toList();
        assertThat(all)
                .filteredOn(p -> p.key().endsWith(".ln_1.weight"))
                .extracting(KernelArgument::depth)
                .containsExactly(8, 7, 6, 5, 4);
        assertThat(all)
                .filteredOn(p -> p.key().matches("text_transformer.*[0-9].output.dense.weight"))
                .extracting(KernelArgument::depth)
                .containsExactly(7, 6, 5, 4);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "lm_score.bias",
                "mlm_score.decoder.weight",
                "itm_score.fc.weight",
                "vqa_classifier.1.weight",
                "nlvr2_classifier.3.bias",
                "nlvr_classifier.0.weight",
                "snli_classifier.0.weight",
                "rank_output.weight"
            })
    void whateverMakesPredictionsOfFeaturesIsAHead(String name) {
        assertThat(LearningRates.group(name)).isEqualTo(RateGroup.HEAD);
    }

    /** Parameters that pretraining does not reach included, such as the poolers. Groups 2 and 3 are heads, 4 and 5 cross-modal. */
    @Test
    void everyOfficialNameIsInItsOfficialGroup() throws IOException {
        JsonNode meta = new ObjectMapper()
                .readTree(Path.of("../tests/golden/flm-tiny/meta.json").toFile());
        List<RateGroup> official = List.of(RateGroup.BASE, RateGroup.HEAD, RateGroup.FAST);
        for (JsonNode g : meta.at("/optimizer/groups")) {
            RateGroup expected = official.get(g.get("index").asInt() / 2);
            g.get("names").forEach(name -> {
                if (!name.asText().startsWith("lm_type_embeddings")) { // nothing reads it: it is in no model here
                    assertThat(LearningRates.group(name.asText()))
                            .as(name.asText())
                            .isEqualTo(expected);
                }
            });
        }
    }

    @Test
    void theNormOfAClassifierIsDecayedAndALayerNormIsNot() {
        LayerParameters classifier = new LayerParameters(Stage.PREDICT, "vqa_classifier.", Init.ZERO, RATES)
                .linear("0.", 64, 32)
                .norm("1.", 64)
                .norm("LayerNorm.", 64);
        assertThat(classifier.arguments())
                .extracting(KernelArgument::key, KernelArgument::decay)
                .containsExactly(
                        tuple("vqa_classifier.0.weight", true),
                        tuple("vqa_classifier.0.bias", false),
                        tuple("vqa_classifier.1.weight", true),
                        tuple("vqa_classifier.1.bias", false),
                        tuple("vqa_classifier.LayerNorm.weight", false),
                        tuple("vqa_classifier.LayerNorm.bias", false));
    }
}
