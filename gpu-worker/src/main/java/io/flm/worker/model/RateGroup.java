package io.flm.worker.model;

/** Parameters that learn at one rate; the optimizer's settings say how much faster than the base rate. */
public enum RateGroup {
    /** The encoders: pretrained in the official model. */
    BASE,
    /** Cross-modal and fusion layers and the heads: they begin at random. */
    FAST
}
