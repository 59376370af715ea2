package io.flm.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.flm.architecture.Repository;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run that begins with weights of other programs is one run: of any number of workers, and without the files later. */
class InitialWeightsRunTest {
    private static final Path MADE = Repository.root().resolve("gpu-worker/src/test/resources/io/flm/worker/weights");

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
