package io.flm.worker.weights;

/** Which part of the model a file is to fill. */
public enum Part {
    /** The image encoder. */
    IMAGE("vit_model.visual."),
    /** The text embedding and the text layers below the fusion. */
    TEXT("text_transformer."),
    /** As much as there is, both encoders at least. */
    WHOLE("");

    private final String prefix;

    Part(String prefix) {
        this.prefix = prefix;
    }

    /** Whether a tensor of the model is of this part. */
    boolean has(String name) {
        return name.startsWith(prefix);
    }

    /** Whether a tensor of the model must be filled: with half an encoder at random nothing is gained. */
    boolean needs(String name) {
        return this == WHOLE ? IMAGE.has(name) || TEXT.has(name) : has(name);
    }
}
