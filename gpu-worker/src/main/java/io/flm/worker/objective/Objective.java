package io.flm.worker.objective;

import io.flm.data.Corruption;
import io.flm.data.TextBatch;
import io.flm.data.TextLayout;
import io.flm.worker.model.ModelParts;
import java.util.List;
import java.util.Optional;

/** What a model is trained to predict, with its settings. */
public interface Objective {
    /** The name in configuration and on the command line: {@code flm}, {@code mlm}, {@code ar}, {@code prefix-lm}. */
    String key();

    /** Its setting in a few words, for people: {@code span rate 0.3}. Empty if it has none. */
    String setting();

    /** What is predicted, in the order of {@link io.flm.data.TextBatch#heads}. */
    List<Head> heads();

    /** The parts of the model that it trains. */
    ModelParts parts();

    /** What it hides of texts, and what is to be predicted. */
    Corruption corruption(TextLayout layout);

    /**
     * Texts read as wholes, with nothing hidden and nothing predicted yet: what class vectors are made of. As the model was trained to
     * read, so that a task finds what pretraining left.
     */
    TextBatch whole(List<int[]> rows, TextLayout layout);

    /**
     * The prediction rate that is asked for: the share of a text's tokens that each head predicts. Memory is estimated by it; what comes
     * of it is measured, {@link io.flm.data.CorruptionCounts}.
     */
    double predictionRate();

    /** Rows of a batch that a text takes: more than 1 if it is read several times, beside the same picture or another one. */
    default double rowsPerText() {
        return 1;
    }

    /** Those of them whose class vector a head reads. */
    default double classRowsPerText() {
        return 0;
    }

    /** Pictures of a sample. */
    default int picturesPerSample() {
        return 1;
    }

    /** How its models are asked for hidden tokens; empty if they see the left of a token only. */
    Optional<HiddenTokens> hiddenTokens();

    /** Whether its models have an l2r stream, which tells how likely a text is, and writes captions. */
    boolean hasLeftToRightStream();

    /** Its corruption rate, where it has one that is worth tuning. */
    default Optional<TunedRate> tunedRate() {
        return Optional.empty();
    }

    // ---- of all objectives

    /** The names of the heads. */
    default List<String> headNames() {
        return heads().stream().map(Head::name).toList();
    }

    /** The weights of the heads. */
    default double[] headWeights() {
        return heads().stream().mapToDouble(Head::weight).toArray();
    }
}
