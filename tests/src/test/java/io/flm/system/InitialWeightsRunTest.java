package io.flm.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.flm.architecture.Repository;
import io.flm.worker.checkpoint.FlatFloats;
import io.flm.worker.checkpoint.SafetensorsWriter;
import io.flm.worker.model.ModelSettings;
import io.flm.worker.objective.flm.FreeLanguageModeling;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run that begins with weights of other programs is one run: of any number of workers, and without the files later. */
class InitialWeightsRunTest {
    private static final Path MADE = Repository.root().resolve("gpu-worker/src/test/resources/io/flm/worker/weights");

    private static final Path WORD_PIECES =
            Repository.root().resolve("data-stream/src/test/resources/io/flm/data/tokenizers/bert_uncased.json");
    private static final String TEXT = "text_transformer.";

    @TempDir
    private Path folder = Path.of("");

    private JsonNode flm(String command) throws Exception {
        List<String> arguments = new ArrayList<>();
        for (String argument : command.split(" ", -1)) {
            arguments.add(argument.replace("FOLDER", folder.toString()));
        }
        return FlmProcess.start(folder, arguments.toArray(String[]::new)).result();
    }

    private JsonNode pretrain(String run, String weights, int steps, int workers) throws Exception {
        return flm("pretrain --preset tiny --init image=FOLDER/" + weights + " --steps " + steps + " --workers "
                + workers + " --threads 1 --set flm.model.patch-size=8 --set flm.data.eval-paths= --json --run FOLDER/"
                + run);
    }

    /** BERT of the preset's sizes, as the transformers package saves it. */
    private void bert(int tokens) throws IOException {
        Path bert = Files.createDirectories(folder.resolve("bert"));
        Files.writeString(
                bert.resolve("config.json"),
                "{\"model_type\": \"bert\", \"num_attention_heads\": 2, \"hidden_act\": \"gelu\","
                        + " \"layer_norm_eps\": 1e-12, \"pad_token_id\": 0}");
        Random random = new Random(3);
        List<SafetensorsWriter.Tensor> tensors = new ArrayList<>();
        ModelSettings sizes = new ModelSettings(tokens, 16, 2, 4, 1, 1, 1, 1, 50, 32, 16, 16, 2, 1, 0);
        sizes.tensors(FreeLanguageModeling.PARTS).forEach((name, shape) -> {
            if (name.startsWith(TEXT)) {
                long[] its = shape.clone();
                its[0] *= name.contains("token_type") ? 2 : 1;
                FloatBuffer values = FloatBuffer.allocate((int) (its[0] * (its.length == 1 ? 1 : its[1])));
                while (values.hasRemaining()) {
                    values.put((float) (0.1 * random.nextGaussian()));
                }
                tensors.add(SafetensorsWriter.Tensor.floats(
                        "bert." + name.substring(TEXT.length()), its, FlatFloats.of(values.flip()), 0));
            }
        });
        SafetensorsWriter.write(bert.resolve("model.safetensors"), Map.of(), tensors);
    }

    @Test
    void aRunWithWordPiecesBeginsWithBertIsScoredAndWritesCaptions() throws Exception {
        Files.copy(WORD_PIECES, folder.resolve("tokenizer.json"));
        bert(400);
        String run =
                "pretrain --preset tiny --init text=FOLDER/bert --tokenizer FOLDER/tokenizer.json --steps 8 --threads 1"
                        + " --set flm.model.vocabulary=400 --set flm.model.text-norm-epsilon=1e-12 --json --run FOLDER/";
        JsonNode alone = flm(run + "alone --workers 1");
        assertThat(alone.path("heldOut").path("tokenLoss").asDouble()).isBetween(3.0, 9.0);
        assertThat(Files.readString(folder.resolve("alone/initial-weights.txt")))
                .contains("BERT of Hugging Face, text")
                .contains(
                        "  resized         text_transformer.embeddings.position_embeddings.weight [52, 16]"
                                + "  <-  bert.embeddings.position_embeddings.weight [50, 16]  (2 rows behind its 50 as initialised)\n");
        JsonNode two = flm(run + "two --workers 2 --set flm.data.eval-paths=");
        assertThat(two.get("weightsSha256")).isEqualTo(alone.get("weightsSha256"));
        JsonNode scored = flm("evaluate --from FOLDER/alone --threads 1 --json");
        assertThat(scored.get("tokenLoss")).isEqualTo(alone.path("heldOut").get("tokenLoss"));
        JsonNode caption = flm("caption --from FOLDER/alone --threads 1 --json "
                + Repository.root().resolve("docs/lemon.png"));
        assertThat(caption.path("caption").asText()).isNotBlank().doesNotContain("[", " ##");
    }

    private void copy(String name) throws IOException {
        Files.copy(MADE.resolve(name), folder.resolve(name.replace('/', '-')));
    }

    @Test
    void workersFormatsAndAFileThatIsGoneChangeNothing() throws Exception {
        copy("clip/pytorch_model.bin");
        copy("openai.pt");
        JsonNode alone = pretrain("alone", "clip-pytorch_model.bin", 8, 1);
        JsonNode two = pretrain("two", "openai.pt", 4, 2);
        assertThat(two.get("weightsSha256")).isNotEqualTo(alone.get("weightsSha256"));
        assertThat(Files.readString(folder.resolve("two/initial-weights.txt")))
                .contains("openai.pt: CLIP of OpenAI or open_clip, image")
                .contains("  as initialised  text_transformer.encoder.layer.0.output.dense.weight [16, 64]\n")
                .contains("  ignored         visual.proj [16, 8]\n");
        Files.delete(folder.resolve("openai.pt"));
        JsonNode resumed = flm("pretrain --resume --steps 8 --workers 2 --json --run FOLDER/two");
        assertThat(resumed.get("weightsSha256")).isEqualTo(alone.get("weightsSha256"));
    }
}
