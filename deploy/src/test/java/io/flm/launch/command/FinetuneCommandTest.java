package io.flm.launch.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import io.flm.launch.config.Configuration;
import io.flm.launch.console.Failure;
import io.flm.worker.checkpoint.CheckpointSettings;
import io.flm.worker.checkpoint.CheckpointStore;
import io.flm.worker.checkpoint.FlatFloats;
import io.flm.worker.checkpoint.RunIdentity;
import io.flm.worker.checkpoint.TensorRange;
import io.flm.worker.checkpoint.TrainingState;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What does not fit is told in one line before a run's folder is made. The checkpoint is one of tiny's settings, without a model. */
class FinetuneCommandTest {
    private static final Path EMOJI = TestEnvironment.ROOT.resolve("data-stream/emoji");

    @TempDir
    private Path folder = Path.of("");

    @BeforeEach
    void aCheckpointAndFiles() throws IOException {
        Config config = Configuration.builder()
                .preset("tiny", TestEnvironment.ROOT)
                .build()
                .config();
        FlatFloats one = FlatFloats.of(FloatBuffer.allocate(1));
        List<TensorRange> layout = List.of(new TensorRange("a", 0, new long[] {1}));
        new CheckpointStore(folder.resolve("p/checkpoints"), CheckpointSettings.from(config))
                .save(
                        new TrainingState(1, 1, layout, one, one, one),
                        RunIdentity.of(config, Map.of("tokenizer", "of another tokenizer")));
        Files.createFile(folder.resolve("empty.json"));
        Files.createFile(folder.resolve("empty.tar"));
        Files.createDirectories(folder.resolve("folder.json"));
        Files.write(folder.resolve("binary.json"), new byte[] {1, 2, 3, (byte) 200});
    }

    private TestEnvironment finetune(String options) {
        TestEnvironment world = new TestEnvironment(folder);
        List<String> arguments = new ArrayList<>(List.of("finetune", "--run", "r"));
        for (String option : options.split(" ", -1)) {
            arguments.add(option.replace("EMOJI", EMOJI.toString()));
        }
        assertThat(world.flm(arguments.toArray(String[]::new)))
                .as("%s", world.err())
                .isEqualTo(Failure.REFUSED);
        assertThat(folder.resolve("r")).doesNotExist();
        return world;
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        --task nlvr2 --from p                                   | give what it is trained on with --train
        --task nlvr2 --train EMOJI/nlvr2-train.json.gz          | with --from the pretrained model
        --task none --from p --train empty.json                 | --task none: no such task; give one of vqa, nlvr2, nlvr, entail, retrieval, caption
        --task vq --from p --train empty.json                   | --task vq: no such task; give one of vqa, nlvr2
        --task vqa --from elsewhere --train empty.json          | no such folder; give a run folder
        --task vqa --from p --train empty.json                  | empty.json:1: one JSON object with annotations or questions
        --task vqa --from p --train binary.json                 | binary.json:1: no JSON
        --task vqa --from p --train folder.json                 | folder.json: cannot be read (not a regular file)
        --task vqa --from p --train nowhere.json                | nowhere.json: cannot be read (no such file
        --task vqa --from p --answers binary.json --train empty.json | binary.json: cannot be read (no text in UTF-8); give
        --resume --task vqa                                     | leave --task out, as in `deploy/flm finetune --run r --resume`
        --resume --from p --task vqa --random                   | leave --task and --from and --random out
        --resume                                                | r: no run there to resume
        """)
    void whatIsAskedForMustBeThere(String options, String message) {
        assertThat(finetune(options).err()).singleElement().asString().contains(message);
    }

    /** The files of --train are not there, so they were not read. */
    @ParameterizedTest
    @CsvSource({"vqa, finetune", "none, pretrain"})
    void aFolderThatHoldsARunIsRefusedBeforeDataAreRead(String task, String command) throws IOException {
        Path run = Files.createDirectories(folder.resolve("held"));
        Files.writeString(run.resolve("effective.conf"), "flm.task.name = " + task);
        TestEnvironment world = new TestEnvironment(folder);
        assertThat(world.flm("finetune", "--run", "held", "--task", "vqa", "--from", "p", "--train", "nowhere.json"))
                .isEqualTo(Failure.REFUSED);
        assertThat(world.err())
                .singleElement()
                .asString()
                .contains("holds a run already; go on with it by `deploy/flm " + command + " --run " + run
                        + " --resume`");
    }

    @ParameterizedTest
    @ValueSource(strings = {"vqa", "none"})
    void aRunThatGoesOnIsAFineTuning(String task) throws IOException {
        Path run = Files.createDirectories(folder.resolve("held"));
        Files.writeString(run.resolve("effective.conf"), "flm.task.name = " + task);
        TestEnvironment world = new TestEnvironment(folder);
        assertThat(world.flm("finetune", "--run", "held", "--resume")).isEqualTo(Failure.REFUSED);
        assertThat(world.err())
                .singleElement()
                .asString()
                .contains(
                        task.equals("none")
                                ? "held: is no fine-tuning; go on with it by `deploy/flm pretrain --run " + run
                                        + " --resume`"
                                : "flm.data.paths is empty");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        --set flm.model.hidden=32                       | was trained with flm.model.hidden = 16, not 32
        --set flm.train.objective=mlm                   | was trained with flm.train.objective = flm, not mlm
        --set flm.data.hold-out=0.1                     | of a task's examples none are held out
        --set flm.evaluate.every=2                      | there is nothing to score on: give it with --val
        --threads 1                                     | was trained with another tokenizer than
        --set flm.task.first-stage=p                    | a first stage finds candidates for retrieval, not for nlvr2
        --random --set flm.data.paths=empty.tar         | empty.tar: an empty file
        --random --val nowhere.json                     | nowhere.json: cannot be read
        """)
    void theModelAndTheDataMustFit(String options, String message) {
        assertThat(finetune("--task nlvr2 --from p " + options + " --train EMOJI/nlvr2-train.json.gz")
                        .err())
                .singleElement()
                .asString()
                .contains(message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        nlvr2-dev.json.gz | nlvr2-dev.json.gz is given to --train and to --val: the scores are of samples that are trained on
        copy.json.gz      | pictures to score on are among the
        """)
    void picturesToScoreOnThatAreTrainedOnAreToldAndDoNotStopIt(String val, String told) throws IOException {
        TestEnvironment world = new TestEnvironment(folder);
        Path annotations = EMOJI.resolve("nlvr2-dev.json.gz");
        Path copy = Files.copy(annotations, folder.resolve("copy.json.gz"));
        Stream<String> command = Stream.of(
                "finetune",
                "--task",
                "nlvr2",
                "--from",
                "p",
                "--random",
                "--dry-run",
                "--run",
                "r",
                "--train",
                annotations.toString(),
                EMOJI.resolve("emoji-fluent.tar.gz").toString(),
                "--val",
                (val.equals("copy.json.gz") ? copy : annotations).toString());
        assertThat(world.flm(command.toArray(String[]::new)))
                .as("%s", world.err())
                .isEqualTo(Failure.OK);
        assertThat(world.err()).singleElement().asString().contains(told);
        assertThat(world.out()).contains("parameters");
        assertThat(folder.resolve("r")).doesNotExist();
    }
}
