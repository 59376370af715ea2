package io.flm.worker.objective.ar;

import io.flm.data.Corruption;
import io.flm.data.Sample;
import io.flm.data.Streams;
import io.flm.data.TextBatch;
import io.flm.data.TextLayout;
import io.flm.data.TokenTargets;
import io.flm.data.TokenTargets.From;
import io.flm.worker.model.ModelParts;
import io.flm.worker.objective.Head;
import io.flm.worker.objective.Head.Predicts;
import io.flm.worker.objective.HiddenTokens;
import io.flm.worker.objective.Objective;
import java.util.List;
import java.util.Optional;

/** Autoregressive modeling: the l2r stream alone, in which each token predicts the next one. Nothing is hidden. */
public record AutoregressiveModeling() implements Objective {
    /** One stream, and the head that the l2r stream of flm has. */
    public static final ModelParts PARTS = ModelParts.ofTokens(false, "lm_score.");

    @Override
    public String key() {
        return "ar";
    }

    @Override
    public String setting() {
        return "";
    }

    @Override
    public List<Head> heads() {
        return List.of(new Head("l2r", Predicts.TOKEN, 1));
    }

    @Override
    public ModelParts parts() {
        return PARTS;
    }

    @Override
    public Corruption corruption(TextLayout layout) {
        return (samples, random) -> plan(Sample.captions(samples), layout);
    }

    /** Each token after {@code <s>} predicts the next one: hidden from that are itself and those to its right. */
    private static TextBatch plan(List<int[]> rows, TextLayout layout) {
        int length = TextBatch.longest(rows);
        TokenTargets.Builder next = new TokenTargets.Builder();
        for (int r = 0; r < rows.size(); r++) {
            int[] row = rows.get(r);
            next.text(layout.predictable(row));
            for (int i = 2; i < row.length; i++) {
                next.add(r * length + i - 1, row[i], row.length - 1, row.length - i);
            }
        }
        int padId = layout.vocabulary().padId();
        return TextBatch.of(Streams.LEFT_TO_RIGHT, rows, padId, List.of(next.build(From.OUTPUT)));
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
    public boolean hasLeftToRightStream() {
        return true;
    }

    @Override
    public Optional<HiddenTokens> hiddenTokens() {
        return Optional.empty();
    }
}
