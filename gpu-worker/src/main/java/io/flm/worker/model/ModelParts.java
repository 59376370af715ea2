package io.flm.worker.model;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which parts a model has beside the encoders and the fusion.
 *
 * @param reconstructor whether the reconstructor reads both streams
 * @param tokenHead the prefix of the token head's parameters; null if no tokens are predicted
 * @param classifiers one for each head that predicts something of whole rows, in the order of the heads
 * @param pairs whether pictures come in pairs, and the second one has a type row of its own
 */
public record ModelParts(
        boolean reconstructor, @Nullable String tokenHead, List<Classifier> classifiers, boolean pairs) {

    /**
     * Output layers that read class vectors.
     *
     * @param prefix of its parameters' names
     * @param wide whether a layer of width 2H comes before the output, with norm and GELU
     * @param joined class vectors that a prediction reads side by side
     * @param outputs numbers of a prediction
     */
    public record Classifier(String prefix, boolean wide, int joined, int outputs) {}

    public ModelParts {
        classifiers = List.copyOf(classifiers);
    }

    /** Parts that predict tokens alone. */
    public static ModelParts ofTokens(boolean reconstructor, String tokenHead) {
        return new ModelParts(reconstructor, tokenHead, List.of(), false);
    }

    /** The same with one more classifier. */
    public ModelParts with(Classifier classifier) {
        List<Classifier> more = new ArrayList<>(classifiers);
        more.add(classifier);
        return new ModelParts(reconstructor, tokenHead, more, pairs);
    }

    /** The same without the head that predicts tokens. */
    public ModelParts withoutTokens() {
        return new ModelParts(reconstructor, null, classifiers, pairs);
    }

    /** The same without classifiers. */
    public ModelParts withoutClassifiers() {
        return new ModelParts(reconstructor, tokenHead, List.of(), pairs);
    }

    /** The same for pairs of pictures. */
    public ModelParts ofPairs() {
        return new ModelParts(reconstructor, tokenHead, classifiers, true);
    }
}
