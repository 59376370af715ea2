package io.flm.worker.objective.flm;

import io.flm.data.Corruption;
import io.flm.data.RandomStream;
import io.flm.data.Reconstruction;
import io.flm.data.Sample;
import io.flm.data.TextBatch;
import io.flm.data.TextLayout;
import io.flm.data.TokenTargets;
import io.flm.data.TokenTargets.From;
import java.util.Arrays;
import java.util.List;

/**
 * Spans hide what the reconstructor may see of each token; it predicts every token, and so does each stream: FLM (arXiv
 * 2303.14038) §3. L the longest row's length, n a row's own.
 */
final class SpanCorruption implements Corruption {
    private final double rate;
    private final TextLayout layout;

    SpanCorruption(double rate, TextLayout layout) {
        this.rate = rate;
        this.layout = layout;
    }

    @Override
    public TextBatch plan(List<Sample> samples, RandomStream random) {
        List<int[]> rows = Sample.captions(samples);
        int length = TextBatch.longest(rows);
        int firstWord = layout.firstWord();
        int[] left = new int[rows.size() * length];
        int[] right = new int[rows.size() * length];
        TokenTargets.Builder reconstructed = new TokenTargets.Builder();
        TokenTargets.Builder l2r = new TokenTargets.Builder();
        TokenTargets.Builder r2l = new TokenTargets.Builder();
        for (int r = 0; r < rows.size(); r++) {
            int[] row = rows.get(r);
            int n = row.length;
            int at = r * length;
            for (TokenTargets.Builder head : List.of(reconstructed, l2r, r2l)) {
                head.text(layout.predictable(row));
            }
            for (int i = 1; i < n; i++) {
                long span = Spans.withOneKey(Spans.draw(i, n, length, rate, random), i, n);
                left[at + i] = Spans.left(span);
                right[at + i] = Spans.right(span);
                if (i >= firstWord) {
                    reconstructed.add(at + i, row[i], n - 1, 1 + Spans.hidden(span, i, n));
                }
                if (i < n - 1) {
                    l2r.add(at + i, row[i + 1], n - 1, n - 1 - i);
                }
                if (i > firstWord) {
                    r2l.add(at + i, row[i - 1], n - 1, i - 1);
                }
            }
        }
        return TextBatch.of(
                new Reconstruction(queryIds(rows, layout), left, right),
                rows,
                layout.vocabulary().padId(),
                List.of(reconstructed.build(From.OUTPUT), l2r.build(From.L2R), r2l.build(From.R2L)));
    }

    /** What the reconstructor reads [B, L]; pads are 0, so that their positions keep counting with RoBERTa's rule, as with BERT's they always do. */
    static int[] queryIds(List<int[]> rows, TextLayout layout) {
        int length = TextBatch.longest(rows);
        int[] query = new int[rows.size() * length];
        for (int r = 0; r < rows.size(); r++) {
            int[] row = rows.get(r);
            int at = r * length;
            query[at] = row[0];
            Arrays.fill(query, at + 1, at + row.length - 1, layout.vocabulary().maskId());
            query[at + row.length - 1] = row[row.length - 1];
        }
        return query;
    }
}
