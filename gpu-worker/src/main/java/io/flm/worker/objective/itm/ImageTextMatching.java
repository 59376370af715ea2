package io.flm.worker.objective.itm;

import com.typesafe.config.Config;
import io.flm.data.Corruption;
import io.flm.data.TextBatch;
import io.flm.data.TextLayout;
import io.flm.worker.model.ModelParts;
import io.flm.worker.model.ModelParts.Classifier;
import io.flm.worker.objective.Head;
import io.flm.worker.objective.Head.Predicts;
import io.flm.worker.objective.HiddenTokens;
import io.flm.worker.objective.Objective;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Image-text matching, added to another objective: every text is read once more, as a whole, half of them beside a picture of
 * another sample, and its class vector tells which. UNITER (arXiv 1909.11740) §3.2, METER (arXiv 2111.02387) §3.3.
 *
 * <p>Pictures are encoded once: the second reading sees the features that the first one did. Its class vector is the
 * reconstructor's in a model that has one, else that of the one stream.
 *
 * @param base the other objective, which says how texts are read
 * @param weight of a matching prediction beside a prediction of a token
 */
public record ImageTextMatching(Objective base, double weight) implements Objective {
    /** Two classes, named as in the official implementation. */
    public static final Classifier CLASSIFIER = new Classifier("itm_score.fc.", false, 1, 2);

    /** The objective, with matching if {@code flm.train.matching} is on. */
    public static Objective added(Objective base, Config train) {
        return train.getBoolean("matching") ? new ImageTextMatching(base, train.getDouble("matching-weight")) : base;
    }

    @Override
    public String key() {
        return base.key();
    }

    @Override
    public String setting() {
        String its = base.setting();
        return (its.isEmpty() ? "" : its + ", ") + "matching weight " + weight;
    }

    @Override
    public List<Head> heads() {
        List<Head> heads = new ArrayList<>(base.heads());
        heads.add(new Head("itm", Predicts.CLASS, weight));
        return heads;
    }

    @Override
    public ModelParts parts() {
        return base.parts().with(CLASSIFIER);
    }

    @Override
    public Corruption corruption(TextLayout layout) {
        return new MatchingCorruption(base, layout);
    }

    @Override
    public TextBatch whole(List<int[]> rows, TextLayout layout) {
        return base.whole(rows, layout);
    }

    @Override
    public double predictionRate() {
        return base.predictionRate();
    }

    @Override
    public double rowsPerText() {
        return base.rowsPerText() + 1;
    }

    @Override
    public double classRowsPerText() {
        return 1;
    }

    @Override
    public Optional<HiddenTokens> hiddenTokens() {
        return base.hiddenTokens();
    }

    @Override
    public boolean hasLeftToRightStream() {
        return base.hasLeftToRightStream();
    }
}
