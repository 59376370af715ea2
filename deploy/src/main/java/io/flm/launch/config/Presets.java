package io.flm.launch.config;

import java.util.List;

/** The configurations that ship with the program. */
public final class Presets {
    /** What trains when nothing is said. */
    public static final String DEFAULT = "emoji";

    public static final List<String> NAMES = List.of("emoji", "mid", "headline", "tiny");

    /**
     * What the presets set for the data that ship with the program. Data of one's own have nothing to do with these values: emoji
     * are not what they are judged on, nor turned like.
     */
    private static final List<String> OF_THEIR_DATA =
            List.of("flm.data.eval-paths", "flm.data.tokenizer", "flm.data.captions", "flm.data.augment.");

    /** Of data of one's own that come without held-out data. */
    public static final double HOLD_OUT = 0.01;

    /**
     * The learning rate of a fine-tuning over that of the pretraining: what was learnt should stay, and pretraining's own rate, times a
     * head's factor, undoes it.
     */
    public static final double FINE_TUNING_RATE = 0.125;

    /** RandAugment, made for photographs, leaves too little of smaller pictures; pixels a side. */
    public static final int RAND_AUGMENTED_SIDE = 128;

    private Presets() {}

    /** Whether a preset's value of a key goes with the preset's data only. */
    static boolean isOfTheirData(String key) {
        return OF_THEIR_DATA.stream().anyMatch(of -> of.endsWith(".") ? key.startsWith(of) : key.equals(of));
    }

    static String resource(String name) {
        return "presets/" + name + ".conf";
    }
}
