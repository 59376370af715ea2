package io.flm.worker.model;

import ai.djl.ndarray.NDArray;
import io.flm.data.ClassTargets;
import io.flm.data.ScoreTargets;
import io.flm.data.Targets;
import io.flm.data.TokenTargets;
import io.flm.worker.model.TextInput.Part;
import io.flm.worker.model.TextInput.RowPredictions;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
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
     * The weighted sum of all heads' losses (a scalar); then [2 * parts] of those that predict tokens, if there are any: the sums
     * of their parts, then the right predictions; then [2] of each other head.
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

    /**
     * By head of the batch, from what {@link #loss} said.
     *
     * @param parts of the heads that predict tokens
     */
    static Loss loss(List<Targets> heads, List<Part> parts, List<float[]> statistics) {
        Loss loss = Loss.none(heads.size());
        boolean asked = add(loss, heads, parts, statistics, part -> true);
        int next = asked ? 1 : 0;
        for (int head : rowHeads(heads)) {
            float[] its = statistics.get(next++);
            loss.targetCounts()[head] = heads.get(head).count();
            loss.sums()[head] = its[0];
            loss.correctCounts()[head] = (long) its[1];
        }
        return loss;
    }

    /**
     * The same of each source, of heads that predict tokens alone: whether a text matches a picture of another source is of neither.
     *
     * @param sources how many there are
     */
    static List<Loss> bySource(List<Targets> heads, List<Part> parts, List<float[]> statistics, int sources) {
        List<Loss> losses = new ArrayList<>();
        for (int i = 0; i < sources; i++) {
            int source = i;
            Loss loss = Loss.none(heads.size());
            add(loss, heads, parts, statistics, part -> part.source() == source);
            losses.add(loss);
        }
        return losses;
    }

    /** Adds parts; returns whether there are predictions of tokens. */
    private static boolean add(
            Loss loss, List<Targets> heads, List<Part> parts, List<float[]> statistics, Predicate<Part> wanted) {
        int[] tokenHeads = tokenHeads(heads);
        boolean asked = parts.stream().anyMatch(part -> part.count() > 0);
        for (int at = 0; asked && at < parts.size(); at++) {
            Part part = parts.get(at);
            if (wanted.test(part)) {
                int head = tokenHeads[part.head()];
                loss.targetCounts()[head] += part.count();
                loss.sums()[head] += statistics.get(0)[at];
                loss.correctCounts()[head] += (long) statistics.get(0)[parts.size() + at];
            }
        }
        return asked;
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
