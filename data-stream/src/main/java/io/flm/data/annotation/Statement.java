package io.flm.data.annotation;

import java.util.List;

/**
 * A sentence about pictures, and what is the case: whether it is true, or what follows for it from the picture.
 *
 * @param id of the example, for predictions
 * @param group the same of examples that are not drawn one by one: of NLVR2 the sentence of a set of pairs, which is consistent if all
 *     its pairs are right; of NLVR the example whose boxes are permuted, since six pictures of one scene are not six observations; of
 *     SNLI-VE the picture
 * @param pictures the keys of one picture or two
 * @param label the number of the class; {@link #UNLABELLED} where the file does not say
 */
public record Statement(String id, String group, List<String> pictures, String sentence, int label) {
    public static final int UNLABELLED = -1;

    public Statement {
        pictures = List.copyOf(pictures);
    }

    /** As an example: its label is a class. */
    public Annotated annotated() {
        return new Annotated(id, pictures, List.of(sentence), label == UNLABELLED ? new float[0] : new float[] {label});
    }
}
