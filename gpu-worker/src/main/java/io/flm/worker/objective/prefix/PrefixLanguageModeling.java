package io.flm.worker.objective.prefix;

import io.flm.data.Corruption;
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
 * Prefix language modeling on one stream: the first tokens of a text see each other, each token after them sees those before it,
 * and is predicted by the column before it; SimVLM (arXiv 2108.10904) §3.
 *
 * <p>A text without a prefix is read as the l2r stream reads it, so its models tell how likely a text is, and write captions.
 */
public record PrefixLanguageModeling() implements Objective {
    /** One stream, and the head that the l2r stream of flm has. */
    public static final ModelParts PARTS = ModelParts.ofTokens(false, "lm_score.");

    @Override
    public String key() {
        return "prefix-lm";
    }

    @Override
    public String setting() {
        return "";
    }

    @Override
    public List<Head> heads() {
        return List.of(new Head("prefix", Predicts.TOKEN, 1));
    }

    @Override
    public ModelParts parts() {
        return PARTS;
    }

    @Override
    public Corruption corruption(TextLayout layout) {
        return new CutCorruption(layout);
    }

    /** The prefix is the whole text. */
    @Override
    public TextBatch whole(List<int[]> rows, TextLayout layout) {
        int[] lengths = rows.stream().mapToInt(row -> row.length).toArray();
        return TextBatch.of(
                new Streams.Prefix(lengths), rows, layout.vocabulary().padId(), List.of());
    }

    /** Half of a text on average, as cuts are uniform. */
    @Override
    public double predictionRate() {
        return 0.5;
    }

    @Override
    public boolean hasLeftToRightStream() {
        return true;
    }

    /** None: a token that is predicted has seen no token after it. */
    @Override
    public Optional<HiddenTokens> hiddenTokens() {
        return Optional.empty();
    }
}
