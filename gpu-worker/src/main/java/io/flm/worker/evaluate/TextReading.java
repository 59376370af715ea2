package io.flm.worker.evaluate;

import io.flm.data.TextBatch;
import io.flm.data.Tokenizer;
import io.flm.data.TokenizerKind;
import io.flm.worker.model.TextMasks;
import io.flm.worker.model.TextMasks.Reader;
import io.flm.worker.model.TextMasks.Seen;
import java.util.Arrays;
import java.util.List;

/**
 * How a text is read once: its n tokens as the streams get them, and what each of them may see.
 *
 * @param how in a few words: {@code as the task reads it}
 * @param tokens as people read them, special ones by their names [n]
 * @param replaced whether another token is read in a token's place [n]
 * @param readers whoever reads it
 * @param told those of them of whom no other reading says the same
 */
public record TextReading(
        String how, List<String> tokens, boolean[] replaced, List<Reader> readers, List<Reader> told) {
    public TextReading {
        tokens = List.copyOf(tokens);
        readers = List.copyOf(readers);
        told = List.copyOf(told);
    }

    /** One of which all is told. */
    public TextReading(String how, List<String> tokens, boolean[] replaced, List<Reader> readers) {
        this(how, tokens, replaced, readers, readers);
    }

    /**
     * The first reading of a text.
     *
     * @param row the text
     * @param batch made of it alone
     */
    public static TextReading of(String how, int[] row, TextBatch batch, Tokenizer tokenizer, TextMasks masks) {
        return of(how, row, batch, 0, tokenizer, masks);
    }

    /** @param at the row of the batch that the text is */
    static TextReading of(String how, int[] row, TextBatch batch, int at, Tokenizer tokenizer, TextMasks masks) {
        int from = at * batch.length();
        int[] read = Arrays.copyOfRange(batch.ids(), from, from + row.length);
        boolean[] replaced = new boolean[row.length];
        for (int i = 0; i < row.length; i++) {
            replaced[i] = read[i] != row[i];
        }
        return new TextReading(how, pieces(read, tokenizer), replaced, masks.of(batch, at));
    }

    /** Tokens as people read them. */
    public static List<String> pieces(int[] ids, Tokenizer tokenizer) {
        TokenizerKind kind = tokenizer.kind();
        return Arrays.stream(ids)
                .mapToObj(id -> {
                    if (id == tokenizer.startId()) {
                        return kind.start();
                    }
                    if (id == tokenizer.maskId()) {
                        return kind.mask();
                    }
                    return id == tokenizer.endId() ? kind.end() : tokenizer.decode(new int[] {id});
                })
                .toList();
    }

    TextReading named(String other) {
        return new TextReading(other, tokens, replaced, readers, told);
    }

    /** This one, of which is told what is not the same in another one. */
    TextReading without(TextReading other) {
        List<Reader> others = readers.stream()
                .filter(reader -> !tokens.equals(other.tokens)
                        || other.readers.stream().noneMatch(known -> isSame(known, reader)))
                .toList();
        return new TextReading(how, tokens, replaced, readers, others);
    }

    private static boolean isSame(Reader one, Reader other) {
        if (!one.name().equals(other.name())
                || one.seen().size() != other.seen().size()) {
            return false;
        }
        for (int i = 0; i < one.seen().size(); i++) {
            Seen a = one.seen().get(i);
            Seen b = other.seen().get(i);
            if (!a.stream().equals(b.stream()) || !Arrays.deepEquals(a.columns(), b.columns())) {
                return false;
            }
        }
        return true;
    }

    /** What a reader sees of a token. */
    public enum Mark {
        SEEN('s'),
        /** Seen in the left-to-right stream. */
        L2R('l'),
        /** Seen in the right-to-left stream. */
        R2L('r'),
        BOTH('b'),
        /** Hidden from whoever predicts. */
        HIDDEN('h'),
        NEVER('-');

        private final char letter;

        Mark(char letter) {
            this.letter = letter;
        }

        /** Stands for it where there is little room. */
        public char letter() {
            return letter;
        }
    }

    /** What a reader sees of a column when it reads, or predicts, a token. */
    public Mark mark(Reader reader, int token, int column) {
        List<String> streams = reader.seen().stream()
                .filter(seen -> seen.columns()[token][column])
                .map(Seen::stream)
                .toList();
        if (streams.isEmpty()) {
            return reader.seen().stream().anyMatch(seen -> streamSees(seen.stream(), token, column))
                    ? Mark.HIDDEN
                    : Mark.NEVER;
        }
        if (replaced[column]) {
            return Mark.HIDDEN; // another token is read in its place
        }
        return streams.size() > 1
                ? Mark.BOTH
                : switch (streams.get(0)) {
                    case TextMasks.L2R -> Mark.L2R;
                    case TextMasks.R2L -> Mark.R2L;
                    default -> Mark.SEEN;
                };
    }

    /** What a stream's own tokens see of it, before anything is hidden from others. */
    public boolean streamSees(String stream, int token, int column) {
        return readers.stream()
                .filter(reader -> reader.name().equals(stream))
                .anyMatch(reader -> reader.seen().get(0).columns()[token][column]);
    }
}
