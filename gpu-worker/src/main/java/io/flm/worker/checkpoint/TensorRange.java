package io.flm.worker.checkpoint;

/**
 * A named tensor as a range of the flat buffers.
 *
 * @param offset of its first value, in floats
 */
public record TensorRange(String name, long offset, long[] shape) {
    public long count() {
        return SafetensorsHeader.sizeBytes(TensorType.F32, shape) / Float.BYTES;
    }
}
