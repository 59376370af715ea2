package io.flm.worker.evaluate;

import io.flm.data.Objective;
import io.flm.data.RandomStream;
import io.flm.data.Targets;
import io.flm.data.TextBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * The tokenizer's special tokens, and batches of text as the measures need them. A row is {@code <s> words . </s>}, or with a
 * begin token {@code <s> </s> words . </s>}; L is the longest row's length.
 *
 * @param periodId the token of the period that ends every text
 * @param beginToken whether rows have one
 * @param decoder of ids without special tokens
 * @param corrupter hides part of the text, as the model's objective does in training
 */
record Texts(
        int startId,
        int padId,
        int endId,
        int maskId,
        int periodId,
        boolean beginToken,
        Function<int[], String> decoder,
        Corrupter corrupter) {

    /** Rows of tokens with holes at a rate, and what is to be predicted. */
    @FunctionalInterface
    interface Corrupter {
        TextBatch corrupt(Objective objective, double rate, List<int[]> rows, RandomStream random);
    }

    /** What a caption begins with. */
    int[] start() {
        return beginToken ? new int[] {startId, endId} : new int[] {startId};
    }

    /** The first column that holds a word. */
    int firstWord() {
        return start().length;
    }

    /** The column after the last word: of the closing period, or else of {@code </s>}. */
    int afterWords(int[] row) {
        int end = row.length - 1;
        return end > firstWord() && row[end - 1] == periodId ? end - 1 : end;
    }

    /** Every token of a row after its start, by the l2r stream: what a whole caption's likelihood is summed over. */
    TextBatch leftToRight(List<int[]> rows) {
        int length = length(rows);
        List<int[]> targets = new ArrayList<>(); // {position, id}
        for (int r = 0; r < rows.size(); r++) {
            int[] row = rows.get(r);
            for (int i = 1; i + 1 < row.length; i++) {
                targets.add(new int[] {r * length + i, row[i + 1]});
            }
        }
        return batch(Objective.AR, rows, new int[0], List.of(targets(targets)));
    }

    /** Each word by the reconstructor, which sees all others: no spans but the token's own column. */
    TextBatch clozeOfStreams(List<int[]> rows) {
        int length = length(rows);
        int[] query = new int[rows.size() * length];
        List<int[]> targets = new ArrayList<>();
        for (int r = 0; r < rows.size(); r++) {
            int[] row = rows.get(r);
            for (int i = 0; i < row.length; i++) {
                boolean inside = i > 0 && i < row.length - 1;
                query[r * length + i] = inside ? maskId : row[i];
                if (i >= firstWord() && i < afterWords(row)) {
                    targets.add(new int[] {r * length + i, row[i]});
                }
            }
        }
        Targets none = targets(List.of());
        return batch(Objective.FLM, rows, query, List.of(targets(targets), none, none));
    }

    /** A row for each word of {@code row}, with that word masked. */
    TextBatch clozeOfMasks(int[] row) {
        List<int[]> rows = new ArrayList<>();
        List<int[]> targets = new ArrayList<>();
        for (int i = firstWord(); i < afterWords(row); i++) {
            int[] masked = row.clone();
            masked[i] = maskId;
            targets.add(new int[] {rows.size() * row.length + i, row[i]});
            rows.add(masked);
        }
        return batch(Objective.MLM, rows, new int[0], List.of(targets(targets)));
    }

    /** The first head's predictions at columns that hold; the other heads' none. */
    TextBatch corrupted(Objective objective, double rate, List<int[]> rows, RandomStream random) {
        TextBatch all = corrupter.corrupt(objective, rate, rows, random);
        Targets first = all.heads().get(0);
        IntPredicate counted = k -> first.positions()[k] % all.length() >= firstWord();
        int[] kept = IntStream.range(0, first.count()).filter(counted).toArray();
        List<Targets> heads = new ArrayList<>();
        heads.add(new Targets(
                Arrays.stream(kept).map(k -> first.positions()[k]).toArray(),
                Arrays.stream(kept).map(k -> first.ids()[k]).toArray()));
        while (heads.size() < all.heads().size()) {
            heads.add(targets(List.of()));
        }
        return new TextBatch(
                objective,
                all.rows(),
                all.length(),
                all.ids(),
                all.lengths(),
                all.queryIds(),
                all.left(),
                all.right(),
                heads);
    }

    /** A caption as people read it: without special tokens and the closing period. */
    String read(int[] row) {
        int from = Math.min(firstWord(), row.length);
        int[] words = Arrays.stream(row, from, row.length)
                .filter(id -> id != startId && id != padId && id != endId)
                .toArray();
        return decoder.apply(words).strip().replaceAll("[.\\s]+$", "");
    }

    private TextBatch batch(Objective objective, List<int[]> rows, int[] query, List<Targets> heads) {
        int length = length(rows);
        int[] ids = new int[rows.size() * length];
        Arrays.fill(ids, padId);
        int[] lengths = new int[rows.size()];
        for (int r = 0; r < rows.size(); r++) {
            int[] row = rows.get(r);
            System.arraycopy(row, 0, ids, r * length, row.length);
            lengths[r] = row.length;
        }
        int[] own = new int[query.length]; // extents 0: each token loses its own column alone
        return new TextBatch(objective, rows.size(), length, ids, lengths, query, own, own, heads);
    }

    private static Targets targets(List<int[]> pairs) {
        return new Targets(
                pairs.stream().mapToInt(p -> p[0]).toArray(),
                pairs.stream().mapToInt(p -> p[1]).toArray());
    }

    private static int length(List<int[]> rows) {
        return rows.stream().mapToInt(r -> r.length).max().orElse(0);
    }
}
