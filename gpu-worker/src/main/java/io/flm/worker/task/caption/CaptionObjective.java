package io.flm.worker.task.caption;

import io.flm.data.Corruption;
import io.flm.data.Sample;
import io.flm.data.Streams;
import io.flm.data.TextBatch;
import io.flm.data.TextLayout;
import io.flm.worker.model.ModelParts;
import io.flm.worker.objective.Head;
import io.flm.worker.objective.Head.Predicts;
import io.flm.worker.objective.HiddenTokens;
import io.flm.worker.objective.Objective;
import java.util.List;
import java.util.Optional;

/**
 * Captioning: the l2r stream predicts each token of a caption from those before it and the picture. A reconstructor is left out: it
 * would see the answer.
 *
 * @param pretrained with what the model was pretrained
 */
record CaptionObjective(Objective pretrained) implements Objective {
    @Override
    public String key() {
        return "caption";
    }

    @Override
    public String setting() {
        return "pretrained by " + pretrained.key();
    }

    @Override
    public List<Head> heads() {
        return List.of(new Head("l2r", Predicts.TOKEN, 1));
    }

    @Override
    public ModelParts parts() {
        return ModelParts.ofTokens(false, "lm_score.");
    }

    @Override
    public Corruption corruption(TextLayout layout) {
        int padId = layout.vocabulary().padId();
        return (samples, random) -> TextBatch.leftToRight(Sample.captions(samples), padId);
    }

    @Override
    public TextBatch whole(List<int[]> rows, TextLayout layout) {
        return TextBatch.of(Streams.LEFT_TO_RIGHT, rows, layout.vocabulary().padId(), List.of());
    }

    @Override
    public double predictionRate() {
        return 1;
    }

    @Override
    public Optional<HiddenTokens> hiddenTokens() {
        return Optional.empty();
    }

    @Override
    public boolean hasLeftToRightStream() {
        return true;
    }
}
