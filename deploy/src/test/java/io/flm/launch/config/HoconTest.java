package io.flm.launch.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import io.flm.data.UserException;
import io.flm.worker.config.Keys;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HoconTest {
    @TempDir
    private Path folder = Path.of("");

    private final KnownKeys known = new KnownKeys(Keys.known(), Set.of("flm", "akka"));

    private Config own(String text) throws IOException {
        return Hocon.own(Files.writeString(folder.resolve("my.conf"), text), known);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "flm.data.tokenizer = ${HOME}",
                "flm.data.tokenizer = ${?HOME}",
                "flm.data.paths += a.tar",
                "flm { data { paths = [a], eval-paths = ${flm.data.paths} ${flm.data.paths} } }",
                "include \"/etc/hostname\"",
                "include url(\"http://127.0.0.1:1/x\")",
                "include file(\"/etc/hostname\")",
                "include classpath(\"reference.conf\")",
                "flm { include required(file(\"/etc/hostname\")) }"
            })
    void aClosedTextHoldsItsValuesItself(String text) {
        assertThatThrownBy(() -> Hocon.closed(text, "submitted"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("holds its values itself")
                .hasMessageNotContaining("\n");
    }

    /** Twenty levels of ten references each: 10^20 values, were they put in. */
    @Test
    void substitutionsThatWouldFillTheHeapAreRefusedUnread() {
        StringBuilder text = new StringBuilder("a0 = [x]\n");
        for (int level = 1; level <= 20; level++) {
            text.append("a")
                    .append(level)
                    .append(" = ")
                    .append(("${a" + (level - 1) + "} ").repeat(10))
                    .append('\n');
        }
        text.append("flm.data.paths = ${a20}");
        assertThatThrownBy(() -> Hocon.closed(text.toString(), "submitted"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("refers to other values");
        assertThatThrownBy(() -> own(text.toString()))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("no such key");
    }

    /** The parser looks at all values so far for each one: these took it about ten seconds. */
    @Test
    void aTextOfTooManyValuesIsRefusedUnread() {
        StringBuilder keys = new StringBuilder();
        for (int i = 0; i < 12_000; i++) {
            keys.append("flm.x").append(i).append(" = 1\n");
        }
        for (String text : new String[] {keys.toString(), "a = " + "[b]".repeat(60_000), "{a:".repeat(2500)}) {
            assertThatThrownBy(() -> Hocon.closed(text, "submitted"))
                    .isInstanceOf(UserException.class)
                    .hasMessage("submitted: holds more than 2000 values or groups; give each key once");
        }
        String shards = "\"/data/date=2024:01/[{a}]\\\"=\", # a = b: [c]\n".repeat(4000);
        assertThat(Hocon.closed("flm.data.paths = [" + shards + "]", "submitted")
                        .getStringList("flm.data.paths"))
                .hasSize(4000);
    }

    @Test
    void aClosedTextIsBoundedInSizeAndDepth() {
        assertThatThrownBy(() -> Hocon.closed("#".repeat(Hocon.MOST_BYTES + 1), "submitted"))
                .hasMessageContaining("262145 bytes are more than the 262144");
        assertThatThrownBy(() -> Hocon.closed("[".repeat(200_000), "submitted")).isInstanceOf(UserException.class);
        assertThatThrownBy(() -> Hocon.closed("{a:".repeat(80_000), "submitted"))
                .isInstanceOf(UserException.class);
    }

    @Test
    void ofAKeyGivenTwiceTheLastHolds() {
        assertThat(Hocon.closed("flm.train.lanes = 1, flm { train { lanes = 2 } }", "x")
                        .getInt("flm.train.lanes"))
                .isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\uFEFFflm.train.lanes = 3",
                "flm.train.lanes\t=\t3",
                "{\"flm\": {\"train\": {\"lanes\": 3}}}",
                "flm.train.lanes = 3 // a comment\r\n"
            })
    void aFileMayBeginWithAByteOrderMarkAndHoldTabsOrJson(String text) throws IOException {
        assertThat(own(text).getInt("flm.train.lanes")).isEqualTo(3);
    }

    @Test
    void aFileOfTheUserMayIncludeOthersAndReadTheEnvironment() throws IOException {
        Files.writeString(folder.resolve("other.conf"), "flm.train.seed = 5");
        Config config = own("include \"other.conf\"\nflm.data.tokenizer = ${PATH}");
        assertThat(config.getLong("flm.train.seed")).isEqualTo(5);
        assertThat(config.getString("flm.data.tokenizer")).isEqualTo(System.getenv("PATH"));
        assertThat(own("").isEmpty()).isTrue();
    }

    @Test
    void aFileThatIncludesItselfTwiceEnds() {
        assertThatThrownBy(() -> own("include \"my.conf\"\ninclude \"my.conf\""))
                .isInstanceOf(UserException.class)
                .hasMessageNotContaining("\n");
    }

    @Test
    void whatIsNoFileOfTextIsRefusedInOneLine() throws IOException {
        Path loop = Files.createSymbolicLink(folder.resolve("loop.conf"), folder.resolve("loop.conf"));
        Path large = Files.writeString(folder.resolve("large.conf"), "#".repeat(Hocon.MOST_BYTES + 1));
        Path binary = Files.write(folder.resolve("binary.conf"), new byte[] {0, 1, (byte) 0xff, (byte) 0xfe, '{', 0});
        for (Path file : new Path[] {folder, loop, large, binary, Path.of("/dev/zero"), folder.resolve("none")}) {
            assertThatThrownBy(() -> Hocon.own(file, known))
                    .isInstanceOf(UserException.class)
                    .hasMessageStartingWith(file.toString())
                    .hasMessageNotContaining("\n");
        }
        assertThatThrownBy(() -> own("include url(\"http://127.0.0.1:1/x\")")).hasMessageContaining("fetch it first");
    }
}
