package io.flm.data.annotation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flm.data.UserException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VqaFilesTest {
    static final Path EMOJI = Path.of("emoji").toAbsolutePath();

    private static final String QUESTIONS = "{\"info\": {\"year\": [1, {\"a\": []}]}, \"questions\": ["
            + "{\"image_id\": 42, \"question\": \"Is it red?\", \"question_id\": 42001},"
            + "{\"image_id\": \"noto/1\", \"question\": \"What is it?\", \"question_id\": \"b\", \"more\": [{}]}]}";
    private static final String ANNOTATIONS = "{\"annotations\": [" + annotation("\"b\"", "\"noto/1\"", "a fish") + ","
            + annotation("42001", "42", "yes") + "], \"license\": {}}";

    @TempDir
    private Path folder = Path.of("");

    private static String annotation(String id, String picture, String answer) {
        String answers = IntStream.rangeClosed(1, 10)
                .mapToObj(i -> "{\"answer\": \"" + (i == 10 ? "no" : answer) + "\", \"answer_confidence\": \"yes\","
                        + " \"answer_id\": " + i + "}")
                .collect(Collectors.joining(","));
        return "{\"question_type\": \"is it\", \"multiple_choice_answer\": \"" + answer + "\", \"answers\": [" + answers
                + "], \"image_id\": " + picture + ", \"answer_type\": \"yes/no\", \"question_id\": " + id + "}";
    }

    private Path file(String name, String content) throws IOException {
        return Files.writeString(folder.resolve(name), content);
    }

    @Test
    void questionsAndAnnotationsAreJoinedInWhateverOrderTheFilesAreGiven() throws IOException {
        Path questions = file("q.json", QUESTIONS);
        Path annotations = file("a.json", ANNOTATIONS);
        List<VqaQuestion> read = VqaFiles.read(List.of(annotations, questions));
        assertThat(read)
                .isEqualTo(VqaFiles.read(List.of(questions, annotations)))
                .hasSize(2);
        VqaQuestion first = read.get(0);
        assertThat(first.id()).isEqualTo("42001");
        assertThat(first.picture()).isEqualTo("42");
        assertThat(first.question()).isEqualTo("Is it red?");
        assertThat(first.questionType()).isEqualTo("is it");
        assertThat(first.answerType()).isEqualTo("yes/no");
        assertThat(first.answers()).hasSize(10).startsWith("yes", "yes").endsWith("no");
        assertThat(read.get(1).id()).isEqualTo("b");
        assertThat(read.get(1).picture()).isEqualTo("noto/1");
    }

    @Test
    void questionsAloneHaveNoAnswers() throws IOException {
        List<VqaQuestion> read = VqaFiles.read(List.of(file("q.json", QUESTIONS)));
        assertThat(read)
                .hasSize(2)
                .allSatisfy(question -> assertThat(question.answers()).isEmpty());
    }

    @Test
    void gzipIsToldByContent() throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(packed)) {
            out.write(QUESTIONS.getBytes(StandardCharsets.UTF_8));
        }
        Path file = Files.write(folder.resolve("named-otherwise.json"), packed.toByteArray());
        assertThat(VqaFiles.read(List.of(file))).isEqualTo(VqaFiles.read(List.of(file("q.json", QUESTIONS))));
        byte[] torn = Arrays.copyOf(packed.toByteArray(), packed.size() / 2);
        Path half = Files.write(folder.resolve("half.json.gz"), torn);
        assertRefused(half, "half.json.gz: gzip that is cut before its end; fetch it again");
    }

    @Test
    void theEmojiQuestionsAreWhole() {
        List<VqaQuestion> train = read("train");
        List<VqaQuestion> val = read("val");
        assertThat(train).hasSize(6000);
        assertThat(val).hasSize(1000);
        assertThat(train).allSatisfy(question -> {
            assertThat(question.picture()).matches("(noto|twemoji)/[0-9a-f-]+");
            assertThat(question.answers()).hasSize(10);
        });
        Map<String, Long> types =
                val.stream().collect(Collectors.groupingBy(VqaQuestion::answerType, Collectors.counting()));
        assertThat(types.keySet()).containsExactlyInAnyOrder("yes/no", "other");
    }

    static List<VqaQuestion> read(String split) {
        return VqaFiles.read(List.of(
                EMOJI.resolve("vqa-" + split + "-questions.json.gz"),
                EMOJI.resolve("vqa-" + split + "-annotations.json.gz")));
    }

    @Test
    void aQuestionWithoutAnAnnotationAndTheReverseAreCountedAndNamed() throws IOException {
        Path questions = file("q.json", QUESTIONS);
        Path one = file("a.json", "{\"annotations\": [" + annotation("42001", "42", "yes") + "]}");
        assertRefused(
                List.of(questions, one), "questions without an annotation: 1 of 2, the first question_id b; give the");
        Path more = file(
                "b.json",
                ANNOTATIONS.replace(
                        "], \"license\"",
                        "," + annotation("7", "42", "x") + "," + annotation("8", "42", "x") + "], \"x\""));
        assertRefused(
                List.of(questions, more), "annotations without a question: 2 of 4, the first question_id 7; give the");
        assertRefused(one, "no question; give the file of the questions, too");
    }

    @Test
    void aFileThatContradictsItselfIsRefused() throws IOException {
        Path questions = file("q.json", QUESTIONS);
        assertRefused(List.of(questions, questions), "question_id 42001 is there twice among questions");
        Path other = file("a.json", ANNOTATIONS.replace("\"image_id\": 42,", "\"image_id\": 43,"));
        assertRefused(List.of(questions, other), "question_id 42001 is about image_id 42, its annotation about 43");
        assertRefused(
                file("b.json", ANNOTATIONS.replaceAll("\"answers\": \\[[^]]*\\]", "\"answers\": []")),
                "b.json:1: its \"answers\" is not a list of 1 to 1000 answers");
        assertRefused(file("c.json", QUESTIONS.replace("42001", "4.5")), "c.json:1: its \"question_id\" is not a text");
        assertRefused(
                file("d.json", QUESTIONS.replace("\"question\"", "\"q\"")), "\"question\" is missing, where a text");
    }

    @Test
    void whatIsNoSuchFileIsRefusedInOneLineThatQuotesNothingOfIt() throws IOException {
        assertRefused(file("secret.txt", "password = hunter2"), "secret.txt:1: no JSON");
        assertRefused(file("torn.json", QUESTIONS.substring(0, 100)), "torn.json:1: no JSON");
        assertRefused(file("list.json", "[1]"), "one JSON object with annotations or questions is wanted");
        assertRefused(file("lines.json", QUESTIONS + "\n" + QUESTIONS), "lines.json:2: it goes on behind the end");
        assertRefused(file("map.json", "{\"questions\": {}}"), "\"questions\" is no list");
        assertRefused(file("strings.json", "{\"questions\": [\"a\"]}"), "an entry is no object");
        assertRefused(file("empty.json", ""), "one JSON object");
        assertRefused(folder.resolve("nowhere.json"), "cannot be read (no such file or folder)");
        assertRefused(folder, "not a regular file");
    }

    @Test
    void whatAFileMayHoldIsBounded() throws IOException {
        String text = "x".repeat(100_000);
        assertRefused(
                file("long.json", QUESTIONS.replace("Is it red?", text)),
                "long.json:1: a text of more than 65536 letters");
        assertRefused(
                file("digits.json", QUESTIONS.replace("Is it red?\"", "?\", \"x\": " + "9".repeat(200))),
                "a number of more than 100 digits");
        assertRefused(
                file("deep.json", "{\"info\": " + "[".repeat(100) + "]".repeat(100) + "}"), "nested more than 64 deep");
        String many = ANNOTATIONS.replace("\"answers\": [", "\"answers\": [" + "\"y\",".repeat(30_000));
        assertRefused(file("many.json", many), "an entry of more than 20000 values");
    }

    private static void assertRefused(Path file, String message) {
        assertRefused(List.of(file), message);
    }

    private static void assertRefused(List<Path> files, String message) {
        assertThatThrownBy(() -> VqaFiles.read(files))
                .isInstanceOf(UserException.class)
                .hasMessageContaining(message)
                .message()
                .doesNotContain("\n", "hunter2");
    }
}
