package io.flm.launch.command;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.flm.data.ClassTargets;
import io.flm.data.RandomStream;
import io.flm.data.RandomStream.Purpose;
import io.flm.data.Reconstruction;
import io.flm.data.Sample;
import io.flm.data.Streams;
import io.flm.data.TextBatch;
import io.flm.data.TextForm;
import io.flm.data.TextLayout;
import io.flm.data.Tokenizer;
import io.flm.data.TokenizerKind;
import io.flm.launch.config.Configuration;
import io.flm.launch.console.Failure;
import io.flm.worker.checkpoint.Checkpoint;
import io.flm.worker.checkpoint.FlatFloats;
import io.flm.worker.checkpoint.Safetensors;
import io.flm.worker.checkpoint.SafetensorsWriter;
import io.flm.worker.checkpoint.SafetensorsWriter.Tensor;
import io.flm.worker.checkpoint.TensorRange;
import io.flm.worker.checkpoint.TensorType;
import io.flm.worker.decode.CaptionBounds;
import io.flm.worker.decode.Decoder;
import io.flm.worker.model.FlmModel;
import io.flm.worker.model.Parameter;
import io.flm.worker.model.ParameterStore.Buffer;
import io.flm.worker.objective.Objective;
import io.flm.worker.task.Task;
import io.flm.worker.train.Objectives;
import io.flm.worker.train.Tasks;
import io.flm.worker.train.TrainSettings;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/**
 * Exported folders in Python, with torch and nothing else: logits, class vectors, captions, tokens and (where torch is 2.0 or later)
 * TorchScript archives are those of the model here; the logits of golden data are those of the official implementation.
 */
@Timeout(600)
@EnabledIf(
        value = "hasTorch",
        disabledReason =
                "needs a Python with torch 1.13 or later: that of -Dflm.test.python=/path/to/python, python3 or Debian's")
class ExportedModelTest {
    private static final Path GOLDEN = TestEnvironment.ROOT.resolve("tests/golden/flm-tiny");
    private static final Path WORD_PIECES =
            TestEnvironment.ROOT.resolve("data-stream/src/test/resources/io/flm/data/tokenizers/bert_uncased.json");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final double TOLERANCE = 1e-4;
    private static final int PICTURES = 4;
    private static final int MOST_TOKENS = 12;

    private static final List<String> TEXTS = List.of(
            "a red lemon on a plate...  ",
            "It's 2 o'clock: don't we'll  go \t now?",
            "Größe 42½, 東京タワー и ёж — ¿qué? \u00a0x",
            "👩\u200d🚀 an astronaut\ufe0f, <mask>ed </s> or <pad> not",
            " ",
            "tail. .");

    private static @Nullable String python;

    @TempDir
    private Path folder = Path.of("");

    static boolean hasTorch() throws Exception {
        for (String candidate : List.of(System.getProperty("flm.test.python", ""), "python3", "/usr/bin/python3")) {
            if (!candidate.isEmpty() && importsTorch(candidate)) {
                python = candidate;
                return true;
            }
        }
        return false;
    }

    private static boolean importsTorch(String candidate) throws InterruptedException {
        try {
            Process process = new ProcessBuilder(candidate, "-c", "import torch")
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (!process.waitFor(120, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return false;
            }
            return process.exitValue() == 0;
        } catch (IOException e) {
            return false; // no such Python
        }
    }

    @Test
    void pythonComputesWhatTheModelHereComputes() throws Exception {
        Map<String, Case> cases = new TreeMap<>();
        cases.put("flm", new Case("flm", "", "flm.train.matching=on"));
        cases.put("mlm", new Case("mlm", "", "flm.train.matching=on", "flm.data.exif-orientation=true"));
        cases.put("ar", new Case("ar", "", "flm.data.begin-token=false", "flm.data.picture-fit=stretch"));
        cases.put("prefix", new Case("prefix-lm", "", "flm.model.text-norm-epsilon=1e-12"));
        cases.put("vqa", new Case("flm", "vqa", "flm.task.answers=yes,no,red"));
        cases.put("nlvr2", new Case("prefix-lm", "nlvr2"));
        cases.put("retrieval", new Case("flm", "retrieval"));
        cases.put("caption", new Case("flm", "caption"));
        cases.put("bert", new Case("flm", "", "flm.data.tokenizer=" + WORD_PIECES, "flm.model.image-activation=gelu"));
        List<String> folders = new ArrayList<>();
        for (Map.Entry<String, Case> each : cases.entrySet()) {
            folders.add(each.getValue().write(folder.resolve(each.getKey())).toString());
        }
        folders.add(golden(folder.resolve("golden")).toString());
        JsonNode answer = check(folders);
        boolean archives = answer.path("archives").asBoolean();
        JsonNode said = answer.path("folders");
        for (Map.Entry<String, Case> each : cases.entrySet()) {
            JsonNode of = said.path(folder.resolve(each.getKey()).toString());
            List<String> names = new ArrayList<>(each.getValue().expected);
            if (archives) {
                names.addAll(each.getValue().archives);
            }
            requireClose(each.getKey(), of.path("differences"), names);
            JsonNode expected = JSON.readTree(
                    folder.resolve(each.getKey()).resolve("expected.json").toFile());
            assertThat(of.path("rows")).as(each.getKey()).isEqualTo(expected.path("rows"));
            assertThat(of.path("captions")).as(each.getKey()).isEqualTo(expected.path("captions"));
            assertThat(of.path("answers")).as(each.getKey()).isEqualTo(expected.path("answers"));
        }
        requireClose(
                "golden",
                said.path(folder.resolve("golden").toString()).path("differences"),
                List.of("rec", "l2r", "r2l"));
        JsonNode captions = said.path(folder.resolve("flm").toString()).path("captions");
        assertThat(new HashSet<>(captions.findValuesAsText("text"))).hasSizeGreaterThan(1);
    }

    private static void requireClose(String what, JsonNode differences, List<String> names) {
        assertThat(differences.propertyStream().map(Map.Entry::getKey))
                .as(what)
                .containsExactlyInAnyOrderElementsOf(names);
        differences
                .propertyStream()
                .forEach(each -> assertThat(each.getValue().asDouble(1))
                        .as("%s %s", what, each.getKey())
                        .isLessThan(TOLERANCE));
    }

    private JsonNode check(List<String> folders) throws Exception {
        Path script = Path.of("src/test/resources/io/flm/launch/command/check_export.py")
                .toAbsolutePath();
        Path out = folder.resolve("said.json");
        Path err = folder.resolve("errors.txt");
        List<String> command = new ArrayList<>(List.of(String.valueOf(python), script.toString()));
        command.addAll(folders);
        Process process = new ProcessBuilder(command)
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        assertThat(process.waitFor(480, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(Files.readString(err)).isZero();
        return JSON.readTree(Files.readString(out));
    }

    // ---- a model here, asked; and its export

    /** A model of an objective, or of a task. */
    private final class Case {
        private final Config config;
        private final Configuration configuration;
        private final List<String> expected = new ArrayList<>();
        private final List<String> archives = new ArrayList<>();

        Case(String objective, String task, String... settings) {
            Configuration.Builder builder = Configuration.builder().preset("tiny", TestEnvironment.ROOT);
            if (!task.isEmpty()) {
                builder.task(task).option("flm.task.name", task, "--task", folder);
            }
            builder.set("flm.train.objective=" + objective, folder);
            builder.set("flm.model.bottom-layers=2", folder); // one more than the reconstructor has
            for (String setting : settings) {
                if (setting.startsWith("flm.task.answers=")) {
                    List<String> answers = List.of(
                            setting.substring("flm.task.answers=".length()).split(",", -1));
                    builder.option("flm.task.answers", answers, "--answers", folder);
                } else {
                    builder.set(setting, folder);
                }
            }
            configuration = builder.build();
            config = configuration.config();
        }

        Path write(Path into) throws IOException {
            Path checkpoint = SavedRun.write(into.resolve("run"), configuration, Map.of(), 20, SavedRun::preferring);
            export(into);
            Objective objective = TrainSettings.from(config).objective();
            boolean isCaption = Tasks.of(config).map(Task::textForm).orElse(TextForm.CAPTION) == TextForm.CAPTION;
            try (Tokenizer tokenizer = Tokenizer.load(Path.of(config.getString("flm.data.tokenizer")));
                    FlmModel model =
                            SavedRun.model(config, tokenizer.vocabulary().positions());
                    NDManager scope = model.newScope()) {
                restore(model, Checkpoint.open(checkpoint));
                TextLayout layout = new TextLayout(tokenizer.vocabulary(), config.getBoolean("flm.data.begin-token"));
                TextForm form = isCaption ? TextForm.CAPTION : TextForm.AS_IT_IS;
                List<int[]> all = TEXTS.stream()
                        .map(text -> tokenizer.encode(text, form, 50, layout.beginToken()))
                        .toList();
                Asked asked = new Asked(model, scope, layout, all.subList(0, PICTURES));
                ObjectNode json = JSON.createObjectNode();
                boolean read = tokenizer.kind() == TokenizerKind.ROBERTA; // without the package tokenizers
                if (read) {
                    json.set("texts", JSON.valueToTree(TEXTS));
                    json.set("rows", JSON.valueToTree(all));
                }
                json.put(
                        "script",
                        objective.hasLeftToRightStream() && objective.parts().tokenHead() != null);
                if (objective.parts().tokenHead() != null) {
                    Objective alone = Tasks.of(config).isPresent()
                            ? objective
                            : Objectives.from(ConfigFactory.parseString("matching = off")
                                    .withFallback(config.getConfig("flm.train")));
                    asked.tokens(alone);
                }
                if (!objective.parts().classifiers().isEmpty()) {
                    float[][] logits = asked.classes(objective);
                    List<String> names = Tasks.of(config).map(Task::classes).orElse(List.of());
                    if (!names.isEmpty()) {
                        json.set(
                                "answers",
                                JSON.valueToTree(Arrays.stream(logits)
                                        .map(row -> names.get(best(row)))
                                        .toList()));
                    }
                }
                if (objective.hasLeftToRightStream()) {
                    json.set("captions", asked.captions(read ? tokenizer::decode : ids -> ""));
                }
                SafetensorsWriter.write(into.resolve("inputs.safetensors"), Map.of(), asked.inputs);
                SafetensorsWriter.write(into.resolve("expected.safetensors"), Map.of(), asked.outputs);
                asked.outputs.forEach(tensor -> expected.add(tensor.name()));
                archives.add("image_encoder");
                if (json.path("script").asBoolean()) {
                    archives.addAll(List.of("text_scorer", "caption_step"));
                }
                Files.writeString(into.resolve("expected.json"), json.toString());
            }
            return into;
        }
    }

    private static int best(float[] scores) {
        return IntStream.range(0, scores.length).reduce(0, (a, b) -> scores[b] > scores[a] ? b : a);
    }

    private void export(Path into) {
        TestEnvironment world = new TestEnvironment(into);
        for (String format : List.of("hf", "torchscript")) {
            String folder = format.equals("hf") ? "export" : "script";
            assertThat(world.flm("export", "--from", "run", "--format", format, folder))
                    .as("%s", world.err())
                    .isEqualTo(Failure.OK);
        }
    }

    private static void restore(FlmModel model, Checkpoint checkpoint) {
        List<TensorRange> layout = model.parameters().layout().stream()
                .map(p -> new TensorRange(p.name(), p.offset(), p.shape()))
                .toList();
        checkpoint.restoreWeights(layout, (offset, floats) -> model.parameters().write(Buffer.VALUES, offset, floats));
    }

    /** Asks the model here, and keeps what it was given and what it said. */
    private static final class Asked {
        private final FlmModel model;
        private final NDManager scope;
        private final TextLayout layout;
        private final List<int[]> rows;
        private final int size;
        private final byte[] pixels;
        private final List<Tensor> inputs = new ArrayList<>();
        private final List<Tensor> outputs = new ArrayList<>();

        Asked(FlmModel model, NDManager scope, TextLayout layout, List<int[]> rows) {
            this.model = model;
            this.scope = scope;
            this.layout = layout;
            this.rows = rows;
            size = model.settings().imageSize();
            pixels = new byte[2 * PICTURES * 3 * size * size]; // as many again as second ones of pairs
            new Random(1).nextBytes(pixels);
            inputs.add(Tensor.bytes(
                    "pixels",
                    TensorType.U8,
                    pictures(PICTURES),
                    ByteBuffer.wrap(pixels, 0, pixels.length / 2).slice()));
            inputs.add(Tensor.bytes(
                    "second",
                    TensorType.U8,
                    pictures(PICTURES),
                    ByteBuffer.wrap(pixels, pixels.length / 2, pixels.length / 2)
                            .slice()));
        }

        private long[] pictures(int count) {
            return new long[] {count, 3, size, size};
        }

        private NDArray features(int[] which) {
            int each = 3 * size * size;
            ByteBuffer direct = ByteBuffer.allocateDirect(which.length * each);
            for (int picture : which) {
                direct.put(pixels, picture * each, each);
            }
            return model.imageFeatures(scope, direct.flip(), which.length);
        }

        private static int[] numbers(int count) {
            return IntStream.range(0, count).toArray();
        }

        /** Logits of texts that are read as in training, with what is hidden of them. */
        void tokens(Objective objective) {
            TextBatch batch =
                    objective.corruption(layout).plan(Sample.ofTexts(rows), RandomStream.of(1, Purpose.CORRUPT, 1));
            long[] shape = {batch.rows(), batch.length()};
            inputs.add(longs("ids", shape, batch.ids()));
            Reconstruction spans = batch.reconstruction();
            if (spans != null) {
                inputs.add(longs("left", shape, spans.left()));
                inputs.add(longs("right", shape, spans.right()));
            }
            if (batch.streams() instanceof Streams.Prefix prefix) {
                inputs.add(longs("prefixes", new long[] {batch.rows()}, prefix.lengths()));
            }
            model.observe(batch, normalized(), (name, array) -> {
                if (name.startsWith("logits.")) {
                    logits(batch, spans != null, name, array);
                }
            });
        }

        private void logits(TextBatch batch, boolean both, String name, NDArray array) {
            float[] all = array.toFloatArray();
            int vocabulary = model.settings().vocabulary();
            long[] shape = {batch.rows(), batch.length(), vocabulary};
            int each = batch.length() * vocabulary;
            if (!both) {
                outputs.add(floats("text", shape, all));
            } else if (name.equals("logits.0")) {
                outputs.add(floats("rec", shape, all));
            } else { // both streams, interleaved
                float[][] streams = new float[2][batch.rows() * each];
                for (int row = 0; row < 2 * batch.rows(); row++) {
                    System.arraycopy(all, row * each, streams[row % 2], row / 2 * each, each);
                }
                outputs.add(floats("l2r", shape, streams[0]));
                outputs.add(floats("r2l", shape, streams[1]));
            }
        }

        private NDArray normalized() {
            double[] mean = {0.48145466, 0.4578275, 0.40821073};
            double[] deviation = {0.26862954, 0.26130258, 0.27577711};
            float[] values = new float[pixels.length / 2];
            for (int i = 0; i < values.length; i++) {
                int channel = i / (size * size) % 3;
                values[i] = ((pixels[i] & 0xff) / 255f - (float) mean[channel]) / (float) deviation[channel];
            }
            return scope.create(values, new Shape(pictures(PICTURES)));
        }

        /** What the last classifier says of whole texts. */
        float[][] classes(Objective objective) {
            List<Sample> samples = Sample.ofTexts(rows);
            boolean pairs = objective.picturesPerSample() == 2;
            TextBatch batch = objective.parts().tokenHead() == null
                    ? objective.corruption(layout).plan(samples, RandomStream.of(1, Purpose.CORRUPT, 1))
                    : objective
                            .whole(rows, layout)
                            .withHeads(List.of(new ClassTargets(numbers(rows.size()), new int[rows.size()])));
            int[] seen = pairs
                    ? IntStream.range(0, 2 * PICTURES)
                            .map(i -> i % 2 == 0 ? i / 2 : PICTURES + i / 2)
                            .toArray()
                    : numbers(PICTURES);
            float[][] logits = model.classify(batch, features(seen)).get(0);
            TextBatch read = TextBatch.of(
                    Streams.BIDIRECTIONAL, rows, layout.vocabulary().padId(), List.of());
            inputs.add(longs("whole", new long[] {read.rows(), read.length()}, read.ids()));
            FloatBuffer all = FloatBuffer.allocate(logits.length * logits[0].length);
            Arrays.stream(logits).forEach(all::put);
            outputs.add(floats("class", new long[] {logits.length, logits[0].length}, all.array()));
            return logits;
        }

        /** @param decoder of ids without special tokens */
        JsonNode captions(Function<int[], String> decoder) {
            CaptionBounds bounds = new CaptionBounds(
                    layout.start(), new int[] {layout.vocabulary().endId()}, MOST_TOKENS);
            int[][] written = new Decoder(model, bounds).greedy(features(numbers(PICTURES)));
            return JSON.valueToTree(Arrays.stream(written)
                    .map(row -> Map.of("ids", row, "text", layout.read(row, decoder)))
                    .toList());
        }
    }

    private static Tensor floats(String name, long[] shape, float[] values) {
        return Tensor.floats(name, shape, FlatFloats.of(FloatBuffer.wrap(values)), 0);
    }

    private static Tensor longs(String name, long[] shape, int[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (int value : values) {
            bytes.putLong(value);
        }
        return Tensor.bytes(name, TensorType.I64, shape, bytes.flip());
    }

    // ---- the official implementation's weights, inputs and logits

    /** The emoji's, of which letters are left, with the ids that golden data have for special tokens. */
    private static Path tokenizerOfGoldenData(Path file) throws IOException {
        Path emoji = TestEnvironment.ROOT.resolve("data-stream/emoji/tokenizer-emoji-2k.json");
        ObjectNode spec = (ObjectNode) JSON.readTree(Files.readString(emoji));
        ObjectNode model = (ObjectNode) spec.path("model");
        model.putArray("merges");
        Map<String, Integer> special = Map.of("<s>", 0, "<pad>", 1, "</s>", 2, "<mask>", 119);
        ArrayNode added = JSON.createArrayNode();
        for (JsonNode token : spec.path("added_tokens")) {
            Integer id = special.get(token.path("content").asText());
            if (id != null) {
                added.add(((ObjectNode) token).put("id", id));
            }
        }
        spec.set("added_tokens", added);
        List<String> letters = model.path("vocab")
                .propertyStream()
                .map(Map.Entry::getKey)
                .filter(token -> token.length() == 1)
                .toList();
        ObjectNode vocabulary = model.putObject("vocab");
        special.forEach(vocabulary::put);
        IntStream.range(3, 119).forEach(id -> vocabulary.put(letters.get(id), id));
        return Files.writeString(file, spec.toString());
    }

    private Path golden(Path into) throws IOException {
        Files.createDirectories(into);
        Path tokenizer = tokenizerOfGoldenData(into.resolve("own-tokenizer.json"));
        Configuration.Builder builder = Configuration.builder().preset("tiny", TestEnvironment.ROOT);
        for (String setting : ExportCommandTest.GOLDEN_SIZES) {
            builder.set(setting, folder);
        }
        builder.option("flm.data.tokenizer", tokenizer.toString(), "--tokenizer", folder);
        try (Safetensors weights = Safetensors.open(GOLDEN.resolve("weights.safetensors"));
                Safetensors given = Safetensors.open(GOLDEN.resolve("inputs.safetensors"));
                Safetensors said = Safetensors.open(GOLDEN.resolve("outputs-flm-r0.3.safetensors"))) {
            SavedRun.write(
                    into.resolve("run"), builder.build(), Map.of(), 1, (Parameter p) -> weights.floats(p.name()));
            export(into);
            List<Tensor> inputs = new ArrayList<>();
            inputs.add(floats("pixels", given.tensor("image").shape(), given.floats("image")));
            Map.of("ids", "text_ids", "left", "span.r0.3.left", "right", "span.r0.3.right")
                    .forEach((name, there) -> inputs.add(longs(
                            name,
                            given.tensor(there).shape(),
                            Arrays.stream(given.longs(there))
                                    .mapToInt(Math::toIntExact)
                                    .toArray())));
            List<Tensor> outputs = new ArrayList<>();
            for (String name : List.of("rec", "l2r", "r2l")) {
                String there = "logits." + name;
                outputs.add(floats(name, said.tensor(there).shape(), said.floats(there)));
            }
            SafetensorsWriter.write(into.resolve("inputs.safetensors"), Map.of(), inputs);
            SafetensorsWriter.write(into.resolve("expected.safetensors"), Map.of(), outputs);
        }
        Files.writeString(into.resolve("expected.json"), "{}");
        return into;
    }
}
