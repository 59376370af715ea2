package io.flm.worker.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.flm.data.Examples;
import io.flm.data.Sample;
import io.flm.data.UserException;
import io.flm.worker.task.entail.EntailTask;
import io.flm.worker.task.nlvr2.Nlvr2Task;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The figures of a model that chooses by chance, against its own predictions. */
class StatementTaskTest {
    private static final ScoringProgress QUIET = (share, doing) -> {};
    private static final Task NLVR2 = new Nlvr2Task();
    private static final String TRUE = ", \"label\": \"True\"";
    private static final String FALSE = ", \"label\": \"False\"";

    private static final SmallTaskModel WORLD = new SmallTaskModel();

    private static final String[] SENTENCES = {
        "both images show a person.", "one is red.", "exactly one image shows an animal or plant.", "flag of france"
    };

    @TempDir
    private Path folder = Path.of("");

    private final List<String> notes = new ArrayList<>();

    @AfterAll
    static void close() {
        WORLD.close();
    }

    private static String pair(int example, String sentence, String label) {
        return "{\"identifier\": \"e" + example + "\", \"sentence\": \"" + sentence + "\", \"left\": \""
                + WORLD.key(2L * example) + "\", \"right\": \"" + WORLD.key(2L * example + 1) + "\"" + label + "}\n";
    }

    /** Sixteen pairs of four sentences, of each four, of which three are true. */
    private Path pairs() throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int e = 0; e < 16; e++) {
            lines.append(pair(e, SENTENCES[e / 4], e % 4 == 0 ? FALSE : TRUE));
        }
        return Files.writeString(folder.resolve("pairs.json"), lines);
    }

    private TaskReport score(Task task, Path file, int batch) {
        ScoredExamples scored = task.scored(List.of(file), WORLD.pictures, notes::add);
        return scored.score(WORLD.of(task, batch, 5), QUIET);
    }

    private static Map<String, String> predictions(TaskReport report) {
        TaskReport.Predictions predictions = report.predictions();
        assertThat(predictions).isNotNull();
        Map<String, String> given = new HashMap<>();
        if (predictions != null) {
            predictions.text().lines().forEach(line -> {
                int comma = line.indexOf(',');
                given.put(line.substring(0, comma), line.substring(comma + 1));
            });
        }
        return given;
    }

    private static TaskFigure figure(TaskReport report, String key) {
        return report.figures().stream()
                .filter(f -> f.key().equals(key))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void accuracyAndConsistencyAreThoseOfThePredictions() throws IOException {
        TaskReport report = score(NLVR2, pairs(), 5);
        Map<String, String> given = predictions(report);
        assertThat(given).hasSize(16).containsKeys("e0", "e15");
        assertThat(given.values()).contains("True", "False");
        int right = 0;
        int[] ofSentence = new int[4];
        for (int e = 0; e < 16; e++) {
            boolean isRight = (e % 4 == 0 ? "False" : "True").equals(given.get("e" + e));
            right += isRight ? 1 : 0;
            ofSentence[e / 4] += isRight ? 1 : 0;
        }
        int consistent = 0;
        double squares = 0;
        for (int of : ofSentence) {
            consistent += of == 4 ? 1 : 0;
            squares += Math.pow(of / 4.0 - right / 16.0, 2);
        }
        TaskFigure accuracy = figure(report, "accuracy");
        assertThat(accuracy.value()).isCloseTo(right / 16.0, within(1e-12));
        assertThat(accuracy.majority()).isEqualTo(0.75);
        assertThat(accuracy.count()).isEqualTo(16);
        assertThat(accuracy.standardError())
                .as("of four sentences, not of sixteen pairs")
                .isCloseTo(Math.sqrt(squares / 3 / 4), within(1e-12));
        assertThat(report.items().get("accuracy")).hasSize(16).contains(0.0, 1.0);
        assertThat(report.items())
                .as("pairs of a sentence are drawn together")
                .containsEntry(
                        TaskReport.GROUP,
                        IntStream.range(0, 16)
                                .mapToDouble(e -> Math.floorDiv(e, 4))
                                .boxed()
                                .toList());
        TaskFigure consistency = figure(report, "consistency");
        assertThat(consistency.value()).isEqualTo(consistent / 4.0);
        assertThat(consistency.majority()).as("no sentence is always true").isZero();
        assertThat(report.shown()).hasSize(16).allSatisfy(shown -> {
            assertThat(shown.pictures()).hasSize(2);
            assertThat(shown.right()).isEqualTo(shown.expected().equals(shown.given()));
        });
        assertThat(report.toMap()).containsKeys("accuracy", "consistency", "prior", "majority", "standardError");
    }

    @Test
    void whatWasReadOfTheFilesIsScoredThoughTheyAreGone() throws IOException {
        Path file = pairs();
        ScoredExamples scored = NLVR2.scored(List.of(file), WORLD.pictures, notes::add);
        Files.delete(file);
        TaskModel model = WORLD.of(NLVR2, 5, 5);
        TaskReport report = scored.score(model, QUIET);
        assertThat(report.examples()).isEqualTo(16);
        List<Sample> samples = model.read(scored.examples(), 0, 16);
        for (int e = 0; e < 16; e++) {
            TaskReport.Shown shown = report.shown().get(e);
            assertThat(shown.key()).isEqualTo("e" + e);
            assertThat(shown.pictures())
                    .containsExactlyElementsOf(samples.get(e).pictures());
            assertThat(shown.text()).isEqualTo(samples.get(e).texts().get(0));
        }
    }

    @Test
    void thePredictionsDoNotDependOnHowManyAreAskedAtATime() throws IOException {
        Path file = pairs();
        assertThat(predictions(score(NLVR2, file, 3))).isEqualTo(predictions(score(NLVR2, file, 16)));
    }

    @Test
    void withoutLabelsThereArePredictionsAndNoFigures() throws IOException {
        Path file = Files.writeString(folder.resolve("test.json"), pair(0, "a", "") + pair(1, "b", ""));
        TaskReport report = score(NLVR2, file, 16);
        assertThat(report.figures()).isEmpty();
        assertThat(report.notes()).containsExactly("the examples have no labels: there is nothing to score by");
        assertThat(predictions(report)).hasSize(2);
        assertThatThrownBy(() -> NLVR2.trained(List.of(file), WORLD.pictures, notes::add))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("e0 has no label to train on");
    }

    @Test
    void anIdThatWouldBreakItsLineStandsInQuotes() throws IOException {
        String[] ids = {"plain-1.jpg#0", "a,b", "c\\nd", "say \\\"e\\\""}; // as JSON has them
        StringBuilder lines = new StringBuilder();
        for (int e = 0; e < ids.length; e++) {
            lines.append(pair(e, "a", TRUE).replace("\"e" + e + "\"", "\"" + ids[e] + "\""));
        }
        Path file = Files.writeString(folder.resolve("ids.json"), lines);
        TaskReport.Predictions predictions = score(NLVR2, file, 16).predictions();
        assertThat(predictions).isNotNull();
        if (predictions != null) {
            assertThat(predictions.text().replaceAll("(True|False)", "?"))
                    .isEqualTo("plain-1.jpg#0,?\n\"a,b\",?\n\"c\nd\",?\n\"say \"\"e\"\"\",?\n");
        }
    }

    @Test
    void ofThreeClassesTheOnesThatNobodyAgreedOnAreLeftOutAndCounted() throws IOException {
        String[] labels = {"neutral", "-", "entailment", "contradiction", "neutral"};
        StringBuilder lines = new StringBuilder();
        for (int e = 0; e < labels.length; e++) {
            lines.append("{\"image\": \"")
                    .append(WORLD.key(e))
                    .append("\", \"sentence2\": \"a thing\", \"gold_label\": \"")
                    .append(labels[e])
                    .append("\", \"pairID\": \"p")
                    .append(e)
                    .append("\"}\n");
        }
        Path file = Files.writeString(folder.resolve("entail.jsonl"), lines);
        TaskReport report = score(new EntailTask(), file, 16);
        assertThat(notes).containsExactly("entail: 1 examples without a label are left out");
        assertThat(report.examples()).isEqualTo(4);
        assertThat(figure(report, "accuracy").majority()).isEqualTo(0.5);
        assertThat(predictions(report).values()).isSubsetOf("entailment", "neutral", "contradiction");
    }

    @Test
    void aTaskWithoutAnnotationsIsRefusedInOneLine() {
        assertThatThrownBy(() -> NLVR2.scored(List.of(), WORLD.pictures, notes::add))
                .isInstanceOf(UserException.class)
                .hasMessage("nlvr2: no annotation file; give NLVR2's JSON lines");
    }

    @Test
    void forTheTextAloneEachExampleHasThePicturesOfAnotherOneWhateverIsAskedBesideIt() throws IOException {
        TaskModel model = WORLD.of(NLVR2, 16, 3);
        Examples examples =
                NLVR2.scored(List.of(pairs()), WORLD.pictures, notes::add).examples();
        List<Sample> all = model.read(examples, 0, 16);
        float[][] texts = model.classifyTexts(examples, 0, all.subList(0, 3));
        for (int i = 0; i < 3; i++) {
            Sample own = all.get(i);
            List<Sample> others = all.stream()
                    .filter(other -> !other.key().equals(own.key()))
                    .map(other -> new Sample(own.key(), other.pictures(), own.texts(), own.labels()))
                    .toList();
            float[] text = texts[i];
            assertThat(Arrays.asList(model.classify(others)))
                    .anySatisfy(other -> assertThat(other).containsExactly(text, within(1e-3f)));
            assertThat(model.classify(List.of(own))[0]).isNotEqualTo(text);
            assertThat(model.classifyTexts(examples, i, List.of(own))[0]).containsExactly(text, within(1e-3f));
        }
    }

    @Test
    void whichOfTwoPicturesIsTheLeftOneMatters() throws IOException {
        TaskModel model = WORLD.of(NLVR2, 16, 3);
        Sample own = model.read(
                        NLVR2.scored(List.of(pairs()), WORLD.pictures, notes::add)
                                .examples(),
                        0,
                        1)
                .get(0);
        Sample turned = new Sample(
                own.key(), List.of(own.pictures().get(1), own.pictures().get(0)), own.texts(), own.labels());
        assertThat(model.classify(List.of(turned))[0]).isNotEqualTo(model.classify(List.of(own))[0]);
    }

    @Test
    void aPictureThatIsNotThereIsRefusedWithItsExample() throws IOException {
        String lost = pair(0, "a", TRUE)
                + "{\"identifier\": \"e9\", \"sentence\": \"b\", \"left\": \"nobody\", \"right\": \"" + WORLD.key(1)
                + "\"" + TRUE + "}\n";
        Path file = Files.writeString(folder.resolve("lost.json"), lost);
        assertThatThrownBy(() -> NLVR2.scored(List.of(file), WORLD.pictures, notes::add))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("1 of 2 examples have pictures that are not there: e9 (nobody)");
    }
}
