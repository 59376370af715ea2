package io.flm.worker.evaluate;

import io.flm.data.Objective;
import io.flm.data.RandomStream;
import io.flm.data.TextBatch;
import io.flm.worker.evaluate.HeldOut.Example;
import io.flm.worker.evaluate.Scorer.Scored;
import io.flm.worker.evaluate.Scorer.Seen;
import java.util.List;

/**
 * How well single tokens are predicted, with the sample's own picture and with that of another one: FLM §3, the reconstructor
 * (or the masked model's head) at a corruption rate and at none.
 */
final class TokenMeasure {
    /** Sums over predictions. */
    static final class Sums {
        private double loss;
        private long correct;
        private long count;

        private void add(TextBatch batch, Scored scored) {
            int[] expected = batch.heads().get(0).ids();
            for (int k = 0; k < expected.length; k++) {
                loss -= scored.logProbs()[k];
                correct += scored.best()[k] == expected[k] ? 1 : 0;
                count++;
            }
        }

        double loss() {
            return loss / Math.max(1, count);
        }

        double accuracy() {
            return (double) correct / Math.max(1, count);
        }
    }

    final Sums corrupted = new Sums();
    final Sums corruptedPrior = new Sums();
    final Sums cloze = new Sums();
    final Sums clozePrior = new Sums();

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
            score(holes, own, corrupted);
            score(holes, wrong, corruptedPrior);
            if (scorer.objective() == Objective.FLM) {
                TextBatch whole = texts.clozeOfStreams(rows);
                score(whole, own, cloze);
                score(whole, wrong, clozePrior);
            } else {
                for (int r = 0; r < rows.size(); r++) {
                    TextBatch whole = texts.clozeOfMasks(rows.get(r));
                    score(whole, own, r, cloze);
                    score(whole, wrong, r, clozePrior);
                }
            }
        }
    }

    private void score(TextBatch batch, Seen seen, int row, Sums into) {
        try (Seen one = seen.row(row)) {
            score(batch, one, into);
        }
    }

    private void score(TextBatch batch, Seen seen, Sums into) {
        if (batch.heads().get(0).count() > 0) {
            into.add(batch, scorer.score(batch, seen).get(0));
        }
    }
}
