package io.flm.worker.objective.prefix;

import io.flm.data.Corruption;
import io.flm.data.RandomStream;
import io.flm.data.Sample;
import io.flm.data.Streams;
import io.flm.data.TextBatch;
import io.flm.data.TextLayout;
import io.flm.data.TokenTargets;
import io.flm.data.TokenTargets.From;
import java.util.List;

/**
 * Cuts each text at a uniform place: what comes before the cut is the prefix, each token after it is predicted by the column
 * before it. L the longest row's length, n a row's own.
 *
 * <p>The shortest prefix is columns 0 and 1, as column 0 predicts nothing: it sees the whole text. It is the l2r mask: in a layout
 * with a begin token that is column 1, and all words are predicted. The longest one leaves {@code </s>} to be predicted.
 */
final class CutCorruption implements Corruption {
    private static final int SHORTEST = 2;

    private final TextLayout layout;

    CutCorruption(TextLayout layout) {
        this.layout = layout;
    }

    @Override
    public TextBatch plan(List<Sample> samples, RandomStream random) {
        List<int[]> rows = Sample.captions(samples);
        int length = TextBatch.longest(rows);
        int[] prefixes = new int[rows.size()];
        TokenTargets.Builder rest = new TokenTargets.Builder();
        for (int r = 0; r < rows.size(); r++) {
            int[] row = rows.get(r);
            prefixes[r] = SHORTEST + (row.length > SHORTEST ? random.nextInt(row.length - SHORTEST) : 0);
            rest.text(layout.predictable(row));
            for (int i = prefixes[r]; i < row.length; i++) {
                rest.add(r * length + i - 1, row[i], row.length - 1, row.length - i);
            }
        }
        return TextBatch.of(
                new Streams.Prefix(prefixes), rows, layout.vocabulary().padId(), List.of(rest.build(From.OUTPUT)));
    }
}
