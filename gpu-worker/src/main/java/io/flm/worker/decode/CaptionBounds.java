package io.flm.worker.decode;

import io.flm.data.TextLayout;
import java.util.Arrays;

/**
 * How a caption begins and ends.
 *
 * @param start the tokens that each caption begins with: {@code <s>}, and a begin token if there is one
 * @param stop tokens that end a caption
 * @param maxLength of a caption in tokens, with start and stop
 */
public record CaptionBounds(int[] start, int[] stop, int maxLength) {
    /** As in the paper's captioning. */
    public static final int DEFAULT_MAX_LENGTH = 30;

    /** Of texts as a layout has them: each begins as its rows do, and ends with {@code </s>}. */
    public static CaptionBounds of(TextLayout layout, int maxLength) {
        return new CaptionBounds(layout.start(), new int[] {layout.vocabulary().endId()}, maxLength);
    }

    boolean ends(int token) {
        return Arrays.stream(stop).anyMatch(end -> end == token);
    }
}
