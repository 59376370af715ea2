package io.flm.launch.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.Config;
import io.flm.launch.config.Configuration;
import io.flm.launch.console.Failure;
import io.flm.launch.submit.InProcessLauncher;
import io.flm.launch.submit.RunRequest;
import io.flm.worker.checkpoint.CheckpointSettings;
import io.flm.worker.checkpoint.CheckpointStore;
import io.flm.worker.checkpoint.FlatFloats;
import io.flm.worker.checkpoint.RunIdentity;
import io.flm.worker.checkpoint.TensorRange;
import io.flm.worker.checkpoint.TrainingState;
import io.flm.worker.evaluate.HeldOutData;
import io.flm.worker.model.FlmModel;
import io.flm.worker.model.ModelSettings;
import io.flm.worker.model.ParameterStore;
import io.flm.worker.model.ParameterStore.Buffer;
import io.flm.worker.model.Precision;
import io.flm.worker.torch.Torch;
import io.flm.worker.train.TrainSettings;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The commands that ask a trained model; the model here is that of the preset tiny, untrained. */
class EvaluateCommandTest {
    private static final String[] SMALL = {
        "--threads",
        "1",
        "--set",
        "flm.evaluate.samples=30",
        "--set",
        "flm.evaluate.pool-size=10",
        "--set",
        "flm.evaluate.pools=1"
    };

    @TempDir
    Path folder;

    private TestEnvironment world;

    @BeforeEach
    void aRunWithACheckpoint() throws IOException {
        world = new TestEnvironment(folder);
        Configuration configuration = Configuration.builder()
                .preset(System.getProperty("flm.test.preset", "tiny"), TestEnvironment.ROOT)
                .build();
        run("run", configuration);
    }

    private void run(String name, Configuration configuration) throws IOException {
        Path run = Files.createDirectories(folder.resolve(name));
        Files.writeString(run.resolve("effective.conf"), configuration.render());
        Config config = configuration.config();
        Torch.prepareThread(1);
        try (FlmModel model = new FlmModel(
                ModelSettings.from(config),
                TrainSettings.from(config).objective().parts(),
                new FlmModel.Compute(Torch.devices("cpu").get(0), Precision.FP32, false))) {
            ParameterStore parameters = model.parameters();
            parameters.initialize(1);
            List<TensorRange> layout = parameters.layout().stream()
                    .map(p -> new TensorRange(p.name(), p.offset(), p.shape()))
                    .toList();
            TrainingState state = new TrainingState(
                    20,
                    320,
                    layout,
                    floats(parameters, Buffer.VALUES),
                    floats(parameters, Buffer.FIRST_MOMENTS),
                    floats(parameters, Buffer.SECOND_MOMENTS));
            new CheckpointStore(run.resolve("checkpoints"), CheckpointSettings.from(config))
                    .save(state, RunIdentity.of(config, Map.of()));
        }
    }

    private static FlatFloats floats(ParameterStore parameters, Buffer which) {
        FloatBuffer all = FloatBuffer.allocate((int) parameters.size());
        parameters.read(which, 0, all);
        return FlatFloats.of(all.flip());
    }

    private int flm(String... arguments) {
        String[] all = new String[arguments.length + SMALL.length];
        System.arraycopy(arguments, 0, all, 0, arguments.length);
        System.arraycopy(SMALL, 0, all, arguments.length, SMALL.length);
        return world.flm(all);
    }

    @Test
    void evaluatePrintsTheFiguresAsJsonAndWritesThePage() throws IOException {
        assertThat(flm("evaluate", "--from", "run", "--json", "--html", "page.html"))
                .as("%s", world.err())
                .isEqualTo(Failure.OK);
        JsonNode json = new ObjectMapper().readTree(world.out());
        assertThat(json.path("samples").asInt()).isEqualTo(30);
        assertThat(json.path("tokenLoss").asDouble()).isBetween(6.0, 9.0);
        assertThat(json.path("textRetrievalR10").asDouble()).isEqualTo(1);
        assertThat(json.path("prior").path("textRetrievalR1").asDouble()).isEqualTo(0.1);
        assertThat(Files.readString(folder.resolve("page.html")))
                .contains("<title>run, step 20</title>")
                .contains("emoji-fluent.tar.gz");
        assertThat(world.err())
                .anySatisfy(line -> assertThat(line).contains("Cloze accuracy"))
                .anySatisfy(line -> assertThat(line)
                        .matches("flm: 30 % of the context is hidden for token loss and accuracy;"
                                + " names and pictures are found in \\d+ pools? of 10; captions are of \\d+ pictures"));
    }

    @Test
    void thatATaskHasNoFormOfPredictionsIsTold() throws IOException {
        run(
                "r",
                Configuration.builder()
                        .preset("tiny", TestEnvironment.ROOT)
                        .task("retrieval")
                        .option("flm.task.name", "retrieval", "--task", folder)
                        .build());
        assertThat(flm("evaluate", "--from", "r", "--predictions", "p.json"))
                .as("%s", world.err())
                .isEqualTo(Failure.OK);
        assertThat(world.err())
                .contains("flm: " + folder.resolve("p.json")
                        + ": not written, there is no form of predictions for retrieval");
        assertThat(folder.resolve("p.json")).doesNotExist();
    }

    /** A finished run has not failed because the default share holds out too little; the share that was asked for is to be looked at. */
    @Test
    void aRunEndsWithoutAnEvaluationWhereTheDefaultShareHoldsOutTooLittle() throws IOException {
        Path data = folder.resolve("few.tar");
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(Files.newOutputStream(data))) {
            for (String name : List.of("0.png", "0.txt")) {
                tar.putArchiveEntry(new TarArchiveEntry(name));
                tar.closeArchiveEntry();
            }
        }
        assertThat(LastEvaluation.of(
                        world.environment(), finished(data, "data of one's own"), folder.resolve("run"), 20))
                .isEmpty();
        assertThat(world.err())
                .last()
                .asString()
                .startsWith("flm: not evaluated: [" + data + "]: 0 usable held-out samples")
                .contains("--data PATH");
        assertThatThrownBy(() ->
                        LastEvaluation.of(world.environment(), finished(data, "--hold-out"), folder.resolve("run"), 20))
                .isInstanceOf(HeldOutData.TooFew.class);
        assertThat(flm("evaluate", "--from", "run", "--data", data.toString())).isEqualTo(Failure.REFUSED);
        assertThat(world.err()).last().asString().endsWith("; give other data with --data");
    }

    @Test
    void anEvaluationThatTensorBoardCannotShowIsNoFailedOne() throws IOException {
        Files.writeString(folder.resolve("run/tensorboard"), "a file");
        Configuration configuration = Configuration.builder()
                .preset("tiny", TestEnvironment.ROOT)
                .option("flm.evaluate.samples", 30, "--set", folder)
                .option("flm.evaluate.pool-size", 10, "--set", folder)
                .option("flm.evaluate.pools", 1, "--set", folder)
                .build();
        RunRequest request = new RunRequest(
                configuration, folder.resolve("run"), TestEnvironment.ROOT, false, 1, new InProcessLauncher());
        Path checkpoint =
                CheckpointStore.find(folder.resolve("run"), note -> {}).folder();
        assertThat(LastEvaluation.of(world.environment(), request, checkpoint, 20))
                .isPresent();
        assertThat(folder.resolve("run/held-out.json")).isNotEmptyFile();
        assertThat(world.err())
                .last()
                .asString()
                .startsWith("flm: warning: the evaluation is not shown in TensorBoard: " + folder.resolve("run"));
    }

    private RunRequest finished(Path data, String holdOut) {
        Path tokenizer = TestEnvironment.ROOT.resolve("data-stream/emoji/tokenizer-emoji-2k.json");
        Configuration configuration = Configuration.builder()
                .preset("tiny", TestEnvironment.ROOT)
                .option("flm.data.paths", List.of(data.toString()), "--data", folder)
                .option("flm.data.tokenizer", tokenizer.toString(), "--tokenizer", folder)
                .option("flm.data.hold-out", 0.01, holdOut, folder)
                .build();
        return new RunRequest(
                configuration, folder.resolve("run"), TestEnvironment.ROOT, false, 1, new InProcessLauncher());
    }

    @Test
    void captionPrintsALineForEachPicture() throws IOException {
        String lemon = TestEnvironment.ROOT.resolve("docs/lemon.png").toString();
        assertThat(world.flm("caption", "--from", "run", "--threads", "1", lemon, lemon))
                .isEqualTo(Failure.OK);
        assertThat(world.out().lines())
                .hasSize(2)
                .allSatisfy(line -> assertThat(line).startsWith(lemon + ": "));
    }

    @Test
    void onePictureThatCannotBeReadTakesNoOtherCaptionAway() {
        String lemon = TestEnvironment.ROOT.resolve("docs/lemon.png").toString();
        assertThat(world.flm("caption", "--from", "run", "--threads", "1", "none.png", lemon))
                .isEqualTo(Failure.FAILED);
        assertThat(world.out().lines()).singleElement().asString().startsWith(lemon + ": ");
        assertThat(world.err()).anySatisfy(line -> assertThat(line).contains("none.png: cannot be read as a picture"));
    }

    @Test
    void captionsAreTheSameForTheSameSeedWhateverIsBesideThePicture() throws IOException {
        String lemon = TestEnvironment.ROOT.resolve("docs/lemon.png").toString();
        String copy = Files.copy(Path.of(lemon), folder.resolve("copy.png")).toString();
        String[] drawn = {"caption", "--from", "run", "--threads", "1", "--json", "--temperature", "1.5", "--seed", "3"
        };
        assertThat(world.flm(with(drawn, lemon, copy))).as("%s", world.err()).isEqualTo(Failure.OK);
        List<String> both = captions();
        assertThat(world.flm(with(drawn, copy))).isEqualTo(Failure.OK);
        List<String> alone = captions();
        assertThat(both).containsExactly(alone.get(0), alone.get(0));
        drawn[9] = "4";
        assertThat(world.flm(with(drawn, lemon))).isEqualTo(Failure.OK);
        assertThat(captions()).isNotEqualTo(alone);
    }

    @Test
    void aBeamOfOneWritesTheGreedyCaptionAndMaxTokensIsItsLength() throws IOException {
        String lemon = TestEnvironment.ROOT.resolve("docs/lemon.png").toString();
        String[] caption = {"caption", "--from", "run", "--threads", "1", "--json", lemon};
        assertThat(world.flm(caption)).isEqualTo(Failure.OK);
        List<String> greedy = captions();
        assertThat(world.flm(with(caption, "--beam", "1"))).isEqualTo(Failure.OK);
        assertThat(captions()).isEqualTo(greedy);
        assertThat(world.flm(with(caption, "--beam", "4", "--length-penalty", "0.5")))
                .isEqualTo(Failure.OK);
        assertThat(captions()).hasSize(1);
        assertThat(world.flm(with(caption, "--max-tokens", "5"))).isEqualTo(Failure.OK);
        assertThat(captions().get(0).length()).isLessThan(greedy.get(0).length());
    }

    private static String[] with(String[] arguments, String... more) {
        return Stream.concat(Arrays.stream(arguments), Arrays.stream(more)).toArray(String[]::new);
    }

    /** Those of the newest command, printed as JSON. */
    private List<String> captions() throws IOException {
        List<String> captions = new ArrayList<>();
        for (String line : world.out().lines().toList()) {
            captions.add(new ObjectMapper().readTree(line).get("caption").asText());
        }
        return captions;
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            --beam 0                         | --beam = 0: expected a whole number from 1 to 100
            --beam 2 --length-penalty 11     | --length-penalty = 11.0: expected a number from -10 to 10
            --beam 2 --length-penalty NaN    | --length-penalty = NaN: expected a number from -10 to 10
            --temperature 0                  | --temperature = 0.0: expected a number from above 0 to 100; without
            --temperature 101                | --temperature = 101.0: expected a number from above 0 to 100
            --top-p 0                        | --top-p = 0.0: expected a number from above 0 to 1
            --top-p 1.1                      | --top-p = 1.1: expected a number from above 0 to 1
            --max-tokens 3                   | --max-tokens = 3: expected a whole number from 4 to 65536
            --max-tokens 100                 | flm.model.max-positions
            --length-penalty 1               | --length-penalty compares the captions of a beam; give --beam N too
            --seed 1                         | --seed: nothing is drawn; give --temperature or --top-p too
            --beam 2 --top-p 0.5             | --beam does not draw
            """)
    void decodingThatMakesNoSenseIsRefusedInOneLine(String options, String message) {
        String lemon = TestEnvironment.ROOT.resolve("docs/lemon.png").toString();
        assertThat(world.flm(with(("caption --from run --threads 1 " + options).split(" ", -1), lemon)))
                .isEqualTo(Failure.REFUSED);
        assertThat(world.err()).singleElement().asString().contains(message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            --best 4                       | --best is for a search in two stages: give --first-stage, too
            --all-pairs                    | --all-pairs is for a search in two stages: give --first-stage, too
            --first-stage run --best 0     | --best 0: expected a whole number from 1
            --first-stage run              | was pretrained only, and has no head of a task; fine-tune it with `deploy/flm finetune --task TASK --from
            """)
    void aSecondStageNeedsAFirstAndATask(String options, String message) {
        assertThat(world.flm(("evaluate --from run --threads 1 " + options).split(" ", -1)))
                .isEqualTo(Failure.REFUSED);
        assertThat(world.err()).singleElement().asString().contains(message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            run | --task vqq   | --task vqq: no such task; give one of vqa, nlvr2
            run | --task nlvr  | was pretrained only, and has no head of nlvr; fine-tune it with `deploy/flm finetune --task nlvr --from RUN --train ANNOTATIONS PICTURES --val ANNOTATIONS PICTURES`
            run | --val a.json | has no head of a task; fine-tune it with `deploy/flm finetune --task TASK --from RUN --train ANNOTATIONS PICTURES --val a.json`
            r   | --task vqa   | was fine-tuned on nlvr, and has no head of vqa; fine-tune it with `deploy/flm finetune --task vqa --from RUN
            r   | --task nlvr  | was fine-tuned without --val; give what it is scored on, as in `deploy/flm evaluate --from RUN --task nlvr --val ANNOTATIONS PICTURES`
            r   | --data x.tar | predicts no tokens any more; score it with `deploy/flm evaluate --from RUN --task nlvr --val ANNOTATIONS PICTURES`
            """)
    void whatItCannotBeAskedIsToldWithTheCommandThatHelps(String run, String options, String message)
            throws IOException {
        run(
                "r",
                Configuration.builder()
                        .preset("tiny", TestEnvironment.ROOT)
                        .task("nlvr")
                        .option("flm.task.name", "nlvr", "--task", folder)
                        .build());
        assertThat(world.flm(("evaluate --from " + run + " " + options).split(" ", -1)))
                .isEqualTo(Failure.REFUSED);
        assertThat(world.err())
                .singleElement()
                .asString()
                .contains(message.replace("RUN", folder.resolve(run).toString()));
    }

    /** Whatever is wrong with what is to be written is told before hours of scoring, and what is read is kept. */
    @Test
    void whatCannotBeWrittenIsRefusedBeforeTheModelIsAsked() throws IOException {
        Path data = Files.writeString(folder.resolve("data.json"), "[]");
        Files.createDirectories(folder.resolve("pages"));
        Map<String, String> refused = Map.of(
                "--items", "--items are a part of --json",
                "--html p --predictions p", "would write the same file",
                "--html pages", "pages: is a folder; give another --html",
                "--predictions no/p.json",
                        "there is no folder " + folder.resolve("no") + "; give another --predictions",
                "--val data.json --predictions data.json --force", "data.json: is read, and would be lost",
                "--val data.json --html data.json", "data.json: is read, and would be lost");
        refused.forEach((options, message) -> {
            assertThat(world.flm(("evaluate --from run " + options).split(" ", -1)))
                    .isEqualTo(Failure.REFUSED);
            assertThat(world.err()).singleElement().asString().contains(message);
        });
        assertThat(data).hasContent("[]");
    }

    /** Nobody who gave {@code --force} meant the weights, or the tokenizer that the run names. */
    @Test
    void noFileOfTheModelIsWrittenOver() throws IOException {
        Path checkpoint =
                CheckpointStore.find(folder.resolve("run"), note -> {}).folder();
        Path weights = checkpoint.resolve("weights.safetensors");
        long size = Files.size(weights);
        Path tokenizer = TestEnvironment.ROOT.resolve("data-stream/emoji/tokenizer-emoji-2k.json");
        for (Path read : List.of(weights, tokenizer)) {
            for (String option : List.of("--html", "--predictions")) {
                assertThat(flm("evaluate", "--from", "run", "--force", option, read.toString()))
                        .isEqualTo(Failure.REFUSED);
                assertThat(world.err())
                        .last()
                        .asString()
                        .contains(read.getFileName() + ": is read, and would be lost; give another " + option);
            }
        }
        assertThat(weights).hasSize(size);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            flm.model.hidden=32       | was trained with flm.model.hidden =
            flm.train.objective=ar    | was trained with flm.train.objective = flm, not ar; leave that setting out
            flm.task.answers=[no,yes] | was trained with flm.task.answers = [], not [no, yes]
            flm.data.begin-token=off  | was trained with flm.data.begin-token = true, not false
            """)
    void settingsThatTheWeightsWereNotTrainedForAreRefused(String setting, String message) {
        assertThat(flm("evaluate", "--from", "run", "--set", setting)).isEqualTo(Failure.REFUSED);
        assertThat(world.err()).last().asString().contains(message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            none.png  | none.png: cannot be read as a picture (no such file or folder); give
            .         | cannot be read as a picture (not a regular file); give
            /dev/zero | /dev/zero: cannot be read as a picture (not a regular file); give
            """)
    void whatIsNoPictureIsRefusedInOneLine(String picture, String message) {
        assertThat(world.flm("caption", "--from", "run", "--threads", "1", picture))
                .isEqualTo(Failure.REFUSED);
        assertThat(world.err()).last().asString().contains(message);
    }

    @Test
    void whatIsNoRunIsRefusedInOneLine() {
        assertThat(flm("evaluate", "--from", "elsewhere")).isEqualTo(Failure.REFUSED);
        assertThat(world.err())
                .singleElement()
                .satisfies(line -> assertThat(line).contains("elsewhere: no such folder"));
    }
}
