package io.flm.data.annotation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flm.data.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StatementFilesTest {
    private static final Path NLVR = Path.of("nlvr").toAbsolutePath();

    @TempDir
    private Path folder = Path.of("");

    private Path file(String name, String... lines) throws IOException {
        return Files.write(folder.resolve(name), List.of(lines));
    }

    @Test
    void aPairOfNlvr2IsNamedByItsIdentifierOrByItsKeys() throws IOException {
        Path file = file(
                "dev.json",
                "{\"validation\": {\"r1\": \"True\"}, \"sentence\": \"Both.\", \"identifier\": \"dev-850-1-0\","
                        + " \"label\": \"True\", \"left_url\": \"http://x\"}",
                "",
                "{\"identifier\": \"dev-1-0-0\", \"sentence\": \"Both.\", \"label\": \"False\", \"left\": \"a/1\","
                        + " \"right\": 17}");
        List<Statement> read = StatementFiles.nlvr2(List.of(file)).all();
        assertThat(read)
                .containsExactly(
                        new Statement(
                                "dev-850-1-0", "dev-850-0", List.of("dev-850-1-img0", "dev-850-1-img1"), "Both.", 1),
                        new Statement("dev-1-0-0", "Both.", List.of("a/1", "17"), "Both.", 0));
        assertThat(read.get(0).annotated().labels()).containsExactly(1);
    }

    /** The official evaluation counts 2018 sentences in NLVR2's dev set, of 2004 different wordings. */
    @Test
    void theSentenceOfAPairIsWhatItsIdentifierSays() throws IOException {
        String line = "{\"identifier\": \"%s\", \"sentence\": \"Two dogs.\", \"label\": \"True\"}";
        List<Statement> read = StatementFiles.nlvr2(List.of(file(
                        "dev.json",
                        line.formatted("dev-3-0-0"),
                        line.formatted("dev-3-1-0"),
                        line.formatted("dev-3-0-1"),
                        line.formatted("dev-4-0-0"),
                        line.formatted("test1-3-0-0"))))
                .all();
        assertThat(read)
                .extracting(Statement::group)
                .containsExactly("dev-3-0", "dev-3-0", "dev-3-1", "dev-4-0", "test1-3-0");
    }

    @Test
    void theEmojiPairsAreWholeAndBalanced() {
        for (String split : List.of("train", "dev")) {
            List<Statement> read = StatementFiles.nlvr2(
                            List.of(VqaFilesTest.EMOJI.resolve("nlvr2-" + split + ".json.gz")))
                    .all();
            assertThat(read).hasSize(split.equals("train") ? 8000 : 1000);
            assertThat(read.stream().mapToInt(Statement::label).sum()).isEqualTo(read.size() / 2);
            assertThat(read)
                    .allSatisfy(pair -> assertThat(pair.pictures())
                            .hasSize(2)
                            .allMatch(key -> key.matches(split.equals("train") ? "(noto|twemoji)/.+" : "fluent/.+")));
        }
    }

    @Test
    void eachPermutationOfNlvrIsAnExampleOfTheSameGroup() {
        Path dev = NLVR.resolve("nlvr-dev.json.gz");
        List<Statement> read = StatementFiles.nlvr(List.of(dev, NLVR.resolve("nlvr-test.json.gz")), 6)
                .all();
        assertThat(read).hasSize(6 * (989 + 990));
        assertThat(read.subList(0, 6))
                .extracting(Statement::id)
                .containsExactly(
                        "dev-1572-0-0", "dev-1572-0-1", "dev-1572-0-2", "dev-1572-0-3", "dev-1572-0-4", "dev-1572-0-5");
        assertThat(read.subList(0, 6)).allSatisfy(view -> {
            assertThat(view.group()).isEqualTo("dev-1572-0");
            assertThat(view.pictures()).containsExactly(view.id());
            assertThat(view.sentence()).isEqualTo("Each grey box contains atleast one yellow object touching the edge");
            assertThat(view.label()).isEqualTo(1);
        });
        assertThat(read.subList(6 * 989, read.size()))
                .allMatch(view -> view.id().startsWith("test-"));
        assertThat(read.stream().mapToInt(Statement::label).sum()).isEqualTo(6 * (547 + 556));
        assertThat(StatementFiles.nlvr(List.of(dev), 1).all()).hasSize(989);
        assertThatThrownBy(() -> StatementFiles.nlvr(List.of(dev, dev), 1))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("dev-1572-0-0 is there twice");
    }

    @Test
    void aFileOfNlvrIsCalledByItsSplit() throws IOException {
        String line = "{\"identifier\": \"1-0\", \"sentence\": \"a\", \"label\": \"false\"}";
        assertThat(StatementFiles.nlvr(List.of(file("my-TRAIN_2.json", line)), 1)
                        .all())
                .extracting(Statement::id)
                .containsExactly("train-1-0-0");
        assertThatThrownBy(() -> StatementFiles.nlvr(List.of(file("contest.json", line)), 1))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("contest.json: NLVR's pictures are named train-, dev- or test-");
    }

    @Test
    void sentencesThatFollowOrDoNotAreReadAndThoseWithoutAgreementAreCounted() throws IOException {
        Path file = file(
                "snli_ve_dev.jsonl",
                "{\"Flickr30K_ID\": \"4705552913\", \"sentence2\": \"Two women.\", \"gold_label\": \"neutral\","
                        + " \"pairID\": \"1r1n\"}",
                "{\"Flikr30kID\": \"47.jpg\", \"sentence2\": \"Two men.\", \"gold_label\": \"-\", \"pairID\": \"2\"}",
                "{\"Flikr30kID\": \"47.jpg\", \"sentence2\": \"Men.\", \"gold_label\": \"entailment\"}",
                "{\"image\": \"noto/1\", \"sentence2\": \"A dog.\", \"gold_label\": \"contradiction\", \"pairID\": \"4\"}");
        StatementFiles read = StatementFiles.entailment(List.of(file));
        assertThat(read.leftOut()).isEqualTo(1);
        assertThat(read.all()).extracting(Statement::label).containsExactly(1, 0, 2);
        assertThat(read.all())
                .extracting(Statement::pictures)
                .containsExactly(List.of("4705552913"), List.of("47.jpg"), List.of("noto/1"));
        assertThat(read.all().get(1).id()).isEqualTo("sentence 3");
    }

    @Test
    void hiddenLabelsAreLeftOutOfAllOrOfNone() throws IOException {
        String hidden = "{\"identifier\": \"test1-1-0-0\", \"sentence\": \"a\"}";
        List<Statement> read =
                StatementFiles.nlvr2(List.of(file("test.jsonl", hidden))).all();
        assertThat(read.get(0).label()).isEqualTo(Statement.UNLABELLED);
        assertThat(read.get(0).annotated().labels()).isEmpty();
        String told = "{\"identifier\": \"test1-1-1-0\", \"sentence\": \"a\", \"label\": true}";
        assertThatThrownBy(() -> StatementFiles.nlvr2(List.of(file("some.jsonl", told, hidden))))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("1 of 2 sentences have no label, the first test1-1-0-0; give labels for all");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'identifier': 'a', 'sentence': 'x', 'label': 'True'}|identifier a names no pictures",
                "{'identifier': 'a', 'sentence': 'x', 'label': 'True', 'left': 'b'}|its \"right\" is missing",
                "{'identifier': 'dev-1-1-0', 'sentence': 'x', 'label': 'Perhaps'}|its \"label\" is perhaps, not one of false, true",
                "{'identifier': 'dev-1-1-0', 'sentence': 'x', 'label': ''}|its \"label\" is empty, not one of false, true",
                "{'identifier': 'dev-1-1-0', 'sentence': 'x', 'label': 1}|its \"label\" is not a text",
                "{'identifier': 'dev-1-1-0', 'sentence': 7, 'label': 'True'}|its \"sentence\" is not a text",
                "{'identifier': 'dev-1-1-0', 'sentence': 'x', 'label': 'True'|bad.json:3: no JSON",
                "3|an entry is no object",
                "{'identifier': 'dev-0-0-0', 'sentence': 'x', 'label': 'True'}|dev-0-0-0 is there twice",
            })
    void aLineThatIsNoneIsRefusedWithItsNumber(String line, String message) throws IOException {
        String good = "{\"identifier\": \"dev-0-0-0\", \"sentence\": \"x\", \"label\": \"True\"}";
        Path file = file("bad.json", good, line.replace('\'', '"'));
        assertThatThrownBy(() -> StatementFiles.nlvr2(List.of(file)))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("bad.json:")
                .hasMessageContaining(message);
    }

    @Test
    void aListOfSentencesIsReadLikeLines() throws IOException {
        Path file = file("list.json", "[{\"identifier\": \"dev-0-0-0\", \"sentence\": \"x\", \"label\": \"True\"}]");
        assertThat(StatementFiles.nlvr2(List.of(file)).all()).hasSize(1);
        assertThatThrownBy(() -> StatementFiles.nlvr2(List.of(file("none.jsonl", "[]"))))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("holds no entry");
    }
}
