package io.flm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenizerTest {
    static final Path EMOJI = Path.of("emoji/tokenizer-emoji-2k.json");

    @TempDir
    private Path folder = Path.of("");

    @Test
    void aCaptionGetsADotAndSpecialTokens() {
        try (Tokenizer tokenizer = Tokenizer.load(EMOJI)) {
            int[] ids = tokenizer.encode("lemon .. ", 50, false);
            assertThat(ids[0]).isEqualTo(tokenizer.startId()).isZero();
            assertThat(ids[ids.length - 1]).isEqualTo(tokenizer.endId()).isEqualTo(2);
            assertThat(tokenizer.decode(ids)).isEqualTo("lemon.");
            assertThat(tokenizer.padId()).isEqualTo(1);
            assertThat(tokenizer.maskId()).isEqualTo(4);
            assertThat(tokenizer.size()).isEqualTo(2048);
            assertThat(tokenizer.sha256()).hasSize(64);
        }
    }

    @Test
    void aBeginTokenFollowsTheStart() {
        try (Tokenizer tokenizer = Tokenizer.load(EMOJI)) {
            assertThat(tokenizer.encode("lemon", 50, true)).startsWith(0, 2).endsWith(2);
            assertThat(tokenizer.encode("lemon", 50, true)).hasSize(tokenizer.encode("lemon", 50, false).length + 1);
        }
    }

    @Test
    void aLongCaptionIsCutButKeepsItsEnd() {
        try (Tokenizer tokenizer = Tokenizer.load(EMOJI)) {
            int[] ids = tokenizer.encode("one two three four five six seven eight nine ten", 6, false);
            assertThat(ids).hasSize(6).startsWith(0).endsWith(2);
        }
    }

    @Test
    void everyKindOfTokenizerReadsAsPythonsLibraryDoes() throws IOException {
        List<String> captions = Tokenizers.captions();
        for (Map.Entry<String, JsonNode> kind : Tokenizers.ids().properties()) {
            try (Tokenizer tokenizer = Tokenizer.load(Tokenizers.file(kind.getKey()))) {
                for (int i = 0; i < captions.size(); i++) {
                    if (tokenizer.kind().all().stream().anyMatch(captions.get(i)::contains)) {
                        continue; // a caption cannot spell them
                    }
                    int[] expected =
                            Tokenizers.JSON.convertValue(kind.getValue().get(i), int[].class);
                    assertThat(tokenizer.ids(captions.get(i)))
                            .as(kind.getKey() + ": " + captions.get(i))
                            .isEqualTo(expected);
                }
            }
        }
    }

    @Test
    void aTokenizerOfBertHasItsTokensAroundACaption() throws IOException {
        try (Tokenizer tokenizer = Tokenizer.load(Tokenizers.file("bert_uncased"))) {
            assertThat(tokenizer.kind()).isEqualTo(TokenizerKind.BERT);
            int[] words = tokenizer.ids("lemon.");
            int[] ids = tokenizer.encode("Lemon .. ", 50, true);
            assertThat(ids).hasSize(words.length + 3).startsWith(4, 5).endsWith(5);
            assertThat(Arrays.copyOfRange(ids, 2, ids.length - 1)).isEqualTo(words);
            assertThat(tokenizer.decode(ids)).isEqualTo("lemon.");
            Vocabulary vocabulary = tokenizer.vocabulary();
            assertThat(vocabulary.padId()).isZero();
            assertThat(vocabulary.maskId()).isEqualTo(6);
            assertThat(vocabulary.positions()).isEqualTo(new PositionRule(0, PositionRule.NONE, 0));
            assertThat(new TextLayout(vocabulary, true).read(ids, tokenizer::decode))
                    .isEqualTo("lemon");
        }
    }

    @Test
    void wordPiecesAreJoinedAsPythonsLibraryJoinsThem() throws IOException {
        JsonNode rows = Tokenizers.ids().get("bert_uncased");
        JsonNode decoded = Tokenizers.JSON.readTree(Tokenizers.file("decoded").toFile());
        assertThat(decoded).hasSameSizeAs(rows);
        Path silent = Tokenizers.changed("bert_uncased", folder, json -> json.remove("decoder"));
        for (Path file : List.of(Tokenizers.file("bert_uncased"), silent)) {
            try (Tokenizer tokenizer = Tokenizer.load(file)) {
                for (int i = 0; i < rows.size(); i++) {
                    assertThat(tokenizer.decode(Tokenizers.JSON.convertValue(rows.get(i), int[].class)))
                            .isEqualTo(decoded.get(i).asText());
                }
            }
        }
    }

    @Test
    void paddingOfBertMayHaveAnyId() throws IOException {
        Path file = Tokenizers.changed("bert_uncased", folder, json -> {
            json.putArray("added_tokens");
            ObjectNode vocabulary = (ObjectNode) json.path("model").path("vocab");
            vocabulary.put("[PAD]", 1).put("[unused0]", 0);
        });
        try (Tokenizer tokenizer = Tokenizer.load(file)) {
            assertThat(tokenizer.vocabulary().positions()).isEqualTo(new PositionRule(1, PositionRule.NONE, 0));
        }
    }

    @Test
    void anAddedWordIsOneTokenAndLosesNoLetter() {
        try (Tokenizer tokenizer = Tokenizer.load(Tokenizers.file("gpt2"))) {
            assertThat(tokenizer.encode("COVID-19 test", 50, false)).startsWith(0, 600);
            assertThat(tokenizer.decode(tokenizer.encode("COVID-19 test", 50, false)))
                    .isEqualTo("COVID-19 test.");
        }
    }

    @Test
    void aSpecialTokenThatTheModelDoesNotKnowIsAWordLikeOthers() {
        try (Tokenizer tokenizer = Tokenizer.load(Tokenizers.file("gpt2"))) {
            assertThat(tokenizer.encode("<|style|> a cat", 50, false)).startsWith(0, 604);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a <mask> b </s>",
                "<<mask>mask>",
                "</<s>s><s>",
                "<mask>",
                "<ma<mask>sk> <pad><pad>",
                "x<mask>.</s>.<pad>",
                "a ＜mask＞ b",
                "<MASK> <S>",
                "a [MASK] b [SEP]",
                "[[MASK]MASK]",
                "[CLS][PAD].[SEP].",
                "[mask] [sep]"
            })
    void aCaptionCannotSmuggleSpecialTokens(String caption) throws IOException {
        List<Path> files = new ArrayList<>(List.of(EMOJI));
        Tokenizers.ids().fieldNames().forEachRemaining(kind -> files.add(Tokenizers.file(kind)));
        files.add(Tokenizers.changed(
                "words",
                folder,
                json -> { // special tokens are found after the normalizer
                    json.set("normalizer", Tokenizers.JSON.createObjectNode().put("type", "Lowercase"));
                    json.path("added_tokens").forEach(token -> ((ObjectNode) token).put("normalized", true));
                }));
        for (Path file : files) {
            try (Tokenizer tokenizer = Tokenizer.load(file)) {
                int[] ids = tokenizer.encode(caption, 50, false);
                assertThat(Arrays.copyOfRange(ids, 1, ids.length - 1))
                        .as(file.toString())
                        .isNotEmpty()
                        .doesNotContain(tokenizer.startId(), tokenizer.padId(), tokenizer.endId(), tokenizer.maskId());
            }
        }
    }

    @Test
    void aSpecialTokenInACaptionIsReadWithoutItsBracket() {
        try (Tokenizer tokenizer = Tokenizer.load(EMOJI)) {
            assertThat(tokenizer.decode(tokenizer.encode("a <mask> b</s>", 50, false)))
                    .isEqualTo("a mask> b/s>.");
        }
    }

    @Test
    void anAddedTokenWithAnotherIdThanTheLibraryGivesItIsRefused() throws IOException {
        Path file = Tokenizers.changed(
                "gpt2", folder, json -> ((ObjectNode) json.path("added_tokens").get(5)).put("id", 9999));
        assertThatThrownBy(() -> Tokenizer.load(file))
                .isInstanceOf(UserException.class)
                .hasMessage(file + ": its added token COVID-19 has id 9999, but is read as 600; number added tokens on"
                        + " from the last piece of the vocabulary");
    }

    @Test
    void anAddedTokenCannotTakeTheHeapByItsId() throws IOException {
        Path file = Tokenizers.changed(
                "gpt2",
                folder,
                json -> ((ObjectNode) json.path("added_tokens").get(5))
                        .put("id", 2_000_000_000)
                        .put("content", ""));
        assertThatThrownBy(() -> Tokenizer.load(file))
                .isInstanceOf(UserException.class)
                .hasMessage(file + ": its token  has id 2000000000; ids are whole numbers from 0, below 16777216");
    }

    @Test
    void aTokenizerThatReadsOneCaptionInManyWaysIsRefused() throws IOException {
        Path file = Tokenizers.changed("gpt2", folder, json -> ((ObjectNode) json.path("model")).put("dropout", 0.5));
        assertThatThrownBy(() -> Tokenizer.load(file))
                .isInstanceOf(UserException.class)
                .hasMessage(file + ": its model.dropout = 0.5 reads a caption otherwise each time; set it to null in"
                        + " the file");
        Tokenizers.changed("gpt2", folder, json -> ((ObjectNode) json.path("model")).put("dropout", 0.0));
        Tokenizer.load(file).close();
    }

    @Test
    void brokenVocabulariesAreRefusedByWhatIsWrong() throws IOException {
        refused(vocabulary -> vocabulary.put("zz", 500), "both have id 500; give each its own");
        refused(vocabulary -> vocabulary.put("zz", 4_000_000_000L), "its token zz has id 4000000000; ids are whole");
        refused(vocabulary -> vocabulary.put("zz", -1), "the tokenizer cannot be used (invalid value: integer `-1`");
        refused(ObjectNode::removeAll, "");
    }

    private void refused(Consumer<ObjectNode> change, String message) throws IOException {
        Path file = Tokenizers.changed(
                "gpt2",
                folder,
                json -> change.accept((ObjectNode) json.path("model").path("vocab")));
        assertThatThrownBy(() -> Tokenizer.load(file))
                .isInstanceOf(UserException.class)
                .hasMessageStartingWith(file + ": ")
                .hasMessageContaining(message);
    }

    @Test
    void halfASurrogatePairInACaptionHarmsNothing() {
        try (Tokenizer tokenizer = Tokenizer.load(EMOJI)) {
            assertThat(tokenizer.encode("a \ud83d b", 50, false))
                    .isEqualTo(tokenizer.encode("a \ufffd\ufffd\ufffd b", 50, false)); // its bytes, replaced
        }
    }

    @Test
    void aTokenizerWithoutMaskIsRefused() throws IOException {
        String json = Files.readString(EMOJI).replace("\"<mask>\"", "\"<musk>\"");
        Path file = Files.writeString(folder.resolve("t.json"), json);
        assertThatThrownBy(() -> Tokenizer.load(file))
                .isInstanceOf(UserException.class)
                .hasMessage(file
                        + ": has no token <mask>; a tokenizer with RoBERTa's <s>, <pad>, </s> and <mask>, or BERT's"
                        + " [CLS], [PAD], [SEP] and [MASK] is needed");
    }

    @Test
    void aTokenizerOfBertWithoutMaskIsRefusedByItsName() throws IOException {
        Path file = Tokenizers.changed("bert_uncased", folder, json -> {
            json.putArray("added_tokens");
            ((ObjectNode) json.path("model").path("vocab")).remove("[MASK]");
        });
        assertThatThrownBy(() -> Tokenizer.load(file))
                .isInstanceOf(UserException.class)
                .hasMessageStartingWith(file + ": has no token [MASK]; a tokenizer with ");
    }

    @Test
    void aTokenizerWithAnotherIdOfPaddingThanTheModelIsRefused() throws IOException {
        String json = Files.readString(EMOJI)
                .replace("\"<pad>\"", "\"<held>\"")
                .replace("\"</s>\"", "\"<pad>\"")
                .replace("\"<held>\"", "\"</s>\"");
        Path file = Files.writeString(folder.resolve("t.json"), json);
        assertThatThrownBy(() -> Tokenizer.load(file))
                .isInstanceOf(UserException.class)
                .hasMessage(file + ": its <pad> has id 2, where the model takes 1 for padding; give a tokenizer with"
                        + " RoBERTa's ids of special tokens");
    }

    /** A run may be submitted by somebody who may not read the file. */
    @Test
    void aRefusalQuotesNothingOfAFileThatIsNoTokenizer() throws IOException {
        for (String content : new String[] {
            "hunter2-secret",
            "{\"hunter2-secret\": hunter2-secret}",
            "hunter2-secret: 1\nhunter2-secret",
            "{\"hunter2\": 1}"
        }) {
            Path file = Files.writeString(folder.resolve("t.json"), content);
            assertThatThrownBy(() -> Tokenizer.load(file))
                    .isInstanceOf(UserException.class)
                    .hasMessageStartingWith(file + ": ")
                    .message()
                    .doesNotContain("hunter2");
        }
    }

    @Test
    void aPipeOrADeviceIsNoTokenizer() throws Exception {
        Path pipe = folder.resolve("pipe");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        for (Path file : new Path[] {pipe, Path.of("/dev/zero"), folder}) {
            assertTimeoutPreemptively(
                    Duration.ofSeconds(20),
                    () -> assertThatThrownBy(() -> Tokenizer.load(file))
                            .hasMessage(
                                    file
                                            + ": not a readable tokenizer.json (not a regular file); give another with --tokenizer"));
        }
    }

    @Test
    void whatIsNoTokenizerIsRefused() throws IOException {
        Path text = Files.writeString(folder.resolve("text.json"), "hello");
        Path json = Files.writeString(folder.resolve("other.json"), "{}");
        assertThatThrownBy(() -> Tokenizer.load(text))
                .hasMessageMatching("\\Q" + text
                        + "\\E: not a tokenizer.json, no JSON at line 1, column \\d; give another with --tokenizer");
        assertThatThrownBy(() -> Tokenizer.load(json)).hasMessageContaining("no model.vocab");
        assertThatThrownBy(() -> Tokenizer.load(folder.resolve("none.json"))).isInstanceOf(UserException.class);
    }
}
