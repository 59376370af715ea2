package io.flm.exchange;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;

/** The values of a frame, read and written where they lie, in the spec's codec. One object serves frame after frame. */
final class FrameValues implements TreeSum.Leaf, TreeSum.Sum {
    private static final int BLOCK = 1024;

    private final Codec codec;
    private final float[] block = new float[BLOCK];
    private final short[] halves = new short[BLOCK];
    private FloatBuffer floats = FloatBuffer.allocate(0);
    private ShortBuffer shorts = ShortBuffer.allocate(0);
    private int first;

    FrameValues(Codec codec) {
        this.codec = codec;
    }

    /** @param firstIndex of the first value in its segment */
    FrameValues wrap(ByteBuffer bytes, int firstIndex) {
        first = firstIndex;
        if (codec == Codec.FP32) {
            floats = bytes.asFloatBuffer();
        } else {
            shorts = bytes.asShortBuffer();
        }
        return this;
    }

    @Override
    public void get(int from, float[] into, int count) {
        if (codec == Codec.FP32) {
            floats.get(from - first, into, 0, count);
            return;
        }
        shorts.get(from - first, halves, 0, count);
        for (int index = 0; index < count; index++) {
            into[index] = Codec.toFloat(halves[index]);
        }
    }

    /** Copies the frame's values of index {@code from} on to a buffer, where they begin at {@code offset}. */
    void copyTo(FloatBuffer to, int offset, int from, int count) {
        if (codec == Codec.FP32) {
            to.put(offset, floats, from - first, count);
            return;
        }
        for (int done = 0; done < count; done += BLOCK) {
            int some = Math.min(BLOCK, count - done);
            get(from + done, block, some);
            to.put(offset + done, block, 0, some);
        }
    }

    /** Copies values that begin at {@code offset} of a buffer to the frame, as those of index {@code from} on. */
    void copyFrom(FloatBuffer source, int offset, int from, int count) {
        if (codec == Codec.FP32) {
            floats.put(from - first, source, offset, count);
            return;
        }
        for (int done = 0; done < count; done += BLOCK) {
            int some = Math.min(BLOCK, count - done);
            source.get(offset + done, block, 0, some);
            put(from + done, block, some);
        }
    }

    @Override
    public void put(int from, float[] values, int count) {
        if (codec == Codec.FP32) {
            floats.put(from - first, values, 0, count);
            return;
        }
        int lost = 0;
        for (int index = 0; index < count; index++) {
            int bits = Float.floatToRawIntBits(values[index]);
            lost |= bits;
            halves[index] = (short) (bits >>> 16);
        }
        if ((lost & 0xffff) != 0) {
            throw new IllegalArgumentException("a contribution that is not rounded to " + codec
                    + ": nodes would add different values; round each lane's gradient");
        }
        shorts.put(from - first, halves, 0, count);
    }
}
