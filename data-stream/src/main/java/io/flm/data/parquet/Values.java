package io.flm.data.parquet;

import java.util.Arrays;

/**
 * Texts or pictures within some bytes.
 *
 * @param starts where each begins; -1: it is null
 * @param ends where each ends
 */
record Values(byte[] bytes, int[] starts, int[] ends) {
    int count() {
        return starts.length;
    }

    boolean isNull(int at) {
        return starts[at] < 0;
    }

    int sizeBytes(int at) {
        return isNull(at) ? 0 : ends[at] - starts[at];
    }

    /** A copy; of null it is empty. */
    byte[] of(int at) {
        return isNull(at) ? new byte[0] : Arrays.copyOfRange(bytes, starts[at], ends[at]);
    }

    /** The same values in another order, some of them null. */
    Values at(int[] numbers) {
        int[] itsStarts = new int[numbers.length];
        int[] itsEnds = new int[numbers.length];
        for (int i = 0; i < numbers.length; i++) {
            itsStarts[i] = numbers[i] < 0 ? -1 : starts[numbers[i]];
            itsEnds[i] = numbers[i] < 0 ? -1 : ends[numbers[i]];
        }
        return new Values(bytes, itsStarts, itsEnds);
    }
}
