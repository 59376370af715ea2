package io.flm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flm.data.CaptionFiles.Unusable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CaptionFilesTest {
    private static final String MARK = "\ufeff";

    @TempDir
    private Path folder = Path.of("");

    @Test
    void aTextOrAListIsReadUnderEitherKey() throws Unusable {
        assertThat(json("{\"caption\": \"a cat\"}")).containsExactly("a cat");
        assertThat(json("{\"captions\": \"a cat\"}")).containsExactly("a cat");
        assertThat(json("{\"caption\": [\"a cat\", \"a dog\"]}")).containsExactly("a cat", "a dog");
        assertThat(json("{\"captions\": [], \"caption\": \"a cat\"}")).containsExactly("a cat");
        assertThat(json("{\"captions\": null, \"caption\": \"a cat\"}")).containsExactly("a cat");
        assertThat(json("{\"captions\": [\"ok\", null, 3, {\"caption\": \"z\"}]}"))
                .containsExactly("ok");
        assertThat(json("{\"caption\": \"\\ud83d\\ude00 ok\"}")).containsExactly("\ud83d\ude00 ok");
    }

    @Test
    void aNumberThatPythonDoesNotHaveIsNoFault() throws Unusable {
        assertThat(json("{\"caption\": \"x\", \"similarity\": NaN, \"top\": -Infinity}"))
                .containsExactly("x");
    }

    @Test
    void aByteOrderMarkIsOfNoWord() throws Exception {
        assertThat(CaptionFiles.ofText((MARK + "a red apple").getBytes(StandardCharsets.UTF_8)))
                .containsExactly("a red apple");
        assertThat(json(MARK + "{\"caption\": \"x\"}")).containsExactly("x");
        Path tokenizer = Files.writeString(folder.resolve("t.json"), MARK + Files.readString(TokenizerTest.EMOJI));
        try (Tokenizer marked = Tokenizer.load(tokenizer);
                Tokenizer plain = Tokenizer.load(TokenizerTest.EMOJI)) {
            assertThat(marked.encode("a red apple", 50, false)).isEqualTo(plain.encode("a red apple", 50, false));
        }
    }

    @Test
    void whatIsFoundInThePlaceOfCaptionsIsSaid() {
        assertUnusable(
                "[\"a\", \"b\"]", "the JSON is a list, where an object with \"captions\" or \"caption\" is wanted");
        assertUnusable("\"a text\"", "the JSON is a text, where an object with \"captions\" or \"caption\" is wanted");
        assertUnusable("{\"caption\": null}", "the JSON holds no caption: its \"caption\" is null");
        assertUnusable("{\"caption\": 5}", "the JSON holds no caption: its \"caption\" is a number");
        assertUnusable(
                "{\"captions\": [{\"raw\": \"a\"}], \"caption\": \"\"}",
                "the JSON holds no caption: its \"captions\" is a list without a text, its \"caption\" is an empty text");
        assertUnusable(
                "{\"uid\": \"abc\", \"width\": 3, \"url\": \"u\"}",
                "the JSON has neither \"captions\" nor \"caption\", but uid, width, url");
        assertUnusable("{}", "the JSON has neither \"captions\" nor \"caption\"");
        assertUnusable("", "the caption's JSON is empty");
        assertUnusable("{\"caption\": \"half \\ud83d\"}", "the caption holds half of a pair of surrogates");
    }

    @Test
    void aCaptionOfWhichNothingCanBeSeenIsEmpty() {
        for (String caption : List.of("\u00a0", " .\u3000.", "\u0001\u007f", "\u200b\u200d", MARK + MARK)) {
            byte[] file = caption.getBytes(StandardCharsets.UTF_8);
            assertThatThrownBy(() -> CaptionFiles.ofText(file))
                    .isInstanceOf(Unusable.class)
                    .hasMessage("the caption is empty");
        }
    }

    @Test
    void aCaptionWithZeroBytesIsDamaged() {
        for (byte[] file : List.of(new byte[40], "a cat".getBytes(StandardCharsets.UTF_16BE))) {
            assertThatThrownBy(() -> CaptionFiles.ofText(file))
                    .isInstanceOf(Unusable.class)
                    .hasMessage("the caption holds zero bytes: damaged, or not in UTF-8");
        }
        assertUnusable("{\"caption\": \"a\\u0000\"}", "the caption holds zero bytes: damaged, or not in UTF-8");
    }

    @Test
    void damagedJsonIsNotReadInPart() {
        assertUnusable("{\"caption\": \"x\"}\n{\"caption\": \"y\"}", "the caption's JSON goes on behind its end");
        assertUnusable("[".repeat(3000), "the caption's JSON is nested too deeply, or has a number or a name too long");
        assertUnusable(
                "{\"" + "k".repeat(60_000) + "\": 1}",
                "the caption's JSON is nested too deeply, or has a number or a name too long");
        for (String json : List.of("{\"caption\": \"x\"} garbage", "{'caption': 'x'}", "{\"caption\": \"a\tb\"}")) {
            assertThatThrownBy(() -> json(json))
                    .as(json)
                    .isInstanceOf(Unusable.class)
                    .hasMessageStartingWith("the caption's JSON is broken (");
        }
    }

    @Test
    void textsAreUtf8() throws Unusable {
        assertThat(CaptionFiles.ofText("a red apple\r\n".getBytes(StandardCharsets.UTF_8)))
                .containsExactly("a red apple\r\n"); // the tokenizer takes the end of line away
        assertThatThrownBy(() -> CaptionFiles.ofText("un caf\u00e9".getBytes(StandardCharsets.ISO_8859_1)))
                .hasMessage("the caption is not text in UTF-8");
        assertThatThrownBy(() -> CaptionFiles.ofText("\ufeffa red apple".getBytes(StandardCharsets.UTF_16LE)))
                .hasMessage("the caption is text in UTF-16, not in UTF-8");
    }

    @Test
    void aTextIsUsedWhereTheJsonBesideItHoldsNoCaption() throws Exception {
        Path file = new TarBytes()
                .sample("a")
                .file("a.json", "{\"uid\": \"abc\"}")
                .sample("b")
                .file("b.json", "{\"caption\": null, \"similarity\": NaN}")
                .sample("c")
                .file("c.json", "{\"caption\": \"of the JSON\"}")
                .sample("d")
                .file("d.json", "broken")
                .file("e.png", Shards.png(4, 4, 0))
                .file("e.txt", "...")
                .file("e.json", "{\"caption\": null}")
                .end(2)
                .write(folder.resolve("a.tar"));
        try (Dataset source = Dataset.open(List.of(file))) {
            assertThat(source.captions(0)).containsExactly("a a");
            assertThat(source.captions(1)).containsExactly("a b");
            assertThat(source.captions(2)).containsExactly("of the JSON");
            assertThat(source.captions(3)).containsExactly("a d");
            assertThatThrownBy(() -> source.captions(4))
                    .isInstanceOf(SampleException.class)
                    .hasMessage(
                            "a.tar:e: the caption is empty (txt); the JSON holds no caption: its \"caption\" is null");
        }
    }

    @Test
    void captionsAndTheirFilesHaveABound() throws Exception {
        String most = "a".repeat(CaptionFiles.MOST_LETTERS);
        byte[] large = new byte[CaptionFiles.MOST_BYTES + 1];
        Path file = new TarBytes()
                .file("a.png", Shards.png(4, 4, 0))
                .file("a.txt", most)
                .file("b.png", Shards.png(4, 4, 0))
                .file("b.txt", most + "a")
                .file("c.png", Shards.png(4, 4, 0))
                .file("c.json", "{\"captions\": [\"" + most + "\", \"a\"]}")
                .file("d.png", Shards.png(4, 4, 0))
                .file("d.txt", large)
                .file("e.png", Shards.png(4, 4, 0))
                .file("e.json", "{\"caption\": \"a fish\", \"exif\": \"" + "x".repeat(900_000) + "\"}")
                .end(2)
                .write(folder.resolve("a.tar"));
        try (Dataset source = Dataset.open(List.of(file))) {
            assertThat(source.captions(0).get(0)).isEqualTo(most);
            assertThatThrownBy(() -> source.captions(1))
                    .isInstanceOf(SampleException.class)
                    .hasMessage("a.tar:b: the caption has 65,537 letters, more than 65,536");
            assertThatThrownBy(() -> source.captions(2))
                    .isInstanceOf(SampleException.class)
                    .hasMessage("a.tar:c: the caption has 65,537 letters, more than 65,536");
            assertThatThrownBy(() -> source.captions(3))
                    .isInstanceOf(SampleException.class)
                    .hasMessage("a.tar:d: the caption's file has 1,048,577 bytes, more than 1,048,576");
            assertThat(source.captions(4)).containsExactly("a fish");
        }
    }

    private static List<String> json(String json) throws Unusable {
        return CaptionFiles.ofJson(json.getBytes(StandardCharsets.UTF_8));
    }

    private static void assertUnusable(String json, String message) {
        assertThatThrownBy(() -> json(json)).isInstanceOf(Unusable.class).hasMessage(message);
    }
}
