package io.flm.worker.evaluate;

import io.flm.data.Objective;
import io.flm.data.RandomStream;
import io.flm.data.Targets;
import io.flm.data.TextBatch;
import io.flm.worker.evaluate.HeldOut.Example;
import io.flm.worker.evaluate.Scorer.Seen;
import io.flm.worker.model.Loss;
import java.util.List;

/**
 * How well single tokens are predicted, with the sample's own picture and with that of another one: FLM §3, the reconstructor
 * (or the masked model's head) at a corruption rate and at none.
 */
final class TokenMeasure {
    private static final Loss NOTHING = Loss.none(1);

    private Loss corrupted = NOTHING;
    private Loss corruptedPrior = NOTHING;
    private Loss cloze = NOTHING;
    private Loss clozePrior = NOTHING;

    private final Scorer scorer;
    private final Texts texts;
    private final EvaluationSettings settings;

    TokenMeasure(Scorer scorer, Texts texts, EvaluationSettings settings) {
        this.scorer = scorer;
        this.texts = texts;
        this.settings = settings;
    }

    /** @param index of the first example, which keys the spans */
    void add(List<Example> examples, int index) {
        List<int[]> rows = examples.stream().map(Example::ids).toList();
        try (Seen own = scorer.see(HeldOut.pixels(examples), examples.size());
                Seen wrong = own.shifted()) {
            RandomStream random = RandomStream.of(settings.seed(), RandomStream.Purpose.CORRUPT, index);
            TextBatch holes = texts.corrupted(scorer.objective(), settings.spanRate(), rows, random);
            corrupted = corrupted.plus(score(holes, own));
            corruptedPrior = corruptedPrior.plus(score(holes, wrong));
            if (scorer.objective() == Objective.FLM) {
                TextBatch whole = texts.clozeOfStreams(rows);
                cloze = cloze.plus(score(whole, own));
                clozePrior = clozePrior.plus(score(whole, wrong));
            } else {
                for (int r = 0; r < rows.size(); r++) {
                    TextBatch whole = texts.clozeOfMasks(rows.get(r));
                    cloze = cloze.plus(score(whole, own, r));
                    clozePrior = clozePrior.plus(score(whole, wrong, r));
                }
            }
        }
    }

    private Loss score(TextBatch batch, Seen seen, int row) {
        try (Seen one = seen.row(row)) {
            return score(batch, one);
        }
    }

    /** Of the first head. */
    private Loss score(TextBatch batch, Seen seen) {
        List<Targets> first = batch.heads().subList(0, 1);
        return first.get(0).count() == 0 ? NOTHING : Loss.of(first, scorer.score(batch, seen));
    }

    // ---- what was found, with the own picture and with another one

    Loss corrupted() {
        return corrupted;
    }

    Loss corruptedPrior() {
        return corruptedPrior;
    }

    Loss cloze() {
        return cloze;
    }

    Loss clozePrior() {
        return clozePrior;
    }
}
