package io.flm.worker.objective.flm;

import com.typesafe.config.Config;
import io.flm.data.Corruption;
import io.flm.data.Reconstruction;
import io.flm.data.Targets;
import io.flm.data.TextBatch;
import io.flm.data.TextLayout;
import io.flm.data.TokenTargets;
import io.flm.data.TokenTargets.From;
import io.flm.worker.model.ModelParts;
import io.flm.worker.objective.Head;
import io.flm.worker.objective.Head.Predicts;
import io.flm.worker.objective.HiddenTokens;
import io.flm.worker.objective.Objective;
import io.flm.worker.objective.TunedRate;
import java.util.List;
import java.util.Optional;

/**
 * Free language modeling: two causal streams, spans that hide what the reconstructor may see of them, and every token predicted
 * by the reconstructor and by each stream; FLM (arXiv 2303.14038) §3.
 *
 * @param spanRate the share of what a token sees that its span hides, in [0, 1)
 * @param l2rWeight weight of an l2r prediction beside a reconstructor prediction
 * @param r2lWeight weight of an r2l prediction
 */
public record FreeLanguageModeling(double spanRate, double l2rWeight, double r2lWeight)
        implements Objective, HiddenTokens {
    /** Both streams, the reconstructor, one head for all three. */
    public static final ModelParts PARTS = ModelParts.ofTokens(true, "lm_score.");

    /** @param train {@code flm.train} */
    public static FreeLanguageModeling from(Config train) {
        return new FreeLanguageModeling(
                train.getDouble("span-rate"), train.getDouble("l2r-weight"), train.getDouble("r2l-weight"));
    }

    @Override
    public String key() {
        return "flm";
    }

    @Override
    public String setting() {
        return "span rate " + spanRate;
    }

    @Override
    public List<Head> heads() {
        return List.of(
                new Head("rec", Predicts.TOKEN, 1),
                new Head("l2r", Predicts.TOKEN, l2rWeight),
                new Head("r2l", Predicts.TOKEN, r2lWeight));
    }

    @Override
    public ModelParts parts() {
        return PARTS;
    }

    @Override
    public Corruption corruption(TextLayout layout) {
        return corruption(spanRate, layout);
    }

    @Override
    public TextBatch whole(List<int[]> rows, TextLayout layout) {
        int[] none = new int[rows.size() * TextBatch.longest(rows)];
        Reconstruction all = new Reconstruction(SpanCorruption.queryIds(rows, layout), none, none);
        return TextBatch.of(all, rows, layout.vocabulary().padId(), List.of());
    }

    @Override
    public double predictionRate() {
        return 1;
    }

    @Override
    public boolean hasLeftToRightStream() {
        return true;
    }

    @Override
    public Optional<TunedRate> tunedRate() {
        return Optional.of(new TunedRate("span-rate", List.of(0.0, 0.3)));
    }

    // ---- evaluation

    @Override
    public Optional<HiddenTokens> hiddenTokens() {
        return Optional.of(this);
    }

    @Override
    public Corruption corruption(double rate, TextLayout layout) {
        return new SpanCorruption(rate, layout);
    }

    /** All words in one pass: no spans but each token's own column. */
    @Override
    public List<Question> eachWord(List<int[]> rows, TextLayout layout) {
        int length = TextBatch.longest(rows);
        TokenTargets.Builder words = new TokenTargets.Builder();
        for (int r = 0; r < rows.size(); r++) {
            int[] row = rows.get(r);
            for (int i = layout.firstWord(); i < layout.afterWords(row); i++) {
                words.add(r * length + i, row[i]);
            }
        }
        List<Targets> heads =
                List.of(words.build(From.OUTPUT), TokenTargets.none(From.L2R), TokenTargets.none(From.R2L));
        return List.of(new Question(whole(rows, layout).withHeads(heads), Question.EACH));
    }
}
