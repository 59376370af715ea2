package io.flm.worker.checkpoint;

import java.util.Arrays;

/**
 * Where a tensor lies in a safetensors file.
 *
 * @param shape empty for a scalar
 * @param offset of its first byte, counted from the end of the header
 */
public record TensorInfo(String name, TensorType type, long[] shape, long offset, long sizeBytes) {
    public long elementCount() {
        return sizeBytes / type.sizeBytes();
    }

    /** For messages: {@code embeddings.weight F32 [120, 32]}. */
    @Override
    public String toString() {
        return name + " " + type + " " + Arrays.toString(shape);
    }
}
