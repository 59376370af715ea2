package io.flm.worker.objective.flm;

import io.flm.data.RandomStream;

/**
 * The spans of free language modeling: FLM (arXiv 2303.14038) §3.2, as the official code draws them.
 *
 * <p>A token is predicted from what both streams know of the other tokens. Its neighbours would give it away, so some to its left
 * are hidden in the l2r stream and some to its right in the r2l stream. Each position of each row has its own span, so all tokens
 * are predicted at once.
 *
 * <p>A span is the pair (left, right): position i loses l2r columns [i - left, i] and r2l columns [i, i + right]. It is packed into
 * one long, because a batch has thousands.
 */
final class Spans {
    private Spans() {}

    /**
     * Draws the span of position {@code i}, 1 to n - 1.
     *
     * <p>What it sees uncorrupted, its own column aside, are c - 1 = n - 2 columns. m ~ Binomial(c - 1, p) of them go, with p such
     * that with its own column a share of {@code rate} is hidden; about half of m to the left. The end counts from the start
     * after it was clamped, and is clamped at the padded length, as in the official code.
     *
     * @param n real tokens of the row
     * @param length L, the padded length
     */
    static long draw(int i, int n, int length, double rate, RandomStream random) {
        double c = n - 1;
        double p = Math.max(0, (c * rate - 1) / (c - 1 + 1e-5));
        if (p == 0) {
            return 0;
        }
        int m = 0;
        for (int trial = 0; trial < n - 2; trial++) {
            m += random.nextBoolean(p) ? 1 : 0;
        }
        int before = m / 2 + (m % 2 == 1 && random.nextBoolean(0.5) ? 1 : 0);
        int start = Math.max(i - before, 0);
        int end = Math.min(start + m, length - 1);
        return span(i - start, end - i);
    }

    /**
     * Cuts the longer side by a column if no column would be left: such a row would attend to all keys, the answer included.
     * Columns seen uncorrupted are 1 to i - 1 of l2r and i + 1 to n - 1 of r2l.
     */
    static long withOneKey(long span, int i, int n) {
        int hiddenLeft = hiddenLeft(span, i);
        int hiddenRight = hiddenRight(span, i, n);
        boolean allHidden = hidden(span, i, n) == n - 2;
        if (!allHidden || n <= 2) {
            return span;
        }
        return hiddenLeft >= hiddenRight ? span(hiddenLeft - 1, right(span)) : span(left(span), hiddenRight - 1);
    }

    /** How many of the n - 2 columns that position {@code i} sees uncorrupted are hidden, its own column aside. */
    static int hidden(long span, int i, int n) {
        return hiddenLeft(span, i) + hiddenRight(span, i, n);
    }

    private static int hiddenLeft(long span, int i) {
        return Math.min(left(span), i - 1);
    }

    private static int hiddenRight(long span, int i, int n) {
        return Math.min(right(span), n - 1 - i);
    }

    private static long span(int left, int right) {
        return ((long) left << 32) | (right & 0xFFFFFFFFL);
    }

    static int left(long span) {
        return (int) (span >> 32);
    }

    static int right(long span) {
        return (int) span;
    }
}
