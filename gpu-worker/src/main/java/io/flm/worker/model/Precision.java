package io.flm.worker.model;

/** The type of the matrix products. Weights, residuals, norms, losses and gradients are float32 in either case. */
public enum Precision {
    FP32(6),
    BF16(15);

    private final int scalarType; // PyTorch's number

    Precision(int scalarType) {
        this.scalarType = scalarType;
    }

    int scalarType() {
        return scalarType;
    }
}
