package io.flm.example;

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

/** Predicts the last token of each text's words from those before it: the l2r stream, with one prediction a text. */
record LastWord() implements Objective {
    @Override
    public String key() {
        return "last-word";
    }

    @Override
    public String setting() {
        return "";
    }

    @Override
    public List<Head> heads() {
        return List.of(new Head("last", Predicts.TOKEN, 1));
    }

    @Override
    public ModelParts parts() {
        return ModelParts.ofTokens(false, "lm_score.");
    }

    /** Position r * L + c predicts what is in column c + 1. Column 0 predicts nothing: it sees the whole text. */
    @Override
    public Corruption corruption(TextLayout layout) {
        return (samples, random) -> {
            TextBatch batch = whole(Sample.captions(samples), layout);
            TokenTargets.Builder last = new TokenTargets.Builder();
            for (int r = 0; r < batch.rows(); r++) {
                int[] row = samples.get(r).texts().get(0);
                int column = layout.afterWords(row) - 1;
                if (column > 1) {
                    last.add(r * batch.length() + column - 1, row[column]);
                }
            }
            return batch.withHeads(List.of(last.build(From.OUTPUT)));
        };
    }

    @Override
    public TextBatch whole(List<int[]> rows, TextLayout layout) {
        return TextBatch.of(Streams.LEFT_TO_RIGHT, rows, layout.vocabulary().padId(), List.of());
    }

    /** Of a text of one word, all of it. */
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
