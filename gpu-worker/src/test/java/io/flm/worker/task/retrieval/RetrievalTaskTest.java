package io.flm.worker.task.retrieval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.typesafe.config.ConfigFactory;
import io.flm.data.Sample;
import io.flm.data.UserException;
import io.flm.worker.task.SmallTaskModel;
import io.flm.worker.task.TaskFigure;
import io.flm.worker.task.TaskModel;
import io.flm.worker.task.TaskReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Twelve pictures and eighteen texts, searched by models that know nothing but have preferences. */
class RetrievalTaskTest {
    private static final int PICTURES = 12;
    private static final SmallTaskModel WORLD = new SmallTaskModel();

    @TempDir
    private Path folder = Path.of("");

    private Path captions = Path.of("");

    @AfterAll
    static void close() {
        WORLD.close();
    }

    @BeforeEach
    void captions() throws IOException {
        List<String> images = new ArrayList<>();
        List<String> annotations = new ArrayList<>();
        for (int i = 0; i < PICTURES; i++) {
            images.add("{\"id\": " + i + ", \"file_name\": \"" + WORLD.key(i) + "\"}");
            for (int c = 0; c <= i % 2; c++) {
                annotations.add("{\"image_id\": " + i + ", \"caption\": \"a" + " red".repeat(i % 5) + " flag " + c
                        + " of " + (char) ('a' + i) + "\"}");
            }
        }
        captions = Files.writeString(
                folder.resolve("captions.json"), "{\"images\": " + images + ", \"annotations\": " + annotations + "}");
    }

    private static RetrievalTask task(int best, boolean allPairs) {
        return RetrievalTask.from(ConfigFactory.parseString("best = " + best + ", all-pairs = " + allPairs)
                .withFallback(ConfigFactory.defaultReference().getConfig("flm.task")));
    }

    private TaskReport score(RetrievalTask task, boolean inTwoStages) {
        TaskModel model = WORLD.of(task, 4, 5);
        return task.scored(List.of(captions), WORLD.pictures, note -> {})
                .score(
                        inTwoStages ? model.withFirstStage(WORLD.of(SmallTaskModel.FLM, 4, 6)) : model,
                        (share, doing) -> assertThat(share).isBetween(0.0, 1.0));
    }

    private static Map<String, Double> values(TaskReport report, String prefix) {
        return report.figures().stream()
                .filter(f -> f.key().startsWith(prefix) && f.unit() == TaskFigure.Unit.SHARE)
                .collect(Collectors.toMap(f -> f.key().substring(prefix.length()), TaskFigure::value));
    }

    private static List<String> keys(TaskReport report) {
        return report.figures().stream().map(TaskFigure::key).toList();
    }

    @Test
    void whereAllAreCandidatesTwoStagesFindWhatOneFinds() {
        Map<String, Double> one = values(score(task(16, false), false), "");
        TaskReport two = score(task(18, true), true);
        assertThat(values(two, "twoStage.")).isEqualTo(one).hasSize(6);
        assertThat(one.values()).anyMatch(value -> value > 0 && value < 1);
        assertThat(two.figures().stream()
                        .filter(f -> List.of("seconds", "twoStage.seconds").contains(f.key())))
                .allSatisfy(f -> assertThat(f.count()).isEqualTo(PICTURES * 18));
        values(two, "").forEach((key, value) -> {
            if (one.containsKey(key)) {
                assertThat(value).as("all pairs: " + key).isEqualTo(one.get(key));
            }
        });
    }

    /** A bootstrap draws a picture with its texts. */
    @Test
    void eachPictureAndEachTextHasTheNumberOfItsPicture() {
        TaskReport report = score(task(16, false), false);
        List<Double> groups = report.items().getOrDefault(TaskReport.GROUP, List.of());
        int pictures = report.items().getOrDefault("textRetrievalR1", List.of()).size();
        int texts = report.items().getOrDefault("imageRetrievalR1", List.of()).size();
        assertThat(groups).hasSize(pictures + texts);
        assertThat(groups.subList(0, pictures)).isSorted().doesNotHaveDuplicates();
        assertThat(groups.subList(pictures, groups.size()))
                .hasSize(18)
                .isSorted()
                .isSubsetOf(groups.subList(0, pictures));
    }

    /** Half of the pictures have two of the 18 texts: either may be found first. */
    @Test
    void chanceKnowsThatAPictureMayHaveSeveralTexts() {
        Map<String, Double> chance = score(task(16, false), false).figures().stream()
                .collect(Collectors.toMap(TaskFigure::key, TaskFigure::majority));
        assertThat(chance.get("textRetrievalR1")).isCloseTo((1.0 / 18 + 2.0 / 18) / 2, within(1e-12));
        assertThat(chance.get("imageRetrievalR1")).isCloseTo(1.0 / PICTURES, within(1e-12));
        assertThat(chance.get("imageRetrievalR5")).isCloseTo(5.0 / PICTURES, within(1e-12));
    }

    @Test
    void withOneCandidateTheHeadHasNothingToChoose() {
        TaskReport two = score(task(1, false), true);
        assertThat(values(two, "twoStage."))
                .isEqualTo(values(two, "likelihood."))
                .isNotEqualTo(values(score(task(1, false), false), ""));
    }

    @Test
    void fewCandidatesAreReadAndTheReportSaysHowMany() {
        TaskReport two = score(task(3, false), true);
        TaskFigure time = two.figures().stream()
                .filter(f -> f.key().equals("twoStage.seconds"))
                .findFirst()
                .orElseThrow();
        assertThat(time.count()).isBetween(18L * 3, PICTURES * 3 + 18L * 3);
        assertThat(two.notes())
                .containsExactly(
                        "12 pictures and 18 texts: 216 pairs",
                        "two stages: the likelihood of all pairs by a model of flm; then the head on " + time.count()
                                + " pairs, the best 3 of each picture and of each text");
        assertThat(two.shown())
                .allSatisfy(shown -> assertThat(shown.confidence()).isNaN());
    }

    @Test
    void theTaskItselfComesFirstThenTheStagesEachWithItsTime() {
        List<String> six = List.of(
                "textRetrievalR1",
                "textRetrievalR5",
                "textRetrievalR10",
                "imageRetrievalR1",
                "imageRetrievalR5",
                "imageRetrievalR10");
        assertThat(keys(score(task(3, false), false))).isEqualTo(six);
        List<String> stages = new ArrayList<>();
        for (String prefix : List.of("twoStage.", "likelihood.")) {
            six.forEach(key -> stages.add(prefix + key));
            stages.add(prefix + "seconds");
        }
        TaskReport two = score(task(3, false), true);
        assertThat(keys(two)).isEqualTo(stages);
        assertThat(two.toMap())
                .containsKeys("twoStage.textRetrievalR1", "likelihood.imageRetrievalR10", "twoStage.seconds");
        List<String> all = new ArrayList<>(six);
        all.add("seconds");
        all.addAll(stages);
        assertThat(keys(score(task(3, true), true))).isEqualTo(all);
    }

    private static List<Sample> trained(int falseTexts, String... texts) {
        List<Sample> scored = new ArrayList<>();
        for (int i = 0; i < texts.length; i++) {
            int[] row = texts[i].chars().toArray();
            scored.add(Sample.captioned("s" + i, new byte[] {(byte) (i / 2)}, row)); // two of each picture
        }
        return RetrievalTask.from(ConfigFactory.parseString("false-texts = " + falseTexts)
                        .withFallback(ConfigFactory.defaultReference().getConfig("flm.task")))
                .asTrained(scored);
    }

    @Test
    void whileAModelIsTrainedATextStandsBesideOthersOfOtherPictures() {
        List<Sample> all = trained(2, "a", "b", "c", "a", "c", "d");
        assertThat(all)
                .extracting(sample -> sample.texts().stream()
                        .map(row -> Character.toString(row[0]))
                        .collect(Collectors.joining()))
                .containsExactly("acd", "bca", "cda", "acd", "cab", "dab");
        assertThat(all).allSatisfy(sample -> assertThat(sample.labels()).containsExactly(0));
        assertThatThrownBy(() -> trained(3, "a", "b", "c", "a", "c", "d"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("flm.task.false-texts = 3, but of the 6 examples");
    }
}
