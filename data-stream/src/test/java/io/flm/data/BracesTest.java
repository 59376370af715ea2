package io.flm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BracesTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = { // as bash expands them
                "s-{000..003}.tar|s-000.tar s-001.tar s-002.tar s-003.tar",
                "s-{8..11}.tar|s-8.tar s-9.tar s-10.tar s-11.tar",
                "s-{08..11}.tar|s-08.tar s-09.tar s-10.tar s-11.tar",
                "{1..6..2}|1 3 5",
                "{a..c}|a b c",
                "{-1..1}|-1 0 1",
                "{x,y}/{1..2}.tar|x/1.tar x/2.tar y/1.tar y/2.tar",
                "{a{1..2},b}.tar|a1.tar a2.tar b.tar",
                "{000000..000001}{.tar,.tgz}|000000.tar 000000.tgz 000001.tar 000001.tgz",
                "{a,}b|ab b",
                "plain.tar|plain.tar",
                "{one}.tar|{one}.tar",
                "{open.tar|{open.tar",
                "{1..a}|{1..a}",
                "{one}{a,b}|{one}a {one}b"
            })
    void bracesAreExpandedAsAShellDoes(String pattern, String expected) {
        assertThat(Braces.expand(pattern)).containsExactly(expected.split(" "));
    }

    @Test
    void aRangeThatRunsBackwardsIsRefused() {
        for (String pattern : new String[] {"s-{00331..00000}.tar", "{c..a}", "{a,{2..1}}"}) {
            assertThatThrownBy(() -> Braces.expand(pattern))
                    .isInstanceOf(UserException.class)
                    .hasMessageMatching(".*: the range \\{.*\\} runs backwards; write \\{.*\\}");
        }
    }

    @Test
    void aRefusedAddressIsShownWithoutItsSignature() {
        assertThatThrownBy(() -> Braces.expand("https:/host/s-{9..0}.tar?sig=secret"))
                .hasMessage("https://host/s-{9..0}.tar: the range {9..0} runs backwards; write {0..9}");
        assertThatThrownBy(() -> Braces.expand("https:/host/a.tar?" + "{".repeat(250_000)))
                .hasMessageStartingWith("https://host/a.tar: a path of 250018 letters");
        assertThatThrownBy(() -> Braces.expand("x".repeat(79) + "\ud83d\udc69".repeat(100_000)))
                .hasMessageStartingWith("x".repeat(79) + " ...: a path of 200079 letters");
    }

    @Test
    void bracesThatStandForTheWorldAreRefused() {
        for (String pattern : new String[] {
            "{0..999999999}",
            "{1..999}{1..999}",
            "{1..99999},{1..99999}".replace("},{", "}{"),
            "{{0..60000},{0..60000}}"
        }) {
            assertThatThrownBy(() -> Braces.expand(pattern))
                    .isInstanceOf(UserException.class)
                    .hasMessage(pattern + ": its braces stand for more than 100000 files; give a folder instead");
        }
        assertThatThrownBy(() -> Braces.expand("{a,".repeat(1000) + "}".repeat(1000)))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("braces within braces");
        assertThatThrownBy(() -> Braces.expand("{".repeat(250_000)))
                .isInstanceOf(UserException.class)
                .hasMessageEndingWith("...: a path of 250000 letters; give at most 16384");
    }
}
