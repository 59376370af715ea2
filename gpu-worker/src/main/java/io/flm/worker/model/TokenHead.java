package io.flm.worker.model;

import ai.djl.ndarray.NDArray;
import io.flm.worker.model.TextInput.TokenPredictions;
import java.util.List;

/** The output layers: features [N, H] -> logits [N, V]. All heads of an objective share them, as the three of FLM do. */
final class TokenHead {
    private final LayerParameters parameters;
    private final long hidden;

    /** @param prefix of its names, {@code lm_score.} or the like */
    TokenHead(ModelSettings settings, Parameters all, String prefix) {
        hidden = settings.hidden();
        parameters = all.of(Stage.PREDICT, prefix)
                .linear("transform.dense.", hidden, hidden)
                .norm("transform.LayerNorm.", hidden)
                .tensor("decoder.weight", settings.vocabulary(), hidden)
                .tensor("bias", Init.ZERO, settings.vocabulary());
    }

    LayerParameters layer() {
        return parameters;
    }

    /** [.., H] -> [N, V]. */
    NDArray logits(Kernels k, NDArray features) {
        return k.logits(features.reshape(-1, hidden), parameters.get());
    }

    /**
     * The weighted sum of the cross entropies (a scalar), and [2 * parts]: their sums by part, then the right predictions.
     *
     * @param weights of each prediction [N]
     */
    List<NDArray> loss(Kernels k, TokenPredictions predictions, NDArray weights, List<NDArray> features) {
        return k.tokenLoss(predictions, weights, features, parameters.get());
    }

    /** The log-probability of each target, and the likeliest token in its place. */
    List<NDArray> scores(Kernels k, TokenPredictions predictions, List<NDArray> features) {
        return k.tokenScores(predictions, features, parameters.get());
    }

    /** The likeliest next token of each row [R]. */
    NDArray best(Kernels k, NDArray column) {
        return k.columnBest(column, parameters.get());
    }

    /** The likeliest next tokens of each row, best first: their log-probabilities [R, count], and themselves. */
    List<NDArray> ranked(Kernels k, NDArray column, int count) {
        return k.columnRanked(column, parameters.get(), count);
    }

    /** A next token for each row [R], drawn by {@code draws}, uniform in [0, 1). */
    NDArray drawn(Kernels k, NDArray column, NDArray draws, double temperature, double topP) {
        return k.columnDrawn(column, parameters.get(), draws, temperature, topP);
    }
}
