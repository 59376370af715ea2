package io.flm.worker.model;

import ai.djl.ndarray.NDArray;
import io.flm.data.ClassTargets;
import io.flm.data.ScoreTargets;
import io.flm.data.Targets;
import io.flm.data.TokenTargets;
import io.flm.worker.model.TextInput.RowPredictions;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What a model predicts with. Heads of tokens share one {@link TokenHead}, as the three of FLM do; each other head has a {@link
 * ClassHead} of its own, and all of these read the class vectors of one {@link Pooler}.
 */
final class Heads {
    private final @Nullable TokenHead tokens;
    private final @Nullable Pooler pooler;
    private final List<ClassHead> classes = new ArrayList<>();

    Heads(ModelSettings settings, Parameters all, ModelParts parts) {
        tokens = parts.tokenHead() == null ? null : new TokenHead(settings, all, parts.tokenHead());
        pooler = parts.classifiers().isEmpty() ? null : new Pooler(settings, all, parts.reconstructor());
        parts.classifiers().forEach(c -> classes.add(new ClassHead(settings, all, c)));
    }

    /** The output layers of all heads that predict tokens. */
    TokenHead tokens() {
        if (tokens == null) {
            throw new IllegalStateException("this model predicts no tokens");
        }
        return tokens;
    }

    /**
     * The weighted sum of all heads' losses (a scalar); then [2 * heads] of those that predict tokens, if there are any: their sums,
     * then their right predictions; then [2] of each other head.
     *
     * @param tokenWeights of each prediction of a token
     * @param rowWeights of a prediction of each other head
     */
    List<NDArray> loss(Kernels k, TextInput text, NDArray tokenWeights, double[] rowWeights, List<NDArray> features) {
        List<NDArray> losses = new ArrayList<>();
        List<NDArray> statistics = new ArrayList<>();
        if (text.tokens().asked()) {
            List<NDArray> of = tokens().loss(k, text.tokens(), tokenWeights, features);
            losses.add(of.get(0));
            statistics.add(of.get(1));
        }
        if (!text.wholeRows().isEmpty()) {
            NDArray pooled = pooled(k, features);
            for (int i = 0; i < text.wholeRows().size(); i++) {
                List<NDArray> of = classes.get(i).loss(k, text.wholeRows().get(i), rowWeights[i], pooled);
                losses.add(of.get(0));
                statistics.add(of.get(1));
            }
        }
        List<NDArray> all = new ArrayList<>();
        all.add(losses.stream().reduce(k::sum).orElseThrow());
        all.addAll(statistics);
        return all;
    }

    /** By head of the batch, from what {@link #loss} said. */
    static Loss loss(List<Targets> heads, List<float[]> statistics) {
        Loss loss = Loss.none(heads.size());
        int[] tokenHeads = tokenHeads(heads);
        int next = 0;
        boolean asked = IntStream.of(tokenHeads).anyMatch(h -> heads.get(h).count() > 0);
        float[] ofTokens = asked ? statistics.get(next++) : new float[2 * tokenHeads.length];
        int token = 0;
        for (int head = 0; head < heads.size(); head++) {
            loss.targetCounts()[head] = heads.get(head).count();
            boolean isToken = heads.get(head) instanceof TokenTargets;
            float[] its = isToken ? ofTokens : statistics.get(next++);
            int at = isToken ? token++ : 0;
            loss.sums()[head] = its[at];
            loss.correctCounts()[head] = (long) its[at + its.length / 2];
        }
        return loss;
    }

    static int[] tokenHeads(List<Targets> heads) {
        return IntStream.range(0, heads.size())
                .filter(h -> heads.get(h) instanceof TokenTargets)
                .toArray();
    }

    static int[] rowHeads(List<Targets> heads) {
        return IntStream.range(0, heads.size())
                .filter(h -> heads.get(h) instanceof ClassTargets || heads.get(h) instanceof ScoreTargets)
                .toArray();
    }

    /** Of each head that predicts something of whole rows, [N, A]. */
    List<NDArray> classLogits(Kernels k, List<RowPredictions> asked, List<NDArray> features) {
        NDArray pooled = pooled(k, features);
        List<NDArray> logits = new ArrayList<>();
        for (int i = 0; i < asked.size(); i++) {
            logits.add(k.observe("class." + i, classes.get(i).logits(k, asked.get(i), pooled)));
        }
        return logits;
    }

    private NDArray pooled(Kernels k, List<NDArray> features) {
        return Objects.requireNonNull(pooler, "this model has no classifier").pool(k, features.get(0));
    }
}
