package io.flm.data;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlainTextTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            a \\u001b[2J b            | a \\\\u001b[2J b
            a\\u009b31mb              | a\\\\u009b31mb
            a\\u0000b\\u007fc\\u0008d | a\\\\u0000b\\\\u007fc\\\\u0008d
            abc\\u202egnp.exe         | abc\\\\u202egnp.exe
            \\u2066a\\u2069           | \\\\u2066a\\\\u2069
            \\ufeffa                  | \\\\ufeffa
            a\\u2028b\\u2029c         | a\\\\u2028b\\\\u2029c
            a\\ud800b                 | a\\\\ud800b
            a\\udb40\\udc41b          | a\\\\udb40\\\\udc41b
            Käse, 数据, שלום           | Käse, 数据, שלום
            \\ud83d\\udc69\\u200d\\ud83d\\udcbb | \\ud83d\\udc69\\u200d\\ud83d\\udcbb
            """)
    void whatATerminalObeysIsWrittenOut(String text, String plain) throws IOException {
        assertThat(PlainText.of(read(text))).isEqualTo(read(plain));
    }

    private static String read(String escaped) throws IOException {
        return new ObjectMapper().readValue('"' + escaped + '"', String.class);
    }

    @Test
    void aTextIsCutBetweenLetters() {
        assertThat(PlainText.cut("abcd", 4)).isEqualTo("abcd");
        assertThat(PlainText.cut("abcde", 4)).isEqualTo("abcd ...");
        assertThat(PlainText.cut("abc\ud83d\udc69", 4)).isEqualTo("abc ...");
        assertThat(PlainText.cut("ab\ud83d\udc69c", 4)).isEqualTo("ab\ud83d\udc69 ...");
    }

    @Test
    void aMessageIsOneLine() {
        assertThat(PlainText.of("a.tar: bad\nflm: all is well\r\n\tend"))
                .isEqualTo("a.tar: bad flm: all is well   end");
    }

    @Test
    void jsonStaysTheSameValue() throws IOException {
        ObjectMapper mapper = new ObjectMapper();
        String value = "\u001b[31m\u009b\u202e\udb40\udc41 \"\\\n";
        String plain = PlainText.of(mapper.writeValueAsString(value));
        assertThat(plain).doesNotContain("\u009b", "\u202e", "\u001b");
        assertThat(mapper.readValue(plain, String.class)).isEqualTo(value);
    }
}
