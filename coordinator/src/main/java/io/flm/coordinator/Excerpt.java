package io.flm.coordinator;

import io.flm.data.PlainText;

/** Cuts texts of a run's view: what one node tells another must fit into a frame, however many workers there are. */
final class Excerpt {
    private static final int LONGEST = 1000;
    private static final int LONGEST_TOGETHER = 128 * 1024;

    private Excerpt() {}

    /** A text that stands alone. */
    static String of(String text) {
        return of(text, 1);
    }

    /** One of several texts that are told together. */
    static String of(String text, int count) {
        int longest = Math.min(LONGEST, LONGEST_TOGETHER / count);
        return text.length() <= longest ? text : PlainText.cut(text, Math.max(1, longest - PlainText.CUT.length()));
    }
}
