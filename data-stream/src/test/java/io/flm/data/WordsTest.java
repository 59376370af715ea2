package io.flm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WordsTest {
    @TempDir
    private Path folder = Path.of("");

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            gpt2     | woman (happy) beaming     | woman/ (/happy/)/ beaming/.
            gpt2     | café crème 22nd           | café/ crème/ 22nd/.
            gpt2     | a 😀 x                    | a/ 😀/ x/.
            gpt2     | pre COVID-19 tested       | pre/ /COVID-19/ tested/.
            clip     | woman (happy) beaming     | woman</w>/(</w>/h a pp y</w>/)</w>/be am ing</w>/.</w>
            clip     | COVID-19 tested           | COVID-19/te st ed</w>/.</w>
            bert     | woman (happy) beaming     | woman/(/happy/)/beaming/.
            bert     | COVID-19 tested           | COVID-19/tested/.
            bert_uncased | Woman (happy) beaming | woman/(/happy/)/beaming/.
            bert_uncased | café crème tested     | cafe/creme/tested/.
            llama    | woman (happy) beaming     | ▁woman/▁ (/h ap p y/)/▁b eam ing/.
            llama    | café 中文 é               | ▁c a f é/▁ <0xE4> <0xB8> <0xAD>/<0xE6> <0x96> <0x87>/▁ é/.
            t5       | woman (happy) beaming     | ▁woman/▁ (/h a p p y/)/▁be a m ing/.
            words    | woman (person) in bed     | woman/(/person/)/in/bed/.
            """)
    void everyKindOfTokenizerKnowsWhereWordsBegin(String kind, String caption, String expected) {
        assertThat(words(kind, caption)).isEqualTo(expected);
    }

    /** The words of a caption, a slash between two; where the tokenizer has no decoder, the pieces of each. */
    private static String words(String kind, String caption) {
        try (Tokenizer tokenizer = Tokenizer.load(Tokenizers.file(kind))) {
            int[] row = tokenizer.encode(caption, 50, false);
            Words words = tokenizer.vocabulary().words();
            words.check();
            List<String> found = new ArrayList<>();
            int from = 1;
            for (int i = 2; i < row.length; i++) {
                if (i == row.length - 1 || words.begins(row[i - 1], row[i])) {
                    int[] word = Arrays.copyOfRange(row, from, i);
                    found.add(tokenizer.decode(word));
                    from = i;
                }
            }
            return String.join("/", found);
        }
    }

    @Test
    void aTokenizerWithoutMarksIsRefusedByItsKindWhereWholeWordsAreMasked() {
        try (Tokenizer tokenizer = Tokenizer.load(Tokenizers.file("unmarked"))) {
            Words words = tokenizer.vocabulary().words();
            assertThatThrownBy(words::check)
                    .isInstanceOf(UserException.class)
                    .hasMessageStartingWith("flm.train.whole-word = on: this tokenizer (BPE, pre-tokenizer Whitespace)"
                            + " does not tell where words begin: its pieces have no mark of it; set it to off, or");
        }
    }

    @Test
    void aByteLevelTokenizerThatDropsSpacesIsRefused() throws IOException {
        Path file = Tokenizers.changed("gpt2", folder, json -> {
            ObjectNode vocabulary = (ObjectNode) json.path("model").path("vocab");
            List<String> spaced = new ArrayList<>();
            vocabulary.fieldNames().forEachRemaining(token -> {
                if (token.startsWith("Ġ")) {
                    spaced.add(token);
                }
            });
            spaced.forEach(token -> vocabulary.set("x" + token, vocabulary.remove(token)));
            ((ObjectNode) json.path("model")).putArray("merges");
        });
        try (Tokenizer tokenizer = Tokenizer.load(file)) {
            assertThatThrownBy(() -> tokenizer.vocabulary().words().check())
                    .hasMessageContaining("(BPE, pre-tokenizer ByteLevel) does not tell where words begin: no piece"
                            + " begins with Ġ");
        }
    }
}
