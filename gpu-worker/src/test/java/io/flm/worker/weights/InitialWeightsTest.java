package io.flm.worker.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.flm.data.SeenPictures;
import io.flm.data.Streams;
import io.flm.data.TextBatch;
import io.flm.data.TokenTargets;
import io.flm.data.TokenizerKind;
import io.flm.data.UserException;
import io.flm.data.Vocabulary;
import io.flm.data.Words;
import io.flm.worker.checkpoint.FlatFloats;
import io.flm.worker.checkpoint.FloatValues;
import io.flm.worker.checkpoint.Safetensors;
import io.flm.worker.checkpoint.SafetensorsWriter;
import io.flm.worker.model.Activation;
import io.flm.worker.model.FlmModel;
import io.flm.worker.model.ModelParts;
import io.flm.worker.model.ModelSettings;
import io.flm.worker.model.ParameterStore.Buffer;
import io.flm.worker.model.Precision;
import io.flm.worker.objective.flm.FreeLanguageModeling;
import io.flm.worker.objective.mlm.MaskedLanguageModeling;
import io.flm.worker.torch.Torch;
import io.flm.worker.train.RunCheckpoints;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Models of other programs, as these saved them: their features here are those that they have in Python. */
class InitialWeightsTest {
    private static final Path MADE = TorchArchiveTest.MADE;
    private static final Path GOLDEN = Path.of("../tests/golden/flm-tiny/weights.safetensors");
    private static final int WORDS = 64;
    private static final double TOLERANCE = 1e-5;
    private static final ModelParts FLM = FreeLanguageModeling.PARTS;
    private static final ModelParts MLM = MaskedLanguageModeling.PARTS;
    private static final String TABLE = "text_transformer.embeddings.word_embeddings.weight";

    @TempDir
    private Path folder = Path.of("");

    @BeforeAll
    static void aThread() {
        Torch.prepareThread(1);
    }

    private static ModelSettings settings(int words, int pixels, double epsilon) {
        return settings(words, pixels, epsilon, Activation.QUICK_GELU);
    }

    private static ModelSettings settings(int words, int pixels, double epsilon, Activation activation) {
        return new ModelSettings(
                words,
                16,
                2,
                4,
                2,
                1,
                1,
                1,
                20,
                pixels,
                8,
                16,
                2,
                2,
                0,
                epsilon,
                activation,
                TokenizerKind.ROBERTA.positions(1));
    }

    private static ModelSettings settings() {
        return settings(WORDS, 32, 1e-5);
    }

    private static InitialWeights open(Part part, Path path, ModelSettings settings, ModelParts parts) {
        return InitialWeights.open(
                List.of(new WeightSource(part, path)), settings, parts, vocabulary(settings.vocabulary(), kind(path)));
    }

    private static TokenizerKind kind(Path path) {
        return path.getFileName().toString().startsWith("bert") ? TokenizerKind.BERT : TokenizerKind.ROBERTA;
    }

    private static Vocabulary vocabulary(int tokens, TokenizerKind kind) {
        Words words = Words.each(tokens);
        return kind == TokenizerKind.BERT
                ? new Vocabulary(tokens, kind, 2, 0, 3, 4, -1, words)
                : new Vocabulary(tokens, kind, 0, 1, 2, 4, -1, words);
    }

    private static InitialWeights open(Part part, String name) {
        return open(part, MADE.resolve(name), settings(), FLM);
    }

    private static FlmModel model(InitialWeights weights, ModelSettings settings, ModelParts parts) {
        FlmModel model = new FlmModel(settings, parts, new FlmModel.Compute(Device.cpu(), Precision.FP32, false));
        model.parameters().initialize(3);
        weights.load(RunCheckpoints.layout(model.parameters()), RunCheckpoints.sink(model.parameters(), Buffer.VALUES));
        return model;
    }

    private static float[] values(FlmModel model, String name) {
        return model.parameters().layout().stream()
                .filter(p -> p.name().equals(name))
                .findFirst()
                .map(p -> {
                    float[] values = new float[(int) p.size()];
                    model.parameters().read(Buffer.VALUES, p.offset(), FloatBuffer.wrap(values));
                    return values;
                })
                .orElseThrow();
    }

    private static double error(float[] ours, float[] expected) {
        assertThat(ours).hasSameSizeAs(expected);
        double largest = 0;
        double error = 0;
        for (int i = 0; i < expected.length; i++) {
            largest = Math.max(largest, Math.abs(expected[i]));
            error = Math.max(error, Math.abs(ours[i] - expected[i]));
        }
        return error / largest;
    }

    // ---- features

    @ParameterizedTest
    @CsvSource({
        "clip, 32",
        "clip, 48",
        "clip-shards, 32",
        "clip-shards, 48",
        "openai.pt, 32",
        "openai.pt, 48",
        "open_clip.pt, 48",
        "meter.ckpt, 32"
    })
    void picturesHaveTheFeaturesOfClip(String file, int pixels) {
        ModelSettings settings = settings(WORDS, pixels, 1e-5);
        try (InitialWeights weights = open(Part.IMAGE, MADE.resolve(file), settings, MLM);
                FlmModel model = model(weights, settings, MLM);
                NDManager scope = model.newScope();
                Safetensors expected = Safetensors.open(MADE.resolve("features.safetensors"))) {
            float[] features = model.imageFeatures(
                            scope, scope.create(expected.floats("picture." + pixels), new Shape(1, 3, pixels, pixels)))
                    .toFloatArray();
            assertThat(error(features, expected.floats("clip." + pixels))).isLessThan(TOLERANCE);
        }
    }

    /** CLIP of LAION: the same weights are another model. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            clip/pytorch_model.bin | pytorch_model.bin           | config.json           | {"vision_config": {"num_attention_heads": 2, "hidden_act": "gelu"}}
            open_clip.pt           | open_clip_pytorch_model.bin | open_clip_config.json | {"model_cfg": {"embed_dim": 8, "vision_cfg": {"layers": 3}}}
            """)
    void picturesHaveTheFeaturesOfClipWithGelu(String made, String name, String config, String content)
            throws IOException {
        Files.copy(MADE.resolve(made), folder.resolve(name));
        Files.writeString(folder.resolve(config), content);
        refused(
                Part.IMAGE,
                folder,
                settings(),
                WORDS,
                name + ": it was trained with gelu, but flm.model.image-activation = "
                        + "quick-gelu; set that to gelu");
        ModelSettings settings = settings(WORDS, 32, 1e-5, Activation.GELU);
        try (InitialWeights weights = open(Part.IMAGE, folder, settings, MLM);
                FlmModel model = model(weights, settings, MLM);
                NDManager scope = model.newScope();
                Safetensors expected = Safetensors.open(MADE.resolve("features.safetensors"))) {
            float[] features = model.imageFeatures(
                            scope, scope.create(expected.floats("picture.32"), new Shape(1, 3, 32, 32)))
                    .toFloatArray();
            assertThat(error(features, expected.floats("clip.gelu.32"))).isLessThan(TOLERANCE);
            assertThat(error(features, expected.floats("clip.32"))).isGreaterThan(100 * TOLERANCE);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"clip", "openai.pt"})
    void weightsThatHaveQuickGeluAreRefusedInAModelWithoutIt(String file) {
        ModelSettings gelu = settings(WORDS, 32, 1e-5, Activation.GELU);
        refused(
                Part.IMAGE,
                MADE.resolve(file),
                gelu,
                WORDS,
                "trained with quick-gelu, but flm.model.image-activation = gelu");
    }

    @Test
    void anActivationThatIsNotKnownIsTold() throws IOException {
        Path quick = Files.copy(MADE.resolve("open_clip.pt"), folder.resolve("open_clip_pytorch_model.bin"));
        for (Activation activation : Activation.values()) {
            try (InitialWeights weights = open(Part.IMAGE, quick, settings(WORDS, 32, 1e-5, activation), FLM)) {
                assertThat(weights.report().table())
                        .contains("taken as " + activation.word() + " (flm.model.image-activation)");
            }
        }
        Files.writeString(folder.resolve("open_clip_config.json"), "{\"model_cfg\": {\"quick_gelu\": true}}");
        try (InitialWeights weights = open(Part.IMAGE, quick, settings(), FLM)) {
            assertThat(weights.report().table()).doesNotContain("image-activation");
        }
    }

    /** Two rows, of which the second one ends in three pads. */
    @ParameterizedTest
    @CsvSource({
        "roberta, roberta",
        "roberta-shards, roberta",
        "meter.ckpt, roberta",
        "bert, bert",
        "bert-bin, bert",
    })
    void textsHaveTheFeaturesOfRobertaAndBert(String file, String features) {
        Vocabulary vocabulary = vocabulary(WORDS, kind(Path.of(file)));
        ModelSettings settings =
                settings(WORDS, 32, features.equals("bert") ? 1e-12 : 1e-5).counting(vocabulary.positions());
        try (InitialWeights weights = open(Part.TEXT, MADE.resolve(file), settings, MLM);
                FlmModel model = model(weights, settings, MLM);
                NDManager scope = model.newScope();
                Safetensors expected = Safetensors.open(MADE.resolve("features.safetensors"))) {
            int[] ids = Arrays.stream(expected.longs("ids"))
                    .mapToInt(Math::toIntExact)
                    .toArray();
            Arrays.fill(ids, 13, 16, vocabulary.padId());
            TokenTargets targets = new TokenTargets(TokenTargets.From.OUTPUT, new int[] {1}, new int[] {5});
            TextBatch batch = new TextBatch(
                    2, 8, ids, new int[] {8, 5}, Streams.BIDIRECTIONAL, SeenPictures.oneEach(2), List.of(targets));
            Map<String, float[]> seen = new HashMap<>();
            model.observe(
                    batch, scope.zeros(new Shape(2, 3, 32, 32)), (name, array) -> seen.put(name, array.toFloatArray()));
            int real = 13 * 16; // values of tokens that are no pads
            assertThat(error(Arrays.copyOf(seen.get("bottom.1"), real), Arrays.copyOf(expected.floats(features), real)))
                    .isLessThan(TOLERANCE);
        }
    }

    @Test
    void theSameValuesAreTheSameWeightsWhoeverWroteThem() {
        List<String> hashes = new ArrayList<>();
        for (String file : List.of("clip", "clip-shards", "openai.pt", "open_clip.pt", "meter.ckpt")) {
            try (InitialWeights weights = open(Part.IMAGE, file)) {
                hashes.add(weights.sha256());
            }
        }
        assertThat(hashes).containsOnly(hashes.get(0));
        try (InitialWeights text = open(Part.TEXT, "roberta");
                InitialWeights parts = open(Part.TEXT, "roberta-shards")) {
            assertThat(parts.sha256()).isEqualTo(text.sha256()).isNotEqualTo(hashes.get(0));
        }
    }

    // ---- what becomes of each tensor

    @Test
    void aCheckpointOfMeterFillsWhatItHas() {
        try (InitialWeights weights = open(Part.WHOLE, "meter.ckpt");
                FlmModel model = model(weights, settings(), FLM);
                TensorFile file = TensorFiles.open(MADE.resolve("meter.ckpt"))) {
            for (String same : List.of(
                    "cross_modal_text_layers.0.crossattention.self.value.weight",
                    "cross_modal_image_transform.bias",
                    "token_type_embeddings.weight")) {
                assertThat(values(model, same)).as(same).isEqualTo(TorchArchiveTest.floats(file, same));
            }
            assertThat(values(model, "lm_score.decoder.weight"))
                    .isEqualTo(TorchArchiveTest.floats(file, "mlm_score.decoder.weight"));
            assertThat(weights.report().table())
                    .contains("meter.ckpt: METER, whole")
                    .contains("loaded          lm_score.bias [64]  <-  mlm_score.bias [64]\n")
                    .contains("as initialised  fusion_layers_bottom.0.crossattention.self.query.weight [16, 16]\n")
                    .contains("ignored         text_transformer.encoder.layer.2.output.dense.weight [16, 64]\n")
                    .contains("ignored         cross_modal_image_layers.0.output.dense.weight [16, 64]\n")
                    .contains("ignored         callbacks = a dictionary of 1\n")
                    .contains("ignored         pytorch-lightning_version = 1.3.2\n");
        }
    }

    /** Nothing of the file and nothing of the model is missing in the report, and each is there once. */
    @ParameterizedTest
    @CsvSource({"IMAGE, clip", "IMAGE, openai.pt", "TEXT, roberta", "TEXT, meter.ckpt", "WHOLE, meter.ckpt"})
    void everyTensorIsInTheReport(Part part, String name) {
        try (InitialWeights weights = open(part, name);
                TensorFile file = TensorFiles.open(MADE.resolve(name))) {
            List<String> there = weights.report().lines().stream()
                    .map(line -> line.there().replaceAll(" \\[.*", ""))
                    .filter(line -> !line.isEmpty() && !line.contains(" "))
                    .toList();
            assertThat(there).containsExactlyInAnyOrderElementsOf(file.tensors().keySet());
            assertThat(weights.report().lines().stream()
                            .map(line -> line.here().replaceAll(" \\[.*", ""))
                            .filter(line -> !line.isEmpty()))
                    .containsAll(settings().tensors(FLM).keySet());
            assertThat(weights.report().whole().lines()).hasSizeGreaterThan(there.size());
        }
    }

    @Test
    void layersThatAreAlikeAreALineOfTheTable() {
        try (InitialWeights weights = open(Part.IMAGE, MADE.resolve("clip"), settings(WORDS, 48, 1e-5), FLM)) {
            assertThat(weights.report().table())
                    .contains(
                            "loaded          vit_model.visual.transformer.resblocks.{0-1}.attn.in_proj_weight [48, 16]"
                                    + "  <-  vision_model.encoder.layers.{0-1}.self_attn.k_proj.weight [16, 16]  (part 2 of 3)\n")
                    .contains(
                            "resized         vit_model.visual.positional_embedding [37, 16]  <-  "
                                    + "vision_model.embeddings.position_embedding.weight [17, 16]  (grid of 4 x 4 to 6 x 6, bicubic)\n")
                    .contains("ignored         vision_model.encoder.layers.2.mlp.fc1.weight [64, 16]\n")
                    .contains("ignored         text_model.embeddings.token_embedding.weight [16, 8]\n");
        }
    }

    @Test
    void aCheckpointOfFlmIsTheModel() {
        ModelSettings tiny = new ModelSettings(120, 32, 4, 4, 2, 2, 2, 2, 40, 48, 16, 32, 4, 2, 0);
        try (InitialWeights weights = open(Part.WHOLE, GOLDEN, tiny, FLM);
                FlmModel model = model(weights, tiny, FLM);
                Safetensors file = Safetensors.open(GOLDEN)) {
            tiny.tensors(FLM)
                    .keySet()
                    .forEach(name -> assertThat(values(model, name)).as(name).isEqualTo(file.floats(name)));
            assertThat(weights.report().sentence()).contains(" 0 tensors as initialised");
        }
    }

    @Test
    void newTokensBeginAsTheMeanOfAll() {
        ModelSettings more = settings(67, 32, 1e-5);
        try (InitialWeights weights = open(Part.TEXT, MADE.resolve("roberta"), more, FLM);
                FlmModel model = model(weights, more, FLM);
                TensorFile file = TensorFiles.open(MADE.resolve("roberta"))) {
            float[] table = values(model, TABLE);
            float[] before = TorchArchiveTest.floats(file, "embeddings.word_embeddings.weight");
            assertThat(Arrays.copyOf(table, before.length)).isEqualTo(before);
            for (int c = 0; c < 16; c++) {
                double mean = 0;
                for (int row = 0; row < WORDS; row++) {
                    mean += before[row * 16 + c] / (double) WORDS;
                }
                for (int row = WORDS; row < 67; row++) {
                    assertThat((double) table[row * 16 + c]).isCloseTo(mean, within(1e-6));
                }
            }
            assertThat(weights.report().table()).contains("3 new rows as the mean of its 64");
        }
    }

    @Test
    void positionsOfBertBeginAtTheFirstRowAndTheFirstTypeIsTaken() {
        ModelSettings bert = settings(WORDS, 32, 1e-12);
        try (InitialWeights weights = open(Part.TEXT, MADE.resolve("bert"), bert, MLM);
                FlmModel model = model(weights, bert, MLM);
                TensorFile file = TensorFiles.open(MADE.resolve("bert"))) {
            float[] positions = values(model, "text_transformer.embeddings.position_embeddings.weight");
            assertThat(Arrays.copyOf(positions, 18 * 16))
                    .isEqualTo(TorchArchiveTest.floats(file, "embeddings.position_embeddings.weight"));
            assertThat(weights.report().table())
                    .contains("2 rows behind its 18 as initialised")
                    .contains("the first 1 rows of 2");
        }
    }

    @Test
    void aShorterPositionTableTakesTheFirstRows() {
        ModelSettings shorter = new ModelSettings(WORDS, 16, 2, 4, 2, 1, 1, 1, 12, 32, 8, 16, 2, 2, 0);
        try (InitialWeights weights = open(Part.TEXT, MADE.resolve("roberta"), shorter, MLM);
                FlmModel model = model(weights, shorter, MLM);
                TensorFile file = TensorFiles.open(MADE.resolve("roberta"))) {
            float[] all = TorchArchiveTest.floats(file, "embeddings.position_embeddings.weight");
            assertThat(values(model, "text_transformer.embeddings.position_embeddings.weight"))
                    .isEqualTo(Arrays.copyOf(all, 12 * 16));
        }
    }

    // ---- what does not fit

    private static void refused(Part part, Path path, ModelSettings settings, int tokens, String message) {
        refused(part, path, settings, vocabulary(tokens, kind(path)), message);
    }

    private static void refused(Part part, Path path, ModelSettings settings, Vocabulary vocabulary, String message) {
        assertThatThrownBy(() -> InitialWeights.open(List.of(new WeightSource(part, path)), settings, FLM, vocabulary)
                        .sha256())
                .isInstanceOf(UserException.class)
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            IMAGE | clip         | 16, 2, 4, 2, 1, 1, 1, 20, 32, 8, 32, 2, 2  | embedding F32 [16] does not fit vit_model.visual.class_embedding [32]
            IMAGE | clip         | 16, 2, 4, 2, 1, 1, 1, 20, 32, 16, 16, 2, 2 | does not fit vit_model.visual.conv1.weight [16, 3, 16, 16]
            IMAGE | clip         | 16, 2, 4, 2, 1, 1, 1, 20, 32, 8, 16, 2, 4  | has nothing for vit_model.visual.transformer.resblocks.3.ln_1.weight
            IMAGE | clip         | 16, 2, 4, 2, 1, 1, 1, 20, 32, 8, 16, 4, 2  | num_attention_heads = 2, but flm.model.image-heads = 4
            TEXT  | roberta      | 16, 2, 4, 4, 1, 1, 1, 20, 32, 8, 16, 2, 2  | has nothing for text_transformer.encoder.layer.3.attention
            TEXT  | roberta      | 16, 4, 4, 2, 1, 1, 1, 20, 32, 8, 16, 2, 2  | num_attention_heads = 2, but flm.model.heads = 4
            TEXT  | roberta      | 32, 2, 4, 2, 1, 1, 1, 20, 32, 8, 16, 2, 2  | [64, 16] does not fit text_transformer.embeddings.word_embeddings.weight [64, 32]
            TEXT  | bert         | 16, 2, 4, 2, 1, 1, 1, 20, 32, 8, 16, 2, 2  | norms add 1.0E-12, those of this model 1.0E-5; set flm.model.text-norm-epsilon
            TEXT  | clip         | 16, 2, 4, 2, 1, 1, 1, 20, 32, 8, 16, 2, 2  | of CLIP of Hugging Face, has nothing for text_transformer.embeddings
            WHOLE | clip         | 16, 2, 4, 2, 1, 1, 1, 20, 32, 8, 16, 2, 2  | give weights of one encoder as image= or text=
            IMAGE | views.pt     | 16, 2, 4, 2, 1, 1, 1, 20, 32, 8, 16, 2, 2  | its names are of no known model, such as whole, part, columns
            IMAGE | nowhere      | 16, 2, 4, 2, 1, 1, 1, 20, 32, 8, 16, 2, 2  | nowhere: no such file
            """)
    void aModelOfOtherSizesIsRefused(Part part, String file, String sizes, String message) {
        int[] s = Arrays.stream(sizes.split(", *", -1))
                .mapToInt(Integer::parseInt)
                .toArray();
        ModelSettings settings = new ModelSettings(
                WORDS, s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8], s[9], s[10], s[11], s[12], 0);
        refused(part, MADE.resolve(file), settings, WORDS, message);
    }

    @ParameterizedTest
    @ValueSource(ints = {5, 60, 71, 2048})
    void aTokenizerOfAnotherVocabularyIsRefused(int tokens) {
        refused(
                Part.TEXT,
                MADE.resolve("roberta"),
                settings(Math.max(tokens, WORDS), 32, 1e-5),
                tokens,
                "is of 64 tokens, but the tokenizer has " + tokens);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            bert        | ROBERTA | BERT of Hugging Face reads texts with [CLS], [PAD], [SEP] and [MASK], but the tokenizer has <s>, <pad>, </s> and <mask>; give
            bert-bin    | ROBERTA | BERT of Hugging Face reads texts with [CLS]
            roberta     | BERT    | RoBERTa of Hugging Face reads texts with <s>, <pad>, </s> and <mask>, but the tokenizer has [CLS]
            """)
    void aTokenizerOfAnotherKindIsRefused(String file, TokenizerKind kind, String message) {
        refused(Part.TEXT, MADE.resolve(file), settings(), vocabulary(WORDS, kind), message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            bert    | BERT    | 2, 3, 4 | pad_token_id = 0, but [PAD] of the tokenizer has id 3; give the tokenizer of these weights with --tokenizer
            roberta | ROBERTA | 5, 1, 2 | bos_token_id = 0, but <s> of the tokenizer has id 5
            roberta | ROBERTA | 0, 1, 6 | eos_token_id = 2, but </s> of the tokenizer has id 6
            """)
    void aTokenizerWithOtherIdsOfSpecialTokensIsRefused(String file, TokenizerKind kind, String ids, String message) {
        int[] id =
                Arrays.stream(ids.split(", ", -1)).mapToInt(Integer::parseInt).toArray();
        Vocabulary other = new Vocabulary(WORDS, kind, id[0], id[1], id[2], 7, -1, Words.each(WORDS));
        ModelSettings settings = settings(WORDS, 32, kind == TokenizerKind.BERT ? 1e-12 : 1e-5);
        refused(Part.TEXT, MADE.resolve(file), settings, other, "its config.json has " + message);
    }

    @Test
    void picturesAskForNoKindOfTokenizer() {
        for (TokenizerKind kind : TokenizerKind.values()) {
            InitialWeights.open(
                            List.of(new WeightSource(Part.IMAGE, MADE.resolve("clip"))),
                            settings(),
                            FLM,
                            vocabulary(WORDS, kind))
                    .close();
        }
    }

    /** The weights of a file, one tensor of which is another one. */
    private Path changed(String file, String name, float[] values, long... shape) throws IOException {
        Path to = folder.resolve("changed.safetensors");
        try (TensorFile from = TensorFiles.open(MADE.resolve(file))) {
            List<SafetensorsWriter.Tensor> tensors = new ArrayList<>();
            for (TensorFile.Entry entry : from.tensors().values()) {
                boolean other = entry.name().equals(name);
                tensors.add(SafetensorsWriter.Tensor.floats(
                        entry.name(),
                        other ? shape : entry.shape(),
                        FlatFloats.of(FloatBuffer.wrap(other ? values : TorchArchiveTest.floats(from, entry.name()))),
                        0));
            }
            SafetensorsWriter.write(to, Map.of(), tensors);
        }
        return to;
    }

    @Test
    void valuesThatAreNoNumbersAreRefused() throws IOException {
        float[] bias = new float[16];
        bias[5] = Float.NaN;
        String name = "encoder.layer.1.output.dense.bias";
        refused(Part.TEXT, changed("roberta", name, bias, 16), settings(), WORDS, name + " F32 [16] holds NaN");
        bias[5] = Float.NEGATIVE_INFINITY;
        refused(Part.TEXT, changed("roberta", name, bias, 16), settings(), WORDS, name + " F32 [16] holds -Infinity");
    }

    @Test
    void aPositionTableThatIsNoSquareIsRefused() throws IOException {
        String name = "visual.positional_embedding";
        Path file = changed("openai.pt", name, new float[12 * 16], 12, 16);
        refused(Part.IMAGE, file, settings(), WORDS, file + ": a position table of 192 values is no square grid");
    }

    /** Of a view it takes no bytes to have any number of rows. */
    @Test
    void aPositionTableOfAMillionPlacesIsRefused() throws IOException {
        int rows = 1 + 1024 * 1024;
        Path file = changed("openai.pt", "visual.positional_embedding", new float[rows * 16], rows, 16);
        refused(Part.IMAGE, file, settings(), WORDS, "has more than 16385 rows, which no position table has");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            clip    | {"num_attention_heads": 4294967298}  | num_attention_heads = 4294967298, but flm.model.image-heads = 2
            clip    | {"num_attention_heads": 18446744073709551618} | num_attention_heads = 18446744073709551618, but flm.model.image-heads = 2
            clip    | {"num_attention_heads": 2.9}         | num_attention_heads = 2.9, where a whole number is wanted
            clip    | {"num_attention_heads": "2"}         | num_attention_heads = 2, where a whole number is wanted
            clip    | {"num_attention_heads": null}        | says no num_attention_heads, which is 12 then, but
            clip    | {"num_attention_heads": 2, "layer_norm_eps": "1e-5"} | layer_norm_eps = 1e-5, where a number is wanted
            clip    | {"num_attention_heads": 2, "hidden_act": 3} | hidden_act = 3, where a text is wanted
            clip    | [1]                                  | config.json: no JSON object
            clip    | ``                                   | config.json: no JSON object
            roberta | {"num_attention_heads": 2, "layer_norm_eps": 1e-5, "position_embedding_type": "relative_key"} | position_embedding_type = relative_key, where
            """)
    void aConfigurationThatSaysSomethingElseIsRefused(String model, String config, String message) throws IOException {
        try (Stream<Path> files = Files.list(MADE.resolve(model))) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
        }
        Files.writeString(folder.resolve("config.json"), config);
        Part part = model.equals("clip") ? Part.IMAGE : Part.TEXT;
        refused(part, folder, settings(), vocabulary(WORDS, TokenizerKind.ROBERTA), message);
    }

    /** A terminal obeys what a name holds, and a line break would make a line that nobody wrote. */
    @Test
    void namesOfFilesAreALineOfTheReportEach() throws IOException {
        Path file = folder.resolve("named.safetensors");
        try (TensorFile from = TensorFiles.open(MADE.resolve("clip"))) {
            List<SafetensorsWriter.Tensor> tensors = new ArrayList<>();
            for (TensorFile.Entry entry : from.tensors().values()) {
                if (FloatValues.isFloat(entry.type())) {
                    tensors.add(SafetensorsWriter.Tensor.floats(
                            entry.name(),
                            entry.shape(),
                            FlatFloats.of(FloatBuffer.wrap(TorchArchiveTest.floats(from, entry.name()))),
                            0));
                }
            }
            float[] one = {1};
            tensors.add(SafetensorsWriter.Tensor.floats(
                    "x\u001b]0;y\u0007\nall is well", new long[] {1}, FlatFloats.of(FloatBuffer.wrap(one)), 0));
            SafetensorsWriter.write(file, Map.of(), tensors);
        }
        try (InitialWeights weights = open(Part.IMAGE, file, settings(), MLM)) {
            for (String text :
                    List.of(weights.report().table(), weights.report().whole())) {
                assertThat(text)
                        .contains("  x\\u001b]0;y\\u0007 all is well [1]\n")
                        .doesNotContain("\u001b", "\u0007");
            }
        }
    }

    @Test
    void aFileThatChangesWhileItIsOpenIsTold() throws IOException {
        Path file = changed("roberta", "pooler.dense.bias", new float[16], 16);
        try (InitialWeights weights = open(Part.TEXT, file, settings(), MLM)) {
            weights.sha256();
            byte[] bytes = Files.readAllBytes(file);
            long body =
                    8 + ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
            bytes[(int) body + 100] ^= 1; // of the first tensor, the word embeddings
            Files.write(file, bytes);
            assertThatThrownBy(() -> model(weights, settings(), MLM))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("changed while it was read");
        }
    }
}
