package io.flm.worker.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.sun.net.httpserver.HttpServer;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.flm.data.UserException;
import io.flm.worker.checkpoint.CheckpointSettings;
import io.flm.worker.checkpoint.CheckpointStore;
import io.flm.worker.checkpoint.FlatFloats;
import io.flm.worker.checkpoint.RunIdentity;
import io.flm.worker.checkpoint.TensorRange;
import io.flm.worker.checkpoint.TrainingState;
import io.flm.worker.decode.Decoding.Greedy;
import io.flm.worker.model.FlmModel;
import io.flm.worker.model.ModelSettings;
import io.flm.worker.model.ParameterStore;
import io.flm.worker.model.ParameterStore.Buffer;
import io.flm.worker.model.Precision;
import io.flm.worker.task.TaskFigure;
import io.flm.worker.task.TaskReport;
import io.flm.worker.torch.Torch;
import io.flm.worker.train.TrainSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** With the smallest model that has every part, untrained, on the emoji that ship with the program. */
class TrainedModelTest {
    private static final Path EMOJI =
            Path.of("../data-stream/emoji").toAbsolutePath().normalize();

    @TempDir
    Path folder;

    private final List<String> notes = new ArrayList<>();

    private static Config config(String objective) {
        return ConfigFactory.parseString("flm.train.objective = " + objective)
                .withFallback(ConfigFactory.parseString("""
                        flm {
                          data {
                            eval-paths = ["%1$s/emoji-fluent.tar.gz"]
                            tokenizer = "%1$s/tokenizer-emoji-2k.json"
                            begin-token = true
                            max-tokens = 50
                          }
                          model {
                            vocabulary = 2048, hidden = 16, heads = 2, mlp-ratio = 4, bottom-layers = 1, top-layers = 1
                            reconstructor-bottom-layers = 1, reconstructor-top-layers = 1, max-positions = 52
                            image-size = 32, patch-size = 16, image-width = 16, image-heads = 2, image-layers = 1
                            dropout = 0.0
                          }
                          evaluate { samples = 40, pool-size = 15, pools = 2, caption-samples = 10, batch = 16, threads = 1 }
                        }
                        """.formatted(EMOJI)))
                .withFallback(ConfigFactory.defaultReference());
    }

    /** Writes the untrained model as the checkpoint of a run. */
    private Path run(String objective) throws IOException {
        return run("run-" + objective, config(objective));
    }

    /** The same of a model that was "fine-tuned". */
    private Path run(String objective, String task) throws IOException {
        return run(task, ConfigFactory.parseString("flm.task.name = " + task).withFallback(config(objective)));
    }

    private Path run(String name, Config config) throws IOException {
        Torch.prepareThread(1);
        try (FlmModel model = new FlmModel(
                ModelSettings.from(config),
                TrainSettings.from(config).objective().parts(),
                new FlmModel.Compute(Torch.devices("cpu").get(0), Precision.FP32, false))) {
            ParameterStore parameters = model.parameters();
            parameters.initialize(3);
            List<TensorRange> layout = parameters.layout().stream()
                    .map(p -> new TensorRange(p.name(), p.offset(), p.shape()))
                    .toList();
            TrainingState state = new TrainingState(
                    7,
                    7 * 16,
                    layout,
                    floats(parameters, Buffer.VALUES),
                    floats(parameters, Buffer.FIRST_MOMENTS),
                    floats(parameters, Buffer.SECOND_MOMENTS));
            Path run = folder.resolve(name);
            new CheckpointStore(run.resolve("checkpoints"), CheckpointSettings.from(config))
                    .save(state, RunIdentity.of(config, Map.of()));
            return run;
        }
    }

    private static FlatFloats floats(ParameterStore parameters, Buffer which) {
        FloatBuffer all = FloatBuffer.allocate((int) parameters.size());
        parameters.read(which, 0, all);
        return FlatFloats.of(all.flip());
    }

    @ParameterizedTest
    @ValueSource(strings = {"flm", "mlm", "ar", "prefix-lm"})
    void anUntrainedModelOfEachObjectiveKnowsNothing(String objective) throws IOException {
        Path run = run(objective);
        try (TrainedModel model = TrainedModel.load(run, ConfigFactory.empty(), notes::add)) {
            Report report = model.evaluate(List.of(), (share, doing) -> {});
            assertThat(report.objective().key()).isEqualTo(objective);
            assertThat(report.samples()).isEqualTo(40);
            if (!List.of("ar", "prefix-lm").contains(objective)) {
                assertThat(value(report, "tokenLoss")).isCloseTo(Math.log(2048), within(0.5));
                assertThat(value(report, "clozeAccuracy")).isLessThan(0.2);
            }
            if (!objective.equals("mlm")) {
                assertThat(value(report, "textRetrievalR1")).isLessThan(0.5);
                assertThat(value(report, "captionF1")).isLessThan(0.5);
                assertThat(report.gallery()).isNotEmpty();
            }
            assertThat(model.evaluate(List.of(), (share, doing) -> {}).toMap()).isEqualTo(report.toMap());
        }
        assertThat(notes).isEmpty();
    }

    @Test
    void settingsThatNoKeyCanHaveAreRefusedWhereverTheyComeFrom() throws IOException {
        Path run = run("flm");
        assertThatThrownBy(
                        () -> TrainedModel.load(run, ConfigFactory.parseString("flm.evaluate.batch = 1"), notes::add))
                .isInstanceOf(UserException.class)
                .hasMessageMatching(
                        "flm\\.evaluate\\.batch = 1 \\(.*\\): expected a whole number from 2 to 65536 \\(rows\\)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"flm", "ar", "prefix-lm", "caption"})
    void aFirstStageIsAnyModelThatSaysHowLikelyATextIs(String first) throws IOException {
        Path stage = first.equals("caption") ? run("flm", first) : run(first);
        TaskReport report = retrieval("flm.task.first-stage = \"" + stage + "\", flm.task.best = 2");
        assertThat(report.examples()).isEqualTo(40);
        assertThat(report.figures())
                .extracting(TaskFigure::key)
                .contains("twoStage.textRetrievalR1", "likelihood.seconds")
                .doesNotContain("textRetrievalR1");
        assertThat(notes).isEmpty();
    }

    @Test
    void aFirstStageReadsPicturesAndTextsInItsOwnWay() throws IOException {
        Path stage = run(
                "larger",
                ConfigFactory.parseString("flm.model.image-size = 48, flm.data.begin-token = false")
                        .withFallback(config("ar")));
        assertThat(retrieval("flm.task.first-stage = \"" + stage + "\"").examples())
                .isEqualTo(40);
        assertThat(notes)
                .singleElement()
                .asString()
                .contains("larger")
                .endsWith(
                        "trained without flm.data.begin-token, so the likelihood of a text leaves its first word out");
    }

    private TaskReport retrieval(String settings) throws IOException {
        try (TrainedModel model =
                TrainedModel.load(run("flm", "retrieval"), ConfigFactory.parseString(settings), notes::add)) {
            return model.score(List.of(), List.of(), (share, doing) -> {});
        }
    }

    @Test
    void aFirstStageWithoutALikelihoodIsRefused() throws IOException {
        Map<Path, String> refused = Map.of(
                run("mlm"), "a model of objective mlm has no l2r stream, so it cannot say how likely a text is",
                run("ar", "nlvr"), "was fine-tuned on nlvr and predicts no tokens any more, so it cannot say",
                folder.resolve("elsewhere"), "no such folder");
        refused.forEach((stage, why) -> assertThatThrownBy(() -> retrieval("flm.task.first-stage = \"" + stage + "\""))
                .isInstanceOf(UserException.class)
                .hasMessageContaining(stage.toString())
                .hasMessageContaining(why));
    }

    @Test
    void aTaskThatDoesNotSearchTakesNoFirstStage() throws IOException {
        Config stage = ConfigFactory.parseString("flm.task.first-stage = \"" + run("ar") + "\"");
        try (TrainedModel model = TrainedModel.load(run("flm", "nlvr"), stage, notes::add)) {
            assertThatThrownBy(() -> model.score(List.of(), List.of(), (share, doing) -> {}))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("a first stage finds candidates for retrieval, not for nlvr; leave it out");
        }
    }

    private static double value(Report report, String key) {
        return report.figures().stream()
                .filter(figure -> figure.metric().key().equals(key))
                .mapToDouble(figure -> ((Figure.Measured) figure).value())
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aCaptionIsWrittenForEachPictureThatCanBeRead() throws IOException {
        Path picture = folder.resolve("lemon.png");
        Files.copy(Path.of("../docs/lemon.png"), picture);
        try (TrainedModel model = TrainedModel.load(run("flm"), ConfigFactory.empty(), notes::add)) {
            Path text = Files.writeString(folder.resolve("no.png"), "no picture");
            List<PictureCaptions.Caption> captions = new ArrayList<>();
            List<UserException> unreadable = new ArrayList<>();
            model.caption(List.of(picture, text, picture), new Greedy(), 30, captions::add, unreadable::add);
            assertThat(captions).hasSize(2).allSatisfy(caption -> {
                assertThat(caption.image()).isEqualTo(picture);
                assertThat(caption.logProbability()).isNegative();
            });
            assertThat(unreadable)
                    .singleElement()
                    .satisfies(e -> assertThat(e).hasMessageContaining("no.png: cannot be read as a picture"));
        }
    }

    /** A checkpoint may be a stranger's. */
    @Test
    void aTokenIsShownToServersThatTheUserNamesAndToNoneThatACheckpointNames() throws IOException {
        List<String> shown = new CopyOnWriteArrayList<>();
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            shown.add(String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")));
            exchange.sendResponseHeaders(404, -1);
            exchange.close();
        });
        server.start();
        try {
            Path address = Path.of("http://127.0.0.1:" + server.getAddress().getPort() + "/a.tar");
            Config its = ConfigFactory.parseMap(Map.of("flm.data.eval-paths", List.of(address.toString())));
            Path run = run("remote", its.withFallback(config("flm")));
            Path task = run(
                    "task",
                    its.withFallback(ConfigFactory.parseString("flm.task.name = caption"))
                            .withFallback(config("flm")));
            Path token = Files.writeString(folder.resolve("token"), "secret");
            Config own = ConfigFactory.parseMap(Map.of("flm.data.remote.token-file", token.toString()));
            for (Path of : List.of(run, task)) {
                for (Config overrides : List.of(own, its.withFallback(own))) {
                    for (List<Path> data : List.of(List.<Path>of(), List.of(address))) {
                        shown.clear();
                        notes.clear();
                        boolean named = overrides != own || !data.isEmpty();
                        try (TrainedModel model = TrainedModel.load(of, overrides, notes::add)) {
                            assertThatThrownBy(() -> {
                                        if (of.equals(task)) {
                                            model.score(List.of(), data, (share, doing) -> {});
                                        } else {
                                            model.evaluate(data, (share, doing) -> {});
                                        }
                                    })
                                    .isInstanceOf(UserException.class)
                                    .hasMessageContaining("HTTP 404");
                        }
                        assertThat(shown).containsExactly(named ? "Bearer secret" : "null");
                        assertThat(notes).hasSize(named ? 0 : 1);
                    }
                }
            }
        } finally {
            server.stop(0);
        }
    }

    @Test
    void aFolderWithoutACheckpointIsRefused() {
        assertThatThrownBy(() -> TrainedModel.load(folder, ConfigFactory.empty(), notes::add))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("no checkpoint there");
    }
}
