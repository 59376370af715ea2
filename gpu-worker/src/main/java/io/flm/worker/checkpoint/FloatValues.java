package io.flm.worker.checkpoint;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/** Floating-point values of files as fp32. */
public final class FloatValues {
    private FloatValues() {}

    /** Whether it is one of those that are converted: F16, BF16, F32, F64. */
    public static boolean isFloat(TensorType type) {
        return switch (type) {
            case F16, BF16, F32, F64 -> true;
            default -> false;
        };
    }

    /**
     * Converts all of {@code from}, in its byte order.
     *
     * @throws IllegalArgumentException if the type is none of these
     */
    public static void convert(TensorType type, ByteBuffer from, FloatBuffer into) {
        switch (type) {
            case F32 -> into.put(from.asFloatBuffer());
            case BF16 -> {
                while (from.hasRemaining()) {
                    into.put(Float.intBitsToFloat(from.getShort() << 16));
                }
            }
            case F16 -> {
                while (from.hasRemaining()) {
                    into.put(halfToFloat(from.getShort()));
                }
            }
            case F64 -> {
                while (from.hasRemaining()) {
                    into.put((float) from.getDouble());
                }
            }
            default -> throw new IllegalArgumentException(type + " is no floating-point type");
        }
    }

    /** IEEE 754 binary16: 5 bits of exponent with bias 15, 10 of fraction. */
    private static float halfToFloat(short half) {
        int exponent = (half >> 10) & 0x1f;
        int fraction = half & 0x3ff;
        float magnitude = switch (exponent) {
            case 0 -> fraction * 0x1p-24f;
            case 0x1f -> Float.intBitsToFloat(0x7f80_0000 | fraction << 13);
            default -> Float.intBitsToFloat((exponent + 127 - 15) << 23 | fraction << 13);
        };
        return half < 0 ? -magnitude : magnitude;
    }
}
