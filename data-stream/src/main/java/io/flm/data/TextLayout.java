package io.flm.data;

/**
 * How a row of tokens is laid out: {@code <s> words . </s>}, or with a begin token {@code <s> </s> words . </s>}.
 *
 * @param beginToken whether rows have one
 */
public record TextLayout(Vocabulary vocabulary, boolean beginToken) {
    /** What every row begins with. */
    public int[] start() {
        return beginToken ? new int[] {vocabulary.startId(), vocabulary.endId()} : new int[] {vocabulary.startId()};
    }

    /** The first column that holds a word. */
    public int firstWord() {
        return beginToken ? 2 : 1;
    }

    /** The tokens of a row that could be predicted: words, the closing period, {@code </s>}. */
    public int predictable(int[] row) {
        return Math.max(0, row.length - firstWord());
    }

    /** The column after the last word: of the closing period, or else of {@code </s>}. */
    public int afterWords(int[] row) {
        int end = row.length - 1;
        return end > firstWord() && row[end - 1] == vocabulary.periodId() ? end - 1 : end;
    }
}
