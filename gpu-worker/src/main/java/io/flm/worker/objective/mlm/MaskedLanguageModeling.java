package io.flm.worker.objective.mlm;

import com.typesafe.config.Config;
import io.flm.data.Corruption;
import io.flm.data.Streams;
import io.flm.data.Targets;
import io.flm.data.TextBatch;
import io.flm.data.TextLayout;
import io.flm.data.TokenTargets;
import io.flm.data.TokenTargets.From;
import io.flm.data.UserException;
import io.flm.worker.model.ModelParts;
import io.flm.worker.objective.Head;
import io.flm.worker.objective.Head.Predicts;
import io.flm.worker.objective.HiddenTokens;
import io.flm.worker.objective.Objective;
import io.flm.worker.objective.TunedRate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Masked language modeling on one bidirectional stream: BERT (arXiv 1810.04805) §3.1. A prediction rate below the mask rate predicts
 * some of what is masked; one above it takes several copies of a text, which mask and predict other parts of it: FLM (arXiv
 * 2303.14038) §3.1.
 *
 * @param maskRate the corruption rate: the share of tokens that are masked, in (0, 1]
 * @param predictionRate the share of tokens that are predicted, in (0, 1]
 * @param wholeWord whether all pieces of a word are masked together
 */
public record MaskedLanguageModeling(double maskRate, double predictionRate, boolean wholeWord)
        implements Objective, HiddenTokens {
    private static final int MOST_COPIES = 100;
    private static final double ROUNDING = 1e-9; // 0.45 / 0.15 is above 3

    /** One stream, and a head of its own. */
    public static final ModelParts PARTS = ModelParts.ofTokens(false, "mlm_score.");

    public MaskedLanguageModeling {
        if (!(maskRate > 0 && maskRate <= 1)) {
            throw new UserException("flm.train.mask-rate = " + maskRate + ": give a rate in (0, 1]");
        }
        if (!(predictionRate > 0 && predictionRate <= 1)) {
            throw new UserException("flm.train.prediction-rate = " + predictionRate
                    + ": give a rate in (0, 1], or 0 for that of flm.train.mask-rate");
        }
        if (predictionRate / MOST_COPIES > maskRate) {
            throw new UserException("flm.train.prediction-rate = " + predictionRate + " with flm.train.mask-rate = "
                    + maskRate + ": takes more than " + MOST_COPIES + " copies of each text; raise the mask rate");
        }
    }

    /** What is masked is predicted. */
    public MaskedLanguageModeling(double maskRate, boolean wholeWord) {
        this(maskRate, maskRate, wholeWord);
    }

    /** @param train {@code flm.train} */
    public static MaskedLanguageModeling from(Config train) {
        double maskRate = train.getDouble("mask-rate");
        double predictionRate = train.getDouble("prediction-rate");
        return new MaskedLanguageModeling(
                maskRate, predictionRate == 0 ? maskRate : predictionRate, train.getBoolean("whole-word"));
    }

    @Override
    public String key() {
        return "mlm";
    }

    @Override
    public String setting() {
        return "mask rate " + maskRate + (predictionRate == maskRate ? "" : ", prediction rate " + predictionRate);
    }

    @Override
    public List<Head> heads() {
        return List.of(new Head("mlm", Predicts.TOKEN, 1));
    }

    @Override
    public ModelParts parts() {
        return PARTS;
    }

    @Override
    public Corruption corruption(TextLayout layout) {
        return new MaskCorruption(this, layout);
    }

    @Override
    public TextBatch whole(List<int[]> rows, TextLayout layout) {
        return TextBatch.of(Streams.BIDIRECTIONAL, rows, layout.vocabulary().padId(), List.of());
    }

    /** Copies of a text, so that none predicts more than it masks. */
    int copies() {
        return (int) Math.max(1, Math.ceil(predictionRate / maskRate - ROUNDING));
    }

    @Override
    public double rowsPerText() {
        return copies();
    }

    @Override
    public boolean hasLeftToRightStream() {
        return false;
    }

    @Override
    public Optional<TunedRate> tunedRate() {
        return Optional.of(new TunedRate("mask-rate", List.of(0.15, 0.4)));
    }

    // ---- evaluation

    @Override
    public Optional<HiddenTokens> hiddenTokens() {
        return Optional.of(this);
    }

    @Override
    public Corruption corruption(double rate, TextLayout layout) {
        return new MaskCorruption(new MaskedLanguageModeling(Math.max(rate, Double.MIN_NORMAL), false), layout);
    }

    /** For each text a batch, with a row for each of its words, in which that word is masked. */
    @Override
    public List<Question> eachWord(List<int[]> rows, TextLayout layout) {
        List<Question> questions = new ArrayList<>();
        for (int r = 0; r < rows.size(); r++) {
            int[] row = rows.get(r);
            List<int[]> masked = new ArrayList<>();
            TokenTargets.Builder words = new TokenTargets.Builder();
            for (int i = layout.firstWord(); i < layout.afterWords(row); i++) {
                int[] one = row.clone();
                one[i] = layout.vocabulary().maskId();
                words.add(masked.size() * row.length + i, row[i]);
                masked.add(one);
            }
            int padId = layout.vocabulary().padId();
            List<Targets> heads = List.of(words.build(From.OUTPUT));
            questions.add(new Question(TextBatch.of(Streams.BIDIRECTIONAL, masked, padId, heads), r));
        }
        return questions;
    }
}
