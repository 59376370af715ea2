package io.flm.data;

import java.util.List;
import java.util.Locale;

/** What a model is trained to predict. */
public enum Objective {
    /** Free language modeling: two causal streams and the reconstructor; FLM (arXiv 2303.14038) §3. Heads: rec, l2r, r2l. */
    FLM("rec", "l2r", "r2l"),
    /** Masked language modeling on one bidirectional stream. Head: mlm. */
    MLM("mlm"),
    /** Autoregressive modeling: the l2r stream alone. Head: l2r. */
    AR("l2r");

    private final List<String> heads;

    Objective(String... heads) {
        this.heads = List.of(heads);
    }

    /** The number of predictions, which is the number of {@link TextBatch#heads()}. */
    public int headCount() {
        return heads.size();
    }

    /** The name of a prediction, as shown to users: {@code rec}, {@code l2r}, {@code r2l}, {@code mlm}. */
    public String headName(int head) {
        return heads.get(head);
    }

    /** The name in configuration and on the command line: {@code flm}, {@code mlm}, {@code ar}. */
    public String key() {
        return name().toLowerCase(Locale.ROOT);
    }
}
