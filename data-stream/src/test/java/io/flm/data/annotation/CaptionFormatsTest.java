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

class CaptionFormatsTest {
    private static final String IMAGES =
            "\"images\": [{\"license\": 5, \"file_name\": \"COCO_val2014_000000391895.jpg\","
                    + " \"id\": 391895}, {\"file_name\": \"b.jpg\", \"id\": 7}, {\"file_name\": \"c.jpg\", \"id\": 8}]";
    private static final String ANNOTATIONS = "\"annotations\": [{\"image_id\": 7, \"id\": 1, \"caption\": \"A bee.\"},"
            + " {\"image_id\": 391895, \"id\": 2, \"caption\": \"A man.\"},"
            + " {\"image_id\": 7, \"id\": 3, \"caption\": \"A fly.\"}]";

    private static final String KARPATHY = "{\"images\": ["
            + image("val2014", "a.jpg", "val", 1, "A bee.", "A fly.") + ","
            + image("val2014", "b.jpg", "restval", 2, "A cat.") + ","
            + image("train2014", "c.jpg", "train", 3, "A dog.") + "], \"dataset\": \"coco\"}";

    private static String image(String path, String name, String split, int id, String... captions) {
        StringBuilder sentences = new StringBuilder();
        for (String caption : captions) {
            sentences
                    .append(sentences.isEmpty() ? "" : ",")
                    .append("{\"tokens\": [\"a\"], \"raw\": \"")
                    .append(caption)
                    .append("\", \"imgid\": 0}");
        }
        return "{\"filepath\": \"" + path + "\", \"sentids\": [0], \"filename\": \"" + name + "\", \"imgid\": 0,"
                + " \"split\": \"" + split + "\", \"sentences\": [" + sentences + "], \"cocoid\": " + id + "}";
    }

    @TempDir
    private Path folder = Path.of("");

    private Path file(String name, String content) throws IOException {
        return Files.writeString(folder.resolve(name), content);
    }

    @Test
    void cocosCaptionsAreJoinedToTheirPictures() throws IOException {
        for (String content : List.of(IMAGES + "," + ANNOTATIONS, ANNOTATIONS + "," + IMAGES)) {
            CaptionFormats read = CaptionFormats.read(List.of(file("captions.json", "{" + content + "}")), "any");
            assertThat(read.all())
                    .containsExactly(
                            new CaptionedPicture("391895", "COCO_val2014_000000391895.jpg", List.of("A man.")),
                            new CaptionedPicture("7", "b.jpg", List.of("A bee.", "A fly.")));
            assertThat(read.leftOut()).isEqualTo(1);
        }
    }

    @Test
    void picturesOfATestSetHaveNoCaptionsAndAreLeftOut() throws IOException {
        CaptionFormats read = CaptionFormats.read(List.of(file("image_info.json", "{" + IMAGES + "}")), "");
        assertThat(read.all()).isEmpty();
        assertThat(read.leftOut()).isEqualTo(3);
    }

    @Test
    void karpathysSplitsAreChosenByName() throws IOException {
        Path file = file("dataset_coco.json", KARPATHY);
        assertThat(CaptionFormats.read(List.of(file), "val").all())
                .containsExactly(new CaptionedPicture("1", "a.jpg", List.of("A bee.", "A fly.")));
        assertThat(CaptionFormats.read(List.of(file), "train").all())
                .extracting(CaptionedPicture::id)
                .containsExactly("2", "3");
        assertThatThrownBy(() -> CaptionFormats.read(List.of(file), "test"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining(
                        "no picture of split test, but {restval=1, train=1, val=1}; give a file that has pictures of it");
    }

    @Test
    void aFileThatContradictsItselfIsRefused() throws IOException {
        assertRefused(
                "{" + IMAGES + "," + ANNOTATIONS.replace("\"image_id\": 7", "\"image_id\": 9") + "}",
                "captions of 1 pictures that are not in \"images\", the first image_id 9");
        assertRefused("{" + IMAGES.replace("\"id\": 8", "\"id\": 7") + "}", "picture 7 is there twice");
        assertRefused("{" + ANNOTATIONS + "}", "no picture in \"images\"");
        assertRefused(
                "{" + IMAGES + ", \"annotations\": [{\"image_id\": 7, \"bbox\": []}]}", "its \"caption\" is missing");
        assertRefused(KARPATHY.replace("\"raw\"", "\"text\""), "its \"raw\" is missing");
        assertRefused(
                "{\"images\": [{\"filename\": \"a.jpg\", \"imgid\": 0, \"split\": \"val\", \"sentences\": \"A bee.\"}]}",
                "bad.json:1: its \"sentences\" is not a list of captions");
        Path file = file("twice.json", "{" + IMAGES + "," + ANNOTATIONS + "}");
        assertThatThrownBy(() -> CaptionFormats.read(List.of(file, file), ""))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("picture 391895 is in another file, too");
    }

    private void assertRefused(String content, String message) throws IOException {
        Path file = file("bad.json", content);
        assertThatThrownBy(() -> CaptionFormats.read(List.of(file), "val"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("bad.json")
                .hasMessageContaining(message);
    }
}
