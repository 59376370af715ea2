package io.flm.exchange;

import java.util.Locale;

/**
 * How a gradient's values are held and sent. Every sum of a subtree is representable in the codec, because every addition of
 * the {@link LaneTree} rounds to it: so sending loses nothing, and the sums do not depend on which node added what.
 */
public enum Codec {
    /** IEEE single precision: four bytes a value, additions rounded as the machine does. */
    FP32(Float.BYTES),

    /** The upper half of a single: two bytes a value, 8 bits of precision. Lane gradients and every sum are rounded to it. */
    BF16(Short.BYTES);

    private final int bytes;

    Codec(int bytes) {
        this.bytes = bytes;
    }

    /** Bytes of a value on the transport. */
    public int bytes() {
        return bytes;
    }

    /** The value as this codec holds it: to nearest, ties to even; a NaN stays one. */
    public float round(float value) {
        return this == FP32 ? value : toFloat(toBf16(value));
    }

    /** Reads the configuration's word. */
    public static Codec of(String word) {
        for (Codec codec : values()) {
            if (codec.name().equalsIgnoreCase(word)) {
                return codec;
            }
        }
        throw new IllegalArgumentException("flm.exchange.codec = " + word + ": give fp32 or bf16");
    }

    static short toBf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        int rounded = (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
        // Rounding could carry a NaN's bits over into an infinity.
        return (short) ((bits & 0x7fffffff) > 0x7f800000 ? (bits >>> 16) | 0x40 : rounded);
    }

    static float toFloat(short bf16) {
        return Float.intBitsToFloat(bf16 << 16);
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
