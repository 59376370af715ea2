package io.flm.data;

import java.util.Arrays;
import java.util.function.Function;

/**
 * How a row of tokens is laid out: {@code <s> words . </s>}, or with a begin token {@code <s> </s> words . </s>}. Here as elsewhere
 * special tokens have RoBERTa's names, whichever kind the tokenizer is of.
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

    /**
     * A row as people read it: without special tokens and the closing period.
     *
     * @param decoder of ids without special tokens
     */
    public String read(int[] row, Function<int[], String> decoder) {
        int[] words = Arrays.stream(row, Math.min(firstWord(), row.length), row.length)
                .filter(id -> id != vocabulary.startId() && id != vocabulary.padId() && id != vocabulary.endId())
                .toArray();
        return decoder.apply(words).strip().replaceAll("[.\\s]+$", "");
    }

    /** The column after the last word: of the closing period, or else of {@code </s>}. */
    public int afterWords(int[] row) {
        int end = row.length - 1;
        return end > firstWord() && row[end - 1] == vocabulary.periodId() ? end - 1 : end;
    }
}
