package io.flm.worker.task.caption;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.ConfigFactory;
import io.flm.worker.task.ScoredExamples;
import io.flm.worker.task.SmallTaskModel;
import io.flm.worker.task.Task;
import io.flm.worker.task.TaskFigure;
import io.flm.worker.task.TaskModel;
import io.flm.worker.task.TaskReport;
import io.flm.worker.task.score.CaptionScores;
import io.flm.worker.task.score.CaptionScores.Caption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The figures of a model that writes nonsense, against its own predictions. */
class CaptionTaskTest {
    private static final int PICTURES = 6;

    private static final SmallTaskModel WORLD = new SmallTaskModel();

    @TempDir
    private Path folder = Path.of("");

    private final List<String> notes = new ArrayList<>();

    @AfterAll
    static void close() {
        WORLD.close();
    }

    private static Task caption(int beam) {
        return CaptionTask.from(ConfigFactory.parseString("beam = " + beam));
    }

    private static List<String> references(int picture) {
        return List.of("a thing of number " + picture, "the same thing");
    }

    /** Two captions of each picture; one more picture has none. */
    private List<Path> captions() throws IOException {
        List<String> images = new ArrayList<>();
        List<String> annotations = new ArrayList<>();
        for (int i = 0; i <= PICTURES; i++) {
            images.add("{\"id\": " + (100 + i) + ", \"file_name\": \"" + WORLD.key(i) + ".png\"}");
            for (String text : i < PICTURES ? references(i) : List.<String>of()) {
                annotations.add("{\"image_id\": " + (100 + i) + ", \"caption\": \"" + text + "\"}");
            }
        }
        return List.of(Files.writeString(
                folder.resolve("captions.json"),
                "{\"images\": [" + String.join(",", images) + "], \"annotations\": [" + String.join(",", annotations)
                        + "]}"));
    }

    private TaskReport score(Task task, int batch, int samples) throws IOException {
        List<Path> files = captions();
        ScoredExamples scored = task.scored(files, WORLD.pictures, notes::add);
        TaskModel all = WORLD.of(task, batch, 3);
        TaskModel some = new TaskModel(
                all.model(),
                all.objective(),
                all.layout(),
                all.tokenizer(),
                all.pictures(),
                all.source(),
                all.maxTokens(),
                batch,
                samples,
                all.seed());
        return scored.score(some, (share, doing) -> {});
    }

    private static TaskFigure figure(TaskReport report, String key) {
        return report.figures().stream()
                .filter(f -> f.key().equals(key))
                .findFirst()
                .orElseThrow();
    }

    private static List<String> written(TaskReport report) throws IOException {
        JsonNode predictions = new ObjectMapper()
                .readTree(Objects.requireNonNull(report.predictions()).text());
        List<String> written = new ArrayList<>();
        for (int i = 0; i < predictions.size(); i++) {
            assertThat(predictions.get(i).path("image_id").isIntegralNumber()).isTrue();
            written.add(predictions.get(i).path("caption").asText());
        }
        return written;
    }

    private static CaptionScores scores(List<String> captions, int by) {
        List<Caption> all = new ArrayList<>();
        for (int i = 0; i < captions.size(); i++) {
            all.add(new Caption(captions.get((i + by) % captions.size()), references(i)));
        }
        return CaptionScores.of(all);
    }

    @Test
    void figuresAreThoseOfThePredictionsBesideThoseOfAnotherPicturesCaption() throws IOException {
        TaskReport report = score(caption(1), 4, 0);
        List<String> captions = written(report);
        assertThat(captions).hasSize(PICTURES).doesNotContain("");
        CaptionScores own = scores(captions, 0);
        CaptionScores other = scores(captions, PICTURES / 2);
        assertThat(figure(report, "rougeL").value()).isCloseTo(own.rougeL().all(), within(1e-12));
        assertThat(figure(report, "rougeL").textOnly()).isCloseTo(other.rougeL().all(), within(1e-12));
        assertThat(figure(report, "bleu4").value()).isCloseTo(own.bleu().get(3).all(), within(1e-12));
        assertThat(figure(report, "cider").value()).isCloseTo(own.cider().all(), within(1e-12));
        assertThat(figure(report, "cider").standardError())
                .isCloseTo(own.cider().mean().standardError(), within(1e-12));
        assertThat(figure(report, "exactMatch").majority())
                .as("the commonest reference is one of each picture's")
                .isEqualTo(1);
        assertThat(report.shown()).hasSize(PICTURES);
    }

    @Test
    void captionsDoNotDependOnHowManyAreWrittenAtATime() throws IOException {
        assertThat(written(score(caption(1), 1, 0))).isEqualTo(written(score(caption(1), 6, 0)));
    }

    @Test
    void aBeamIsScoredBesideTheGreedyCaptionsAndIsWhatIsPredicted() throws IOException {
        TaskReport both = score(caption(3), 6, 0);
        assertThat(figure(both, "rougeL").value())
                .isEqualTo(figure(score(caption(1), 6, 0), "rougeL").value());
        assertThat(figure(both, "beam.rougeL").value())
                .isCloseTo(scores(written(both), 0).rougeL().all(), within(1e-12));
    }

    @Test
    void picturesWithoutACaptionAreLeftOutAloud() throws IOException {
        assertThat(score(caption(1), 6, 0).notes()).isEmpty();
        assertThat(notes).containsExactly("caption: 1 pictures without a caption are left out");
    }

    @Test
    void thatOnlySomeAreScoredIsTold() throws IOException {
        TaskReport report = score(caption(1), 6, 4);
        assertThat(report.examples()).isEqualTo(4);
        assertThat(report.notes())
                .containsExactly("4 of 6 pictures are scored, which were drawn (flm.evaluate.samples)");
    }
}
