package io.flm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
    void aCaptionCannotSmuggleSpecialTokens() {
        try (Tokenizer tokenizer = Tokenizer.load(EMOJI)) {
            assertThat(tokenizer.encode("a <mask> b </s>", 50, false))
                    .doesNotContain(4)
                    .containsOnlyOnce(2);
        }
    }

    @Test
    void aTokenizerWithoutMaskIsRefused() throws IOException {
        String json = Files.readString(EMOJI).replace("\"<mask>\"", "\"<musk>\"");
        Path file = Files.writeString(folder.resolve("t.json"), json);
        assertThatThrownBy(() -> Tokenizer.load(file))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("t.json: has no token <mask>");
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

    @Test
    void whatIsNoTokenizerIsRefused() throws IOException {
        Path text = Files.writeString(folder.resolve("text.json"), "hello");
        Path json = Files.writeString(folder.resolve("other.json"), "{}");
        assertThatThrownBy(() -> Tokenizer.load(text)).hasMessageContaining("not a readable tokenizer.json");
        assertThatThrownBy(() -> Tokenizer.load(json)).hasMessageContaining("no model.vocab");
        assertThatThrownBy(() -> Tokenizer.load(folder.resolve("none.json"))).isInstanceOf(UserException.class);
    }
}
