package io.flm.worker.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.flm.worker.task.caption.CaptionTask;
import io.flm.worker.task.retrieval.RetrievalTask;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is scored on pictures with captions: three pictures, one of which has two. */
class CaptionDataTest {
    private static final SmallTaskModel WORLD = new SmallTaskModel();

    private final Config settings = ConfigFactory.defaultReference().getConfig("flm.task");

    @TempDir
    private Path folder = Path.of("");

    @AfterAll
    static void close() {
        WORLD.close();
    }

    private TaskReport score(Task task) throws IOException {
        StringBuilder images = new StringBuilder();
        StringBuilder captions = new StringBuilder("{\"image_id\": 0, \"caption\": \"another one of the first\"}");
        for (int i = 0; i < 3; i++) {
            images.append(i == 0 ? "" : ",").append("{\"id\": " + i + ", \"file_name\": \"" + WORLD.key(i) + ".png\"}");
            captions.append(",{\"image_id\": " + i + ", \"caption\": \"a thing with number " + i + "\"}");
        }
        Path file = Files.writeString(
                folder.resolve("captions.json"), "{\"images\": [" + images + "], \"annotations\": [" + captions + "]}");
        return task.scored(List.of(file), WORLD.pictures, note -> {}).score(WORLD.of(task, 2, 3), (share, doing) -> {});
    }

    private static void assertItemsAreBehindTheirFigures(TaskReport report) {
        Map<String, List<Double>> items = new HashMap<>(report.items());
        items.remove(TaskReport.GROUP);
        items.forEach((key, each) -> {
            TaskFigure figure = report.figures().stream()
                    .filter(f -> f.key().equals(key))
                    .findFirst()
                    .orElseThrow();
            assertThat(each).as(key).hasSize((int) figure.count());
            assertThat(each.stream().mapToDouble(value -> value).average().orElseThrow())
                    .as(key)
                    .isCloseTo(figure.value(), within(1e-12));
        });
    }

    @Test
    void retrievalTellsWhatEachPictureAndEachTextFound() throws IOException {
        TaskReport report = score(RetrievalTask.from(settings));
        assertItemsAreBehindTheirFigures(report);
        assertThat(report.items())
                .containsOnlyKeys(Stream.concat(
                                Stream.of(TaskReport.GROUP),
                                report.figures().stream().map(TaskFigure::key))
                        .toList());
        assertThat(report.items().get("textRetrievalR1")).hasSize(3);
        assertThat(report.items().get("imageRetrievalR1")).hasSize(4);
        assertThat(report.shown()).allSatisfy(shown -> assertThat(shown.text()).startsWith(0, 2));
    }

    @Test
    void captionsTellWhatEachReachedWhereThatMakesTheFigure() throws IOException {
        TaskReport report = score(CaptionTask.from(settings));
        assertItemsAreBehindTheirFigures(report);
        assertThat(report.items())
                .containsOnlyKeys("cider", "rougeL", "exactMatch", "beam.cider", "beam.rougeL", "beam.exactMatch");
        assertThat(report.shown())
                .hasSize(3)
                .allSatisfy(shown -> assertThat(shown.text()).startsWith(0, 2));
    }
}
