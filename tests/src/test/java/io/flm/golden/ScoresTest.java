package io.flm.golden;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.worker.task.score.CaptionScores;
import io.flm.worker.task.score.CaptionScores.Caption;
import io.flm.worker.task.score.CaptionTokenizer;
import io.flm.worker.task.score.Score;
import io.flm.worker.task.score.VqaAccuracy;
import io.flm.worker.task.score.VqaAccuracy.Answered;
import io.flm.worker.task.score.VqaAnswers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** The figures of the field held against those of pycocoevalcap 1.2 and of the official evaluation of VQA. */
class ScoresTest {
    private static final Path GOLDEN = Path.of("golden", "scores");
    private static final Offset<Double> CLOSE = within(1e-4);

    @Test
    void awkwardCaptionsHaveTheWordsOfPycocoevalcap() throws IOException {
        JsonNode words = read("captions.json").path("words");
        assertThat(words.size()).isEqualTo(40);
        words.properties()
                .forEach(caption -> assertThat(String.join(" ", CaptionTokenizer.words(caption.getKey())))
                        .as(caption.getKey())
                        .isEqualTo(caption.getValue().asText()));
    }

    @Test
    void captionScoresAreThoseOfPycocoevalcap() throws IOException {
        int pictures = 0;
        for (JsonNode golden : read("captions.json").path("cases")) {
            String name = golden.path("name").asText();
            List<Caption> captions = new ArrayList<>();
            for (JsonNode picture : golden.path("pictures")) {
                captions.add(new Caption(picture.path("candidate").asText(), texts(picture.path("references"))));
            }
            CaptionScores scores = CaptionScores.of(captions);
            List<Score> all = new ArrayList<>(scores.bleu());
            all.add(scores.rougeL());
            all.add(scores.cider());
            List<Double> expected = numbers(golden.path("bleu"));
            expected.add(golden.path("rougeL").asDouble());
            expected.add(golden.path("cider").asDouble());
            for (int i = 0; i < all.size(); i++) {
                assertThat(all.get(i).all()).as("%s, figure %d", name, i).isCloseTo(expected.get(i), CLOSE);
            }
            for (int p = 0; p < captions.size(); p++) {
                List<Double> own = numbers(golden.path("pictures").path(p).path("scores"));
                for (int i = 0; i < all.size(); i++) {
                    assertThat(all.get(i).each().get(p))
                            .as("%s, figure %d of %s", name, i, captions.get(p))
                            .isCloseTo(own.get(i), CLOSE);
                }
            }
            pictures += captions.size();
        }
        assertThat(pictures).isGreaterThan(450);
    }

    @Test
    void answersHaveTheFormOfTheOfficialEvaluation() throws IOException {
        JsonNode normal = read("vqa.json").path("normal");
        assertThat(normal.size()).isGreaterThan(230);
        for (JsonNode pair : normal) {
            assertThat(VqaAnswers.normal(pair.path(0).asText()))
                    .as("%s", pair.path(0))
                    .isEqualTo(pair.path(1).asText());
        }
    }

    @Test
    void accuracyIsThatOfTheOfficialEvaluation() throws IOException {
        JsonNode golden = read("vqa.json");
        List<Answered> questions = new ArrayList<>();
        List<Double> expected = new ArrayList<>();
        for (JsonNode question : golden.path("questions")) {
            List<String> people = new ArrayList<>();
            for (JsonNode some : question.path("people")) {
                people.addAll(
                        Collections.nCopies(some.path(1).asInt(), some.path(0).asText()));
            }
            questions.add(new Answered(
                    question.path("answer").asText(),
                    people,
                    question.path("type").asText()));
            expected.add(question.path("accuracy").asDouble() / 100);
        }
        VqaAccuracy accuracy = VqaAccuracy.of(questions);
        for (int i = 0; i < questions.size(); i++) {
            assertThat(accuracy.all().each().get(i)).as("%s", questions.get(i)).isCloseTo(expected.get(i), CLOSE);
        }
        assertThat(accuracy.all().all()).isCloseTo(golden.path("overall").asDouble() / 100, CLOSE);
        JsonNode types = golden.path("perAnswerType");
        assertThat(accuracy.ofType()).hasSize(types.size());
        accuracy.ofType()
                .forEach((type, score) -> assertThat(score.all())
                        .as(type)
                        .isCloseTo(types.path(type).asDouble() / 100, CLOSE));
    }

    private static JsonNode read(String file) throws IOException {
        return new ObjectMapper().readTree(GOLDEN.resolve(file).toFile());
    }

    private static List<Double> numbers(JsonNode array) {
        List<Double> numbers = new ArrayList<>();
        array.forEach(number -> numbers.add(number.asDouble()));
        return numbers;
    }

    private static List<String> texts(JsonNode array) {
        List<String> texts = new ArrayList<>();
        array.forEach(text -> texts.add(text.asText()));
        return texts;
    }
}
