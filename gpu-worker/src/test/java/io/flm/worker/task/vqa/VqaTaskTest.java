package io.flm.worker.task.vqa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.ConfigFactory;
import io.flm.data.Examples;
import io.flm.data.TextForm;
import io.flm.data.UserException;
import io.flm.worker.task.SmallTaskModel;
import io.flm.worker.task.Task;
import io.flm.worker.task.TaskFigure;
import io.flm.worker.task.TaskModel;
import io.flm.worker.task.TaskReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VqaTaskTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static final SmallTaskModel WORLD = new SmallTaskModel();

    @TempDir
    private Path folder = Path.of("");

    private final List<String> notes = new ArrayList<>();
    private final List<String> questions = new ArrayList<>();
    private final List<String> annotations = new ArrayList<>();

    @AfterAll
    static void close() {
        WORLD.close();
    }

    private static Task vqa(String... settings) {
        return VqaTask.from(ConfigFactory.parseString(String.join("\n", settings))
                .withFallback(ConfigFactory.defaultReference().getConfig("flm.task")));
    }

    /** A question about the picture of its place. */
    private void ask(String id, String type, List<String> answers) {
        ask(id, WORLD.key(questions.size()), type, answers);
    }

    private void ask(String id, String picture, String type, List<String> answers) {
        questions.add(
                "{\"question_id\": " + id + ", \"image_id\": \"" + picture + "\", \"question\": \"what is it?\"}");
        annotations.add("{\"question_id\": " + id + ", \"image_id\": \"" + picture + "\", \"answer_type\": \"" + type
                + "\", \"answers\": ["
                + answers.stream().map(a -> "{\"answer\": \"" + a + "\"}").collect(Collectors.joining(",")) + "]}");
    }

    private void askAll(String... answers) {
        for (String answer : answers) {
            ask(String.valueOf(questions.size()), "other", Collections.nCopies(10, answer));
        }
    }

    private List<Path> files() throws IOException {
        return List.of(
                Files.writeString(folder.resolve("q.json"), "{\"questions\": [" + String.join(",", questions) + "]}"),
                Files.writeString(
                        folder.resolve("a.json"), "{\"annotations\": [" + String.join(",", annotations) + "]}"));
    }

    @Test
    void theCommonestAnswersOfEnoughQuestionsAreCollectedInTheirNormalForm() throws IOException {
        askAll("yes", "A Dog.", "dog", "yes", "yes", "two", "2", "blue");
        ask("100", "other", List.of("cat", "cat", "zebra", "cat", "zebra", "zebra")); // a tie: the first by name
        ask("101", "other", List.of("cat"));
        Map<String, Object> settings = vqa("least-answers = 2").settings(files(), notes::add);
        assertThat(settings).containsExactly(Map.entry("flm.task.answers", List.of("yes", "2", "cat", "dog")));
        assertThat(notes)
                .containsExactly("vqa: 4 answers to choose among, the commonest ones of 2 questions or more (5 answers"
                        + " in all)");
    }

    @Test
    void answersThatAreGivenAreNotCollected() throws IOException {
        askAll("yes", "yes");
        assertThat(vqa("answers = [no, maybe]").settings(files(), notes::add)).isEmpty();
    }

    @Test
    void oneAnswerAloneIsNoChoice() throws IOException {
        askAll("yes", "yes", "no");
        List<Path> files = files();
        assertThatThrownBy(() -> vqa("least-answers = 2").settings(files, notes::add))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("1 answers are the commonest ones of at least 2 questions, of 2; lower"
                        + " flm.task.least-answers");
    }

    @Test
    void answersThatAreOneInTheirNormalFormAreRefused() throws IOException {
        askAll("yes");
        List<Path> files = files();
        assertThatThrownBy(() -> vqa("answers = [a dog, Dog, yes]").trained(files, WORLD.pictures, notes::add))
                .isInstanceOf(UserException.class)
                .hasMessage("flm.task.answers: 3 answers are only 2 in their normal form; leave out the doubles");
    }

    /** One of ten who say so, two, three, four. */
    @Test
    void anAnswersScoreIsTheMeanOverLeavingOnePersonOut() throws IOException {
        ask("1", "other", List.of("one", "two", "two", "three", "three", "three", "four", "4", "Four", "four."));
        Examples examples = vqa("answers = [1, 2, 3, 4, 5]").trained(files(), WORLD.pictures, notes::add);
        assertThat(examples.labels(0)).containsExactly(new float[] {0.3f, 0.6f, 0.9f, 1, 0}, within(1e-6f));
        assertThat(examples.textForm()).isEqualTo(TextForm.AS_IT_IS);
        assertThat(notes).isEmpty();
    }

    @Test
    void questionsWithoutAnAnswerToChooseAreScoredAndNotTrainedOn() throws IOException {
        askAll("yes", "purple", "no");
        Task task = vqa("answers = [yes, no]");
        assertThat(task.trained(files(), WORLD.pictures, notes::add).size()).isEqualTo(2);
        assertThat(task.scored(files(), WORLD.pictures, notes::add).examples().size())
                .isEqualTo(3);
        assertThat(notes)
                .containsExactly(
                        "vqa: 1 of 3 questions have no answer among the 2 to choose from; they are not trained on",
                        "vqa: 1 of 3 questions have no answer among the 2 to choose from; they count as wrong");
        Task other = vqa("answers = [red, green]");
        List<Path> files = files();
        assertThatThrownBy(() -> other.trained(files, WORLD.pictures, notes::add))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("no question has an answer among the 2 to choose from; give other --answers");
    }

    /** Leaving the only person out leaves nobody who could agree. */
    @Test
    void questionsOfOnePersonsAnswerAreCountedAloud() throws IOException {
        askAll("yes", "no");
        ask("2", "other", List.of("yes"));
        Examples examples = vqa("answers = [yes, no]").trained(files(), WORLD.pictures, notes::add);
        assertThat(examples.labels(2)).containsOnly(0);
        assertThat(notes)
                .containsExactly("vqa: 1 of 3 questions have the answer of one person, and leaving that one out leaves"
                        + " none: every answer to them counts as wrong; give each the answers of ten people");
    }

    /** The commonest ones need not be the best: three of ten people are enough for 0.9. */
    @Test
    void theBestConstantAnswerIsLookedForAmongAll() throws IOException {
        List<String> all = new ArrayList<>();
        for (int a = 0; a < 60; a++) {
            all.add("answer" + a);
        }
        askAll(all.toArray(String[]::new)); // each is given by ten people
        all.add("rare");
        for (int q = 0; q < 3; q++) {
            ask(String.valueOf(q + 100), "other", List.of("rare", "rare", "rare", "c", "d", "e", "f", "g", "h", "i"));
        }
        TaskReport report = score(vqa("answers = [" + String.join(",", all) + "]"));
        assertThat(report.figures().get(0).majority()).isCloseTo(3 * 0.9 / 63, within(1e-12));
    }

    private TaskReport score(Task task) throws IOException {
        TaskModel model = WORLD.of(task, 4, 7);
        return task.scored(files(), WORLD.pictures, notes::add).score(model, (share, doing) -> {});
    }

    private static JsonNode predictions(TaskReport report) throws IOException {
        TaskReport.Predictions predictions = report.predictions();
        assertThat(predictions).isNotNull();
        return JSON.readTree(predictions == null ? "" : predictions.text());
    }

    @Test
    void theAccuracyOfEachTypeIsThatOfThePredictions() throws IOException {
        String[] given = {"yes", "no", "yes", "purple", "no", "yes", "no", "yes"};
        for (int q = 0; q < given.length; q++) {
            ask(q == 7 ? "\"last\"" : String.valueOf(q), q < 4 ? "yes/no" : "other", Collections.nCopies(10, given[q]));
        }
        TaskReport report = score(vqa("answers = [Yes, No, red]"));
        JsonNode predictions = predictions(report);
        assertThat(predictions).hasSize(8);
        assertThat(predictions.get(0).path("question_id").isIntegralNumber()).isTrue();
        assertThat(predictions.get(7).path("question_id").asText()).isEqualTo("last");
        int[] right = new int[2];
        for (int q = 0; q < given.length; q++) {
            String answer = predictions.get(q).path("answer").asText();
            assertThat(answer).isIn("yes", "no", "red");
            right[q / 4] += answer.equals(given[q]) ? 1 : 0; // all people agree: it is compared as it is
        }
        assertThat(report.figures())
                .extracting(TaskFigure::key)
                .containsExactly("accuracy", "accuracy.other", "accuracy.yes-no");
        assertThat(report.figures())
                .extracting(TaskFigure::value)
                .containsExactly((right[0] + right[1]) / 8.0, right[1] / 4.0, right[0] / 4.0);
        assertThat(report.figures()).extracting(TaskFigure::majority).containsExactly(0.5, 0.5, 0.5);
        assertThat(report.shown()).hasSize(8);
    }

    @Test
    void noTwoTypesShareAKey() throws IOException {
        for (String type : List.of("yes/no", "yes-no", "\u6570", "\u5b57")) {
            ask(String.valueOf(type.hashCode()), type, List.of("yes", "yes", "no"));
        }
        assertThat(score(vqa("answers = [Yes, No]")).figures())
                .extracting(TaskFigure::key)
                .containsExactly(
                        "accuracy", "accuracy.yes-no", "accuracy.yes-no-2", "accuracy.\u5b57", "accuracy.\u6570");
    }

    @Test
    void questionsAboutOnePictureAreDrawnTogether() throws IOException {
        for (int q = 0; q < 6; q++) {
            List<String> all = Collections.nCopies(10, q % 2 == 0 ? "yes" : "no");
            ask(String.valueOf(q), WORLD.key(q / 2), q < 2 ? "a" : "b", all);
        }
        TaskReport report = score(vqa("answers = [yes, no]"));
        assertThat(report.items()).containsEntry(TaskReport.GROUP, List.of(0.0, 0.0, 1.0, 1.0, 2.0, 2.0));
        List<Double> reached = report.items().getOrDefault("accuracy", List.of());
        TaskFigure accuracy = report.figures().get(0);
        double squares = 0;
        for (int picture = 0; picture < 3; picture++) {
            squares += Math.pow(reached.get(2 * picture) + reached.get(2 * picture + 1) - 2 * accuracy.value(), 2);
        }
        assertThat(accuracy.standardError()).isCloseTo(Math.sqrt(3 / 2.0 * squares) / 6, within(1e-12));
        assertThat(report.figures().get(1).standardError())
                .as("two questions about one picture")
                .isNaN();
    }

    /** Nobody is left who could agree with it. */
    @Test
    void theAnswerOfOnePersonIsShownAsWrongAsItIsCounted() throws IOException {
        for (String answer : List.of("yes", "no")) { // of one picture: the model says the same to both
            ask(String.valueOf(questions.size()), WORLD.key(0), "other", List.of(answer));
        }
        TaskReport report = score(vqa("answers = [yes, no]"));
        assertThat(report.figures().get(0).value()).isZero();
        assertThat(report.shown()).hasSize(2).noneMatch(TaskReport.Shown::right);
    }

    @Test
    void withoutAnswersThereArePredictionsAndNoFigures() throws IOException {
        askAll("yes", "no");
        annotations.clear();
        Task task = vqa("answers = [yes, no]");
        Path asked = files().get(0);
        TaskModel model = WORLD.of(task, 4, 7);
        TaskReport report =
                task.scored(List.of(asked), WORLD.pictures, notes::add).score(model, (share, doing) -> {});
        assertThat(report.figures()).isEmpty();
        assertThat(report.notes()).containsExactly("the questions have no answers: there is nothing to score by");
        assertThat(predictions(report)).hasSize(2);
        assertThat(notes).isEmpty();
    }
}
