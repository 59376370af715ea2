package io.flm.worker.evaluate;

import io.flm.data.RandomStream;
import io.flm.data.TextBatch;
import io.flm.data.TextLayout;
import io.flm.data.TokenTargets;
import io.flm.worker.evaluate.Figure.Measured;
import io.flm.worker.evaluate.HeldOut.Example;
import io.flm.worker.evaluate.Scorer.Seen;
import io.flm.worker.model.Loss;
import io.flm.worker.objective.HiddenTokens;
import io.flm.worker.objective.HiddenTokens.Question;
import java.util.List;
import java.util.function.DoubleConsumer;

/**
 * How well single tokens are predicted, with the sample's own picture and with that of another one: where the
 * context has holes, and where only the token itself is hidden.
 */
final class TokenMeasure {
    private static final Loss NOTHING = Loss.none(1);

    private Loss corrupted = NOTHING;
    private Loss corruptedPrior = NOTHING;
    private Loss cloze = NOTHING;
    private Loss clozePrior = NOTHING;

    private final Scorer scorer;
    private final HiddenTokens hidden;
    private final TextLayout layout;
    private final EvaluationSettings settings;

    TokenMeasure(Scorer scorer, HiddenTokens hidden, TextLayout layout, EvaluationSettings settings) {
        this.scorer = scorer;
        this.hidden = hidden;
        this.layout = layout;
        this.settings = settings;
    }

    /** @param index of the first example, which keys the spans */
    void add(List<Example> examples, int index, DoubleConsumer progress) {
        List<int[]> rows = examples.stream().map(Example::ids).toList();
        try (Seen own = scorer.see(HeldOut.pixels(examples), examples.size());
                Seen wrong = own.shifted()) {
            progress.accept(0);
            RandomStream random = RandomStream.of(settings.seed(), RandomStream.Purpose.CORRUPT, index);
            TextBatch holes =
                    firstHead(hidden.corruption(settings.spanRate(), layout).plan(HeldOut.samples(examples), random));
            corrupted = corrupted.plus(score(holes, own));
            corruptedPrior = corruptedPrior.plus(score(holes, wrong));
            List<Question> questions = hidden.eachWord(rows, layout);
            int asked = 0;
            for (Question question : questions) {
                progress.accept((double) asked++ / questions.size());
                cloze = cloze.plus(score(question, own));
                clozePrior = clozePrior.plus(score(question, wrong));
            }
        }
    }

    private static TextBatch firstHead(TextBatch batch) {
        return batch.withHeads(batch.heads().subList(0, 1));
    }

    private Loss score(Question question, Seen seen) {
        if (question.picture() == Question.EACH) {
            return score(question.batch(), seen);
        }
        try (Seen one = seen.row(question.picture())) {
            return score(question.batch(), one);
        }
    }

    /** Of the first head. */
    private Loss score(TextBatch batch, Seen seen) {
        List<TokenTargets> first = List.of(batch.tokens(0));
        return first.get(0).count() == 0 ? NOTHING : Loss.of(first, scorer.score(batch, seen));
    }

    /**
     * Of which {@link #figures} tells: loss, accuracy, cloze.
     *
     * @param rate of the holes
     */
    static List<Metric> metrics(double rate) {
        return List.of(
                new Metric(
                        "tokenLoss",
                        "Token loss",
                        "mean cross entropy of a token whose context has holes (rate " + rate + ")",
                        Metric.Unit.NATS,
                        Metric.Direction.LOWER),
                Metric.share(
                        "tokenAccuracy", "Token accuracy", "tokens found, whose context has holes (rate " + rate + ")"),
                Metric.share("clozeAccuracy", "Cloze accuracy", "tokens of the name found, all others seen"));
    }

    /** What was found, with the own picture and with another one. */
    List<Figure> figures() {
        List<Metric> metrics = metrics(settings.spanRate());
        return List.of(
                new Measured(metrics.get(0), corrupted.mean(0), corruptedPrior.mean(0)),
                new Measured(metrics.get(1), corrupted.accuracy(0), corruptedPrior.accuracy(0)),
                new Measured(metrics.get(2), cloze.accuracy(0), clozePrior.accuracy(0)));
    }
}
