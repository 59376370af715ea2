package io.flm.worker.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.flm.data.Reconstruction;
import io.flm.data.Streams;
import io.flm.data.TextBatch;
import io.flm.worker.model.TextMasks.Reader;
import io.flm.worker.torch.Torch;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Expected masks are those of FLM §3.1 and §3.2, by hand. */
class TextMasksTest {
    private static final List<int[]> ROWS =
            List.of(new int[] {0, 7, 8, 9, 2}, new int[] {0, 2}, new int[] {0, 8, 9, 2});

    /** By reader and stream, a line for each token: its columns. */
    private static List<String> masks(Streams streams, int row) {
        Torch.prepareThread(1);
        try (TextMasks masks = new TextMasks(SmallModel.settings(0))) {
            return masks.of(TextBatch.of(streams, ROWS, 1, List.of()), row).stream()
                    .flatMap(TextMasksTest::lines)
                    .toList();
        }
    }

    private static Stream<String> lines(Reader reader) {
        return reader.seen().stream()
                .map(seen -> reader.name() + " of " + seen.stream() + ": "
                        + Arrays.stream(seen.columns())
                                .map(columns -> IntStream.range(0, columns.length)
                                        .mapToObj(column -> columns[column] ? "1" : "0")
                                        .collect(Collectors.joining()))
                                .collect(Collectors.joining(" ")));
    }

    @Test
    void theReconstructorSeesBothStreamsLessItsSpans() {
        int[] left = new int[3 * 5];
        int[] right = new int[3 * 5];
        left[2 * 5 + 2] = 1; // of the last row
        right[2 * 5 + 1] = 1;
        Reconstruction spans = new Reconstruction(new int[3 * 5], left, right);
        assertThat(masks(spans, 2))
                .containsExactly(
                        "l2r of l2r: 1111 0100 0110 0111",
                        "r2l of r2l: 1111 0111 0011 0001",
                        "reconstructor of l2r: 1111 0000 0000 0110",
                        "reconstructor of r2l: 1111 0001 0001 0000");
        assertThat(masks(spans, 0))
                .containsExactly(
                        "l2r of l2r: 11111 01000 01100 01110 01111",
                        "r2l of r2l: 11111 01111 00111 00011 00001",
                        "reconstructor of l2r: 11111 00000 01000 01100 01110",
                        "reconstructor of r2l: 11111 00111 00011 00001 00000");
    }

    @Test
    void aTokenFromWhichAllIsHiddenAttendsToAll() {
        Reconstruction none = new Reconstruction(new int[3 * 5], new int[3 * 5], new int[3 * 5]);
        assertThat(masks(none, 1)).contains("reconstructor of l2r: 11 11", "reconstructor of r2l: 11 11");
    }

    @Test
    void oneStreamIsReadAsItsMaskSays() {
        assertThat(masks(Streams.LEFT_TO_RIGHT, 2)).containsExactly("l2r of l2r: 1111 0100 0110 0111");
        assertThat(masks(Streams.BIDIRECTIONAL, 2)).containsExactly("text of text: 1111 1111 1111 1111");
        assertThat(masks(new Streams.Prefix(new int[] {2, 2, 3}), 2))
                .containsExactly("text of text: 1111 0110 0110 0111");
        assertThat(masks(new Streams.Prefix(new int[] {5, 2, 3}), 0))
                .containsExactly("text of text: 11111 01111 01111 01111 01111");
    }
}
