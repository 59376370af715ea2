package io.flm.launch.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import io.flm.launch.config.Configuration;
import io.flm.launch.console.Failure;
import io.flm.worker.checkpoint.FlatFloats;
import io.flm.worker.checkpoint.SafetensorsWriter;
import io.flm.worker.model.ModelSettings;
import io.flm.worker.train.TrainSettings;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code flm pretrain --init}: what becomes of the weights is told, or in one line why there is no run. */
class InitTest {
    private static final Path MADE =
            TestEnvironment.ROOT.resolve("gpu-worker/src/test/resources/io/flm/worker/weights");
    private static final String TEXT = "text_transformer.";

    @TempDir
    private Path folder = Path.of("");

    /** RoBERTa of the tiny preset's sizes under RoBERTa's names. */
    private Path roberta(int tokens) throws IOException {
        Config config = Configuration.builder()
                .preset("tiny", TestEnvironment.ROOT)
                .build()
                .config();
        List<SafetensorsWriter.Tensor> tensors = new ArrayList<>();
        ModelSettings.from(config)
                .tensors(TrainSettings.from(config).objective().parts())
                .forEach((name, shape) -> {
                    if (name.startsWith(TEXT)) {
                        long[] its = shape.clone();
                        its[0] = name.contains("word_embeddings") ? tokens : its[0];
                        long count = its.length == 1 ? its[0] : its[0] * its[1];
                        tensors.add(SafetensorsWriter.Tensor.floats(
                                "roberta." + name.substring(TEXT.length()),
                                its,
                                FlatFloats.of(FloatBuffer.allocate((int) count)),
                                0));
                    }
                });
        Path file = folder.resolve("roberta.safetensors");
        SafetensorsWriter.write(file, Map.of(), tensors);
        return file;
    }

    private TestEnvironment pretrain(int expected, String options) throws IOException {
        roberta(2048);
        TestEnvironment world = new TestEnvironment(folder);
        List<String> arguments = new ArrayList<>(
                List.of("pretrain", "--preset", "tiny", "--run", "r", "--dry-run", "--set", "flm.model.patch-size=8"));
        for (String option : options.split(" ", -1)) {
            arguments.add(option.replace("MADE", MADE.toString()));
        }
        assertThat(world.flm(arguments.toArray(String[]::new)))
                .as("%s", world.err())
                .isEqualTo(expected);
        assertThat(folder.resolve("r")).doesNotExist();
        return world;
    }

    @Test
    void whatBecomesOfEachTensorIsToldBeforeTheRun() throws IOException {
        List<String> told = pretrain(Failure.OK, "--init image=MADE/clip --init text=roberta.safetensors")
                .err();
        assertThat(told).contains("flm: " + MADE + "/clip/pytorch_model.bin: CLIP of Hugging Face, image");
        assertThat(told).contains("flm: " + folder + "/roberta.safetensors: RoBERTa of Hugging Face, text");
        assertThat(told)
                .anyMatch(line ->
                        line.startsWith("flm:   ignored         vision_model.encoder.layers.{1-2}.mlp.fc1.weight"))
                .anyMatch(line -> line.startsWith("flm:   as initialised  cross_modal_text_transform.weight [16, 16]"))
                .anyMatch(line ->
                        line.startsWith("flm:   loaded          text_transformer.embeddings.word_embeddings.weight"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        --init image=nowhere.pt                                             | nowhere.pt: no such file
        --init image=MADE/legacy.bin                                        | written by torch before 1.6
        --init image=MADE/views.pt                                          | its names are of no known model
        --init MADE/meter.ckpt                                              | is of 64 tokens, but the tokenizer has 2
        --init text=MADE/roberta                                            | is of 64 tokens, but the tokenizer has 2
        --init image=MADE/clip --set flm.model.image-layers=4               | has nothing for vit_model.visual.transformer.resblocks.3
        --init text=MADE/bert                                               | BERT of Hugging Face reads texts with [CLS], [PAD], [SEP] and [MASK], but the tokenizer has <s>
        --init image=                                                       | --init image=: give the file behind it
        --init picture=MADE/clip                                            | no such word; give image=PATH, text=PATH, or
        --init image=MADE/clip --init roberta.safetensors                   | a whole checkpoint fills the encoders, too
        --init image=MADE/clip --resume                                     | leave --resume out
        --init image=MADE/clip --from r                                     | leave --from out
        --init image=MADE/clip --set flm.checkpoint.from=r                  | both say what the run begins with
        """)
    void whatDoesNotFitIsRefusedInOneLine(String options, String message) throws IOException {
        assertThat(pretrain(Failure.REFUSED, options).err())
                .singleElement()
                .asString()
                .contains(message);
    }
}
