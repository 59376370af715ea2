package io.flm.worker.model;

import java.util.Locale;

/** What the feed-forward layers of the image encoder have between their two products. */
public enum Activation {
    /** {@code x * sigmoid(1.702 * x)}: CLIP of OpenAI, and of the paper (FLM §4.1). */
    QUICK_GELU,
    /** The exact one, by the error function: CLIP as open_clip trains it by default, such as LAION's. */
    GELU;

    /** The key that says which. */
    public static final String KEY = "flm.model.image-activation";

    /** By the key's word. */
    static Activation of(String word) {
        return valueOf(word.toUpperCase(Locale.ROOT).replace('-', '_'));
    }

    /** The key's word: {@code quick-gelu}. */
    public String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
