package io.flm.launch.command;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.data.Sha256;
import io.flm.launch.config.Configuration;
import io.flm.launch.console.Failure;
import io.flm.worker.checkpoint.Safetensors;
import io.flm.worker.checkpoint.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code flm export}: what it writes, and that it writes it whole or not at all. What Python makes of it is another test's. */
class ExportCommandTest {
    private static final Path GOLDEN = TestEnvironment.ROOT.resolve("tests/golden/flm-tiny");
    private static final Path TOKENIZER = TestEnvironment.ROOT.resolve("data-stream/emoji/tokenizer-emoji-2k.json");
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path folder = Path.of("");

    private TestEnvironment world = new TestEnvironment(folder);

    @BeforeEach
    void aWorld() {
        world = new TestEnvironment(folder);
    }

    private static Configuration tiny(String... settings) {
        Configuration.Builder builder = Configuration.builder().preset("tiny", TestEnvironment.ROOT);
        for (String setting : settings) {
            builder.set(setting, TestEnvironment.ROOT);
        }
        return builder.build();
    }

    private Path save(String run, Configuration configuration) throws IOException {
        return SavedRun.write(folder.resolve(run), configuration, Map.of(), 20, SavedRun::preferring);
    }

    private JsonNode export(String... arguments) throws IOException {
        List<String> all = new ArrayList<>(List.of("export", "--json"));
        all.addAll(List.of(arguments));
        assertThat(world.flm(all.toArray(String[]::new))).as("%s", world.err()).isEqualTo(Failure.OK);
        return JSON.readTree(world.out());
    }

    private List<String> names(String of) throws IOException {
        try (Stream<Path> all = Files.list(folder.resolve(of))) {
            return all.map(path -> String.valueOf(path.getFileName())).sorted().toList();
        }
    }

    private JsonNode json(String file) throws IOException {
        return JSON.readTree(Files.readString(folder.resolve(file)));
    }

    // ---- what is written

    @Test
    void aFolderOfHuggingFacesStyleHoldsTheWeightsAndAllThatIsNeededToRunThem() throws IOException {
        Path checkpoint = save("run", tiny());
        JsonNode said = export("--from", "run", "--format", "hf", "hf");
        assertThat(names("hf"))
                .containsExactly(
                        "README.md",
                        "config.json",
                        "model.safetensors",
                        "modeling_flm.py",
                        "preprocessor_config.json",
                        "special_tokens_map.json",
                        "tokenizer.json",
                        "tokenizer_config.json");
        assertThat(folder.resolve("hf/model.safetensors"))
                .hasSameBinaryContentAs(checkpoint.resolve("weights.safetensors"));
        assertThat(folder.resolve("hf/tokenizer.json")).hasSameBinaryContentAs(TOKENIZER);
        assertThat(said.path("step").asLong()).isEqualTo(20);
        assertThat(said.path("checkpoint").asText()).isEqualTo(checkpoint.toString());
        for (JsonNode file : said.path("files")) {
            Path written = folder.resolve("hf").resolve(file.path("name").asText());
            assertThat(file.path("sha256").asText()).isEqualTo(Sha256.of(written));
            assertThat(file.path("bytes").asLong()).isEqualTo(Files.size(written));
        }
        assertThat(said.path("files")).hasSize(8);
        JsonNode config = json("hf/config.json");
        assertThat(config.path("streams").asText()).isEqualTo("both");
        assertThat(config.path("vocab_size").asInt()).isEqualTo(2048);
        assertThat(config.path("vision_config").path("image_size").asInt()).isEqualTo(32);
        assertThat(config.path("token_head").asText()).isEqualTo("lm_score");
        assertThat(json("hf/preprocessor_config.json")
                        .path("size")
                        .path("shortest_edge")
                        .asInt())
                .isEqualTo(32);
        assertThat(Files.readString(folder.resolve("hf/README.md")))
                .contains("# run, step 20", "20 steps of 16 samples", "pipeline_tag: image-to-text")
                .contains("Known: none: the run was not evaluated at its end.")
                .doesNotContain(folder.toString());
    }

    @Test
    void aTaskIsExportedWithItsHeadAndTheNamesOfItsClasses() throws IOException {
        save(
                "vqa",
                Configuration.builder()
                        .preset("tiny", TestEnvironment.ROOT)
                        .task("vqa")
                        .option("flm.task.name", "vqa", "--task", folder)
                        .option("flm.task.answers", List.of("yes", "light red"), "--answers", folder)
                        .build());
        export("--from", "vqa", "--format", "hf", "hf");
        JsonNode config = json("hf/config.json");
        assertThat(config.path("task").asText()).isEqualTo("vqa");
        assertThat(config.path("token_head").isNull()).isTrue();
        assertThat(config.path("id2label").path("1").asText()).isEqualTo("light red");
        assertThat(config.path("problem_type").asText()).isEqualTo("multi_label_classification");
        assertThat(config.path("text_form").asText()).isEqualTo("as it is");
        JsonNode head = config.path("classifiers").path(0);
        assertThat(head.path("name").asText()).isEqualTo("vqa_classifier");
        assertThat(head.path("outputs").asInt()).isEqualTo(2);
        assertThat(Files.readString(folder.resolve("hf/README.md")))
                .contains("fine-tuned on the task `vqa`", "model.answer(pictures, [")
                .doesNotContain("model.caption");
    }

    @Test
    void aTokenizerOfBertsKindIsExportedWithItsSpecialTokensAndItsWayToCount() throws IOException {
        Path tokenizer =
                TestEnvironment.ROOT.resolve("data-stream/src/test/resources/io/flm/data/tokenizers/bert_uncased.json");
        save("run", tiny("flm.data.tokenizer=" + tokenizer));
        export("--from", "run", "--format", "hf", "hf");
        JsonNode config = json("hf/config.json");
        assertThat(config.path("first_position").asInt(-1)).isZero();
        assertThat(config.path("uncounted_token_id").asInt()).isEqualTo(-1);
        assertThat(json("hf/special_tokens_map.json").path("eos_token").asText())
                .isEqualTo("[SEP]");
        assertThat(Files.readString(folder.resolve("hf/README.md"))).contains("`[CLS] [SEP] words [SEP]`");
    }

    @ParameterizedTest
    @CsvSource({
        "mlm, bidirectional, mlm_score",
        "ar, left-to-right, lm_score",
        "prefix-lm, prefix, lm_score",
        "flm, both, lm_score"
    })
    void eachObjectiveSaysHowItsTextsAreRead(String objective, String streams, String head) throws IOException {
        save("run", tiny("flm.train.objective=" + objective, "flm.train.matching=on"));
        export("--from", "run", "--format", "hf", "hf");
        JsonNode config = json("hf/config.json");
        assertThat(config.path("streams").asText()).isEqualTo(streams);
        assertThat(config.path("token_head").asText()).isEqualTo(head);
        assertThat(config.path("classifiers").path(0).path("name").asText()).isEqualTo("itm_score.fc");
        assertThat(config.path("reconstructor").asBoolean()).isEqualTo(objective.equals("flm"));
    }

    /** Every tensor has the name and shape that the official model of the same sizes has, and none that it trains is missing. */
    @Test
    void theOfficialLayoutHasTheOfficialNamesAndShapes() throws IOException {
        JsonNode meta = JSON.readTree(Files.readString(GOLDEN.resolve("meta.json")));
        save("run", tiny(GOLDEN_SIZES));
        export("--from", "run", "--format", "official", "official");
        assertThat(names("official")).containsExactly("README.md", "weights.safetensors");
        Map<String, String> golden = shapes(GOLDEN.resolve("weights.safetensors"));
        Map<String, String> ours = shapes(folder.resolve("official/weights.safetensors"));
        assertThat(golden).containsAllEntriesOf(ours);
        Set<String> missing = new TreeSet<>(golden.keySet());
        missing.removeAll(ours.keySet());
        meta.path("aliases").fieldNames().forEachRemaining(missing::remove);
        meta.path("parameters_without_gradient").forEach(name -> missing.remove(name.asText()));
        missing.removeIf(name -> name.startsWith("heads.") || name.endsWith(".position_ids"));
        assertThat(missing).isEmpty();
        String card = Files.readString(folder.resolve("official/README.md"));
        JsonNode config = meta.path("config");
        Set<String> keys = new HashSet<>();
        for (String line : card.lines().filter(l -> l.startsWith("| `")).toList()) {
            String[] cells = line.split("[`| ]+", -1); // "", key, value, ""
            keys.add(cells[1]);
            assertThat(Double.parseDouble(cells[2]))
                    .as(line)
                    .isEqualTo(config.path(cells[1]).asDouble());
        }
        assertThat(keys).contains("hidden_size", "num_reconstructor_top_layer", "vit_layers_used", "max_text_len");
    }

    static final String[] GOLDEN_SIZES = {
        "flm.model.vocabulary=120",
        "flm.model.hidden=32",
        "flm.model.heads=4",
        "flm.model.bottom-layers=2",
        "flm.model.top-layers=2",
        "flm.model.reconstructor-bottom-layers=2",
        "flm.model.reconstructor-top-layers=2",
        "flm.model.max-positions=40",
        "flm.model.image-size=48",
        "flm.model.image-width=32",
        "flm.model.image-heads=4",
        "flm.model.image-layers=2",
        "flm.data.max-tokens=12",
        "flm.data.begin-token=false"
    };

    private static Map<String, String> shapes(Path file) {
        Map<String, String> shapes = new HashMap<>();
        try (Safetensors weights = Safetensors.open(file)) {
            for (TensorInfo tensor : weights.tensors().values()) {
                shapes.put(tensor.name(), tensor.toString());
            }
        }
        return shapes;
    }

    // ---- figures

    @Test
    void theCardHasTheFiguresOfTheseWeightsAlone() throws IOException {
        Path checkpoint = save("run", tiny());
        String sha256 = json(folder.relativize(checkpoint).resolve("state.json").toString())
                .path("weightsSha256")
                .asText();
        Path run = folder.resolve("run");
        Files.writeString(
                run.resolve("held-out.json"),
                "{\"samples\":100,\"tokenLoss\":5.451,\"clozeAccuracy\":null,\"a|b\":1,\"prior\":{\"tokenLoss\":6.105,"
                        + "\"clozeAccuracy\":null,\"a|b\":0},\"poolSize\":20}");
        assertThat(card("first"))
                .contains("the run's evaluation is of other weights")
                .doesNotContain("5.451");
        Files.writeString(run.resolve("status.json"), status(sha256));
        assertThat(card("second"))
                .contains("On 100 held-out samples", "| `tokenLoss` | 5.4510 | 6.1050 |")
                .doesNotContain("a|b", "poolSize", "clozeAccuracy");
        Files.writeString(run.resolve("status.json"), status("0".repeat(64)));
        assertThat(card("third")).contains("of other weights").doesNotContain("5.451");
    }

    private String card(String into) throws IOException {
        export("--from", "run", "--format", "hf", into);
        return Files.readString(folder.resolve(into).resolve("README.md"));
    }

    private static String status(String sha256) {
        return "{\"run\":\"run\",\"id\":\"1\",\"state\":\"finished\",\"reason\":\"done\",\"step\":20,\"totalSteps\":20,"
                + "\"heads\":[],\"notes\":[],\"workers\":[],\"weightsSha256\":\"" + sha256 + "\"}";
    }

    /** What the archives say is compared with the model in {@code ServedModelTest}; in other programs in {@link ExportedModelTest}. */
    @Test
    void archivesForServersHaveTheSameBytesEachTimeAndAreReplacedByForce() throws IOException {
        save("run", tiny());
        JsonNode first = export("--from", "run", "--format", "torchscript", "out");
        assertThat(names("out")).containsExactly("README.md", "caption_step.pt", "image_encoder.pt", "text_scorer.pt");
        assertThat(Files.readString(folder.resolve("out/README.md")))
                .contains("| `text_scorer.pt` | features, and ids of texts, int64 [B, L] |");
        refused("out: holds an export already", "--from run --format torchscript out");
        JsonNode again = export("--from", "run", "--format", "torchscript", "--force", "out");
        assertThat(again.path("files")).isEqualTo(first.path("files"));
        export("--from", "run", "--format", "official", "--force", "out");
        assertThat(names("out")).containsExactly("README.md", "weights.safetensors");
    }

    @Test
    void archivesThatReadTextsCountTokensAsTheKindOfTheirTokenizerDoes() throws IOException {
        save("roberta", tiny());
        export("--from", "roberta", "--format", "torchscript", "out");
        assertThat(Files.readString(folder.resolve("out/README.md")))
                .contains("The pad is 1. No text is longer than 50 tokens.");
        Path wordPieces =
                TestEnvironment.ROOT.resolve("data-stream/src/test/resources/io/flm/data/tokenizers/bert_uncased.json");
        save("bert", tiny("flm.data.tokenizer=" + wordPieces));
        export("--from", "bert", "--format", "torchscript", "--force", "out");
        assertThat(Files.readString(folder.resolve("out/README.md")))
                .contains("The pad is 0. No text is longer than 52 tokens.");
    }

    @Test
    void ofAModelWithoutALeftToRightStreamTheImageEncoderAloneIsArchived() throws IOException {
        save("run", tiny("flm.train.objective=mlm"));
        export("--from", "run", "--format", "torchscript", "out");
        assertThat(names("out")).containsExactly("README.md", "image_encoder.pt");
        export("--from", "run", "--format", "hf", "--force", "out");
    }

    // ---- what is refused

    @Test
    void anEarlierExportIsReplacedByForceAloneAndOtherFilesNever() throws IOException {
        save("run", tiny());
        Files.createDirectories(folder.resolve("out"));
        export("--from", "run", "--format", "hf", "out");
        refused("out: holds an export already; give another folder, or --force", "--from run --format official out");
        assertThat(names("out")).hasSize(8);
        export("--from", "run", "--format", "official", "--force", "out");
        assertThat(names("out")).containsExactly("README.md", "weights.safetensors");
        Files.writeString(folder.resolve("out/thesis.txt"), "mine");
        refused("out: holds thesis.txt, which is of no export", "--from run --format hf --force out");
        Files.createDirectories(folder.resolve("project"));
        Files.writeString(folder.resolve("project/README.md"), "mine");
        refused("project: holds other files", "--from run --format hf --force project");
        refused("run: holds checkpoints, which is of no export", "--from run --format hf --force run");
        assertThat(folder.resolve("project/README.md")).hasContent("mine");
        assertThat(names(".")).containsExactly("out", "project", "run");
    }

    @Test
    void whatIsNoFolderIsRefused() throws IOException {
        save("run", tiny());
        Files.writeString(folder.resolve("file"), "mine");
        refused("file: no folder that can be written", "--from run --format hf file");
        Files.createSymbolicLink(folder.resolve("link"), folder.resolve("elsewhere"));
        refused("link: is a link; give the folder itself", "--from run --format hf link");
        refused("cannot be written", "--from run --format hf file/below");
        assertThat(names(".")).containsExactly("file", "link", "run");
    }

    @Test
    void whatIsNoWholeCheckpointIsRefusedAndNothingIsLeft() throws IOException {
        Path checkpoint = save("run", tiny());
        Files.createDirectories(folder.resolve("empty"));
        refused("empty: no checkpoint there", "--from empty --format hf out");
        refused("nowhere: no such folder", "--from nowhere --format official out");
        byte[] weights = Files.readAllBytes(checkpoint.resolve("weights.safetensors"));
        weights[weights.length - 1] ^= 1;
        Files.write(checkpoint.resolve("weights.safetensors"), weights);
        refused(
                "weights.safetensors was altered",
                "--from " + folder.relativize(checkpoint) + " --format official out");
        refused("none of its 1 checkpoints is whole", "--from run --format official out");
        assertThat(names(".")).containsExactly("empty", "run");
    }

    /** Whoever made the checkpoint may have written anything there, and the model card repeats it. */
    @Test
    void aDigestThatIsNotThatOfTheWeightsIsRefused() throws IOException {
        Path checkpoint = save("run", tiny());
        String at = folder.relativize(checkpoint).toString();
        String sha256 = json(at + "/state.json").path("weightsSha256").asText();
        for (String other : List.of("0".repeat(64), "", "`|\\n# Proven by others")) {
            byte[] state = Files.readString(checkpoint.resolve("state.json"))
                    .replaceFirst(
                            "(\"weightsSha256\" : )\"[^\"]*\"",
                            Matcher.quoteReplacement("\"weightsSha256\" : \"" + other + "\""))
                    .getBytes(UTF_8);
            Files.write(checkpoint.resolve("state.json"), state);
            Files.writeString(checkpoint.resolve("state.json.sha256"), Sha256.of(state) + "  state.json\n");
            assertThat(json(at + "/state.json").path("weightsSha256").asText()).isNotEqualTo(sha256);
            refused("its weights have another SHA-256 than state.json says", "--from " + at + " --format hf out");
        }
        assertThat(names(".")).containsExactly("run");
    }

    @Test
    void aTokenizerThatIsNotTheModelsIsRefused() throws IOException {
        SavedRun.write(folder.resolve("run"), tiny(), Map.of("tokenizer", "0".repeat(64)), 20, SavedRun::preferring);
        refused("was trained with another tokenizer", "--from run --format hf out");
        refused("was trained with another tokenizer", "--from run --format torchscript out");
        refused("no.json: not a readable tokenizer.json", "--from run --format hf --tokenizer no.json out");
        save("small", tiny(GOLDEN_SIZES));
        refused("has 2048 tokens, and the model 120", "--from small --format hf out");
        assertThat(names(".")).containsExactly("run", "small");
        export("--from", "run", "--format", "official", "out");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            --from run --format onnx out | Invalid value for option '--format'
            --from run out               | Missing required option: '--format=FORMAT'
            --format hf out              | Missing required option: '--from
            --from run --format hf       | Missing required parameter: 'DIR'
            """)
    void aCommandLineThatLacksAnythingIsRefused(String options, String message) {
        refused(message, options);
    }

    /** In one line, and all of it. */
    private void refused(String message, String options) {
        List<String> arguments = new ArrayList<>(List.of("export"));
        arguments.addAll(List.of(options.split(" ", -1)));
        assertThat(world.flm(arguments.toArray(String[]::new)))
                .as("%s", options)
                .isEqualTo(Failure.REFUSED);
        assertThat(world.err()).last().asString().contains(message);
        assertThat(world.out()).isEmpty();
    }
}
