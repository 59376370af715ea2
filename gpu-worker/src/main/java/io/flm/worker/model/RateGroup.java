package io.flm.worker.model;

/** Parameters that learn at one rate; the optimizer's settings say how much faster than the base rate. */
public enum RateGroup {
    /** The encoders and the type rows: pretrained in the official model, or as good as. */
    BASE,
    /** Cross-modal and reconstructor layers and the poolers: they begin at random. */
    FAST,
    /** Whatever makes predictions of the features. */
    HEAD
}
