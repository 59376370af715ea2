package io.flm.worker.evaluate;

import io.flm.data.TextBatch;
import io.flm.data.TextLayout;
import io.flm.worker.decode.CaptionBounds;
import java.util.List;
import java.util.function.Function;

/**
 * How captions are written as tokens, and read as text.
 *
 * @param decoder of ids without special tokens
 */
record CaptionFormat(TextLayout layout, Function<int[], String> decoder) {
    /** How they begin and end. */
    CaptionBounds bounds(int maxLength) {
        return CaptionBounds.of(layout, maxLength);
    }

    /** Every token of a row after its start, by the l2r stream: what a whole caption's likelihood is summed over. */
    TextBatch leftToRight(List<int[]> rows) {
        return TextBatch.leftToRight(rows, layout.vocabulary().padId());
    }

    /** A caption as people read it: without special tokens and the closing period. */
    String read(int[] row) {
        return layout.read(row, decoder);
    }
}
