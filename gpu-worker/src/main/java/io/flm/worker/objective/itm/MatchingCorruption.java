package io.flm.worker.objective.itm;

import io.flm.data.ClassTargets;
import io.flm.data.Corruption;
import io.flm.data.RandomStream;
import io.flm.data.Sample;
import io.flm.data.SeenPictures;
import io.flm.data.TextBatch;
import io.flm.data.TextLayout;
import io.flm.worker.objective.Objective;
import java.util.Arrays;
import java.util.List;

/** The batch of another objective; below it each text once more, as a whole, beside its own picture or a false one. */
final class MatchingCorruption implements Corruption {
    private final Objective base;
    private final Corruption tokens;
    private final TextLayout layout;

    MatchingCorruption(Objective base, TextLayout layout) {
        this.base = base;
        this.tokens = base.corruption(layout);
        this.layout = layout;
    }

    @Override
    public TextBatch plan(List<Sample> samples, RandomStream random) {
        TextBatch predicted = tokens.plan(samples, random);
        int[] seen = FalsePictures.draw(samples, random);
        int[] rows = new int[seen.length];
        Arrays.setAll(rows, row -> row);
        int[] classes = new int[seen.length];
        Arrays.setAll(classes, row -> seen[row] == row ? FalsePictures.MATCHING : FalsePictures.FALSE);
        TextBatch whole = base.whole(Sample.captions(samples), layout)
                .withPictures(SeenPictures.of(seen, samples.size()))
                .withHeads(List.of(new ClassTargets(rows, classes)));
        return predicted.joined(whole, layout.vocabulary().padId());
    }
}
