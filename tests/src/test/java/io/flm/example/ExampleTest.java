package io.flm.example;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import akka.actor.testkit.typed.javadsl.ActorTestKit;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.flm.architecture.Repository;
import io.flm.data.BatchReader;
import io.flm.data.DataSettings;
import io.flm.data.Dataset;
import io.flm.data.Examples;
import io.flm.data.Ingest;
import io.flm.data.LaneBatch;
import io.flm.data.PictureSettings;
import io.flm.data.PictureSource;
import io.flm.data.Pictures;
import io.flm.data.TextLayout;
import io.flm.data.Tokenizer;
import io.flm.worker.model.FlmModel;
import io.flm.worker.model.Gradient;
import io.flm.worker.model.Loss;
import io.flm.worker.model.ModelSettings;
import io.flm.worker.model.Precision;
import io.flm.worker.objective.Objective;
import io.flm.worker.optimize.AdamW;
import io.flm.worker.optimize.OptimizerSettings;
import io.flm.worker.task.TaskModel;
import io.flm.worker.task.TaskReport;
import io.flm.worker.torch.Torch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The objective and the task of {@code docs/extending.md} train: nothing but the lists and their keys is missing. */
class ExampleTest {
    private static final Path EMOJI = Repository.root().resolve("data-stream/emoji");
    private static final List<Path> PICTURES =
            List.of(EMOJI.resolve("emoji-noto.tar.gz"), EMOJI.resolve("emoji-twemoji.tar.gz"));
    private static final ModelSettings SMALL = new ModelSettings(2048, 32, 2, 2, 1, 1, 1, 1, 52, 32, 8, 32, 2, 2, 0);
    private static final int BATCH = 32;
    private static final ActorTestKit KIT = ActorTestKit.create();

    private final Config config = ConfigFactory.defaultReference();
    private final Tokenizer tokenizer = Tokenizer.load(EMOJI.resolve("tokenizer-emoji-2k.json"));
    private final TextLayout layout = new TextLayout(tokenizer.vocabulary(), true);

    @TempDir
    Path folder;

    @AfterAll
    static void shutDown() {
        KIT.shutdownTestKit();
    }

    private FlmModel model(Objective objective) {
        Torch.prepareThread(1);
        FlmModel model =
                new FlmModel(SMALL, objective.parts(), new FlmModel.Compute(Device.cpu(), Precision.FP32, false));
        model.parameters().initialize(1);
        return model;
    }

    /** Steps of one lane at a constant rate; the loss of each. */
    private List<Double> train(
            FlmModel model, Objective objective, Examples examples, PictureSource pictures, int steps)
            throws InterruptedException {
        DataSettings data = DataSettings.from(
                ConfigFactory.parseString("flm.data.begin-token = true").withFallback(config));
        AdamW optimizer = new AdamW(model.parameters(), new OptimizerSettings(0.9, 0.98, 1e-8, 0.01, 0, 1, 1, 1));
        Gradient gradient = model.parameters().newGradient();
        double[] weights = objective.headWeights();
        List<Double> losses = new ArrayList<>();
        try (Ingest ingest = Ingest.open(
                        examples,
                        pictures,
                        tokenizer,
                        data,
                        objective.corruption(layout),
                        SMALL.imageSize(),
                        1,
                        BATCH,
                        1);
                BatchReader reader = ingest.reader(KIT.system(), 0, 0, 1)) {
            for (int step = 0; step < steps; step++) {
                LaneBatch batch = reader.next();
                Loss loss =
                        model.train(batch, weights, step, gradient, stage -> {}).loss();
                optimizer.update(gradient, step + 1, 1e-3, loss.weight(weights));
                losses.add(loss.mean(weights));
            }
        }
        return losses;
    }

    private static double mean(List<Double> values) {
        return values.stream().mapToDouble(v -> v).average().orElseThrow();
    }

    @Test
    void theLastWordIsLearnt() throws InterruptedException {
        LastWord objective = new LastWord();
        try (Dataset samples = Dataset.open(PICTURES);
                FlmModel model = model(objective)) {
            List<Double> losses = train(model, objective, samples.captioned(), samples, 60);
            assertThat(losses.get(0)).isBetween(7.0, 8.2); // log 2048 = 7.6 by chance
            assertThat(mean(losses.subList(50, 60))).isLessThan(6.5);
        } finally {
            tokenizer.close();
        }
    }

    @Test
    void aStyleIsToldByItsPictureAndNotByTheText() throws IOException, InterruptedException {
        StyleTask task = new StyleTask();
        try (PictureSource pictures = PictureSource.open(PICTURES)) {
            List<Path> train = List.of(annotations("train.jsonl", pictures, 0, 1600));
            List<Path> val = List.of(annotations("val.jsonl", pictures, 1, 200));
            Objective objective = task.objective(new LastWord());
            assertThat(objective.parts().tokenHead()).isNull();
            try (FlmModel model = model(objective)) {
                Examples examples = task.trained(train, pictures, note -> {});
                train(model, objective, examples, pictures, 300);
                TaskModel asked = new TaskModel(
                        model,
                        objective,
                        layout,
                        tokenizer,
                        Pictures.with(PictureSettings.from(config)),
                        pictures,
                        50,
                        BATCH,
                        0,
                        1);
                TaskReport report = task.scored(val, pictures, note -> {}).score(asked, (share, doing) -> {});
                assertThat(report.figures().get(0).value()).isGreaterThan(0.7);
                assertThat(report.figures().get(0).textOnly()).isBetween(0.3, 0.7);
                assertThat(report.figures().get(0).majority()).isEqualTo(0.5);
            }
        } finally {
            tokenizer.close();
        }
    }

    /** Emoji in both styles; those of another {@code part} are others. */
    private Path annotations(String name, PictureSource pictures, int part, int count) throws IOException {
        List<String> lines = new ArrayList<>();
        for (long i = part; lines.size() < count; i += 4) {
            String key = pictures.key(i);
            String emoji = key.substring(key.indexOf('/'));
            if (pictures.find("noto" + emoji).isPresent()
                    && pictures.find("twemoji" + emoji).isPresent()) {
                for (String style : List.of("noto", "twemoji")) {
                    lines.add("{\"image\": \"%s\", \"style\": \"%s\"}".formatted(style + emoji, style));
                }
            }
        }
        return Files.write(folder.resolve(name), lines);
    }
}
