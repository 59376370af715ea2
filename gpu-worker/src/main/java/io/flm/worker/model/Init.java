package io.flm.worker.model;

/** How a tensor begins. */
sealed interface Init {
    Init ZERO = new Constant(0);
    Init ONE = new Constant(1);

    /** All values alike. */
    record Constant(double value) implements Init {}

    /** Normal with mean 0. */
    record Normal(double deviation) implements Init {}
}
