package io.flm.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Makes a batch of rows of tokens: what each token may not see, and what each head predicts. A row is {@code <s> words </s>}, or
 * with a begin token {@code <s> </s> words </s>}. B rows, L the longest row's length, n a row's own.
 *
 * <p>Neither {@code <s>} nor the begin token is ever predicted: they are the same in every row.
 */
public final class Corruption {
    /**
     * What corruption knows of a tokenizer.
     *
     * @param size V, the number of tokens
     * @param words where they begin; for masking whole words
     */
    public record Vocabulary(int size, int padId, int maskId, Words words) {}

    private final CorruptionSettings settings;
    private final Vocabulary vocabulary;
    private final int firstWord;

    /**
     * Refuses to mask whole words where the tokenizer does not tell where they begin.
     *
     * @param beginToken whether rows have one
     */
    public Corruption(CorruptionSettings settings, Vocabulary vocabulary, boolean beginToken) {
        if (settings.objective() == Objective.MLM && settings.wholeWord()) {
            vocabulary.words().check();
        }
        this.settings = settings;
        this.vocabulary = vocabulary;
        this.firstWord = beginToken ? 2 : 1;
    }

    /** Corrupts rows; the same rows and stream give the same batch. */
    public TextBatch plan(List<int[]> rows, RandomStream random) {
        return switch (settings.objective()) {
            case FLM -> freeLanguage(rows, random);
            case MLM -> masked(rows, random);
            case AR -> leftToRight(rows);
        };
    }

    /** FLM §3: spans hide what the reconstructor may see; it predicts every token, and so does each stream. */
    private TextBatch freeLanguage(List<int[]> rows, RandomStream random) {
        int length = longest(rows);
        int[] query = new int[rows.size() * length]; // pads are 0, so that their positions keep counting
        int[] left = new int[rows.size() * length];
        int[] right = new int[rows.size() * length];
        Predictions reconstructed = new Predictions();
        Predictions l2r = new Predictions();
        Predictions r2l = new Predictions();
        for (int r = 0; r < rows.size(); r++) {
            int[] row = rows.get(r);
            int n = row.length;
            int at = r * length;
            query[at] = row[0];
            query[at + n - 1] = row[n - 1];
            Arrays.fill(query, at + 1, at + n - 1, vocabulary.maskId());
            for (int i = 1; i < n; i++) {
                long span = Spans.withOneKey(Spans.draw(i, n, length, settings.spanRate(), random), i, n);
                left[at + i] = Spans.left(span);
                right[at + i] = Spans.right(span);
                if (i >= firstWord) {
                    reconstructed.add(at + i, row[i]);
                }
                if (i < n - 1 && i + 1 >= firstWord) {
                    l2r.add(at + i, row[i + 1]);
                }
                if (i - 1 >= firstWord) {
                    r2l.add(at + i, row[i - 1]);
                }
            }
        }
        List<Targets> heads = List.of(reconstructed.targets(), l2r.targets(), r2l.targets());
        return batch(Objective.FLM, rows, rows, query, left, right, heads);
    }

    /** The l2r stream alone: each token predicts the next. */
    private TextBatch leftToRight(List<int[]> rows) {
        int length = longest(rows);
        Predictions l2r = new Predictions();
        for (int r = 0; r < rows.size(); r++) {
            int[] row = rows.get(r);
            for (int i = Math.max(1, firstWord - 1); i < row.length - 1; i++) {
                l2r.add(r * length + i, row[i + 1]);
            }
        }
        int[] none = new int[0];
        return batch(Objective.AR, rows, rows, none, none, none, List.of(l2r.targets()));
    }

    /** BERT's masks: some tokens are replaced and predicted. */
    private TextBatch masked(List<int[]> rows, RandomStream random) {
        int length = longest(rows);
        Masks masks = new Masks(settings, vocabulary, firstWord);
        Predictions predictions = new Predictions();
        List<int[]> read = new ArrayList<>();
        for (int r = 0; r < rows.size(); r++) {
            int[] row = rows.get(r);
            int[] corrupted = row.clone();
            for (int i : masks.choose(row, random)) {
                corrupted[i] = masks.replacement(row[i], random);
                predictions.add(r * length + i, row[i]);
            }
            read.add(corrupted);
        }
        int[] none = new int[0];
        return batch(Objective.MLM, rows, read, none, none, none, List.of(predictions.targets()));
    }

    /** @param read what the streams read, of the same lengths as {@code rows} */
    private TextBatch batch(
            Objective objective,
            List<int[]> rows,
            List<int[]> read,
            int[] query,
            int[] left,
            int[] right,
            List<Targets> heads) {
        int length = longest(rows);
        int[] ids = new int[rows.size() * length];
        Arrays.fill(ids, vocabulary.padId());
        for (int r = 0; r < rows.size(); r++) {
            System.arraycopy(read.get(r), 0, ids, r * length, read.get(r).length);
        }
        int[] lengths = rows.stream().mapToInt(row -> row.length).toArray();
        return new TextBatch(objective, rows.size(), length, ids, lengths, query, left, right, heads);
    }

    private static int longest(List<int[]> rows) {
        return rows.stream().mapToInt(row -> row.length).max().orElse(0);
    }

    /** Grows. */
    private static final class Predictions {
        private int[] positions = new int[64];
        private int[] ids = new int[64];
        private int count;

        void add(int position, int id) {
            if (count == ids.length) {
                positions = Arrays.copyOf(positions, 2 * count);
                ids = Arrays.copyOf(ids, 2 * count);
            }
            positions[count] = position;
            ids[count++] = id;
        }

        Targets targets() {
            return new Targets(Arrays.copyOf(positions, count), Arrays.copyOf(ids, count));
        }
    }
}
