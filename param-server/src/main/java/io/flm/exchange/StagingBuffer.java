package io.flm.exchange;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import org.agrona.BufferUtil;
import org.jspecify.annotations.Nullable;

/**
 * Floats of a segment that wait to be added, sent or copied, by their index in it. The memory comes in blocks, each when something
 * is first put into it: all at once it would hold up the transport for longer than others wait for a sign of life.
 */
final class StagingBuffer implements TreeSum.Leaf, TreeSum.Sum, AutoCloseable {
    private static final int BLOCK = 1 << 20; // floats

    private @Nullable Block[] blocks = {};
    private int base;

    private record Block(ByteBuffer bytes, FloatBuffer floats) {}

    /** A part of a block: the float of index {@code from} is at {@code offset}. */
    interface Part {
        void use(FloatBuffer block, int offset, int from, int count);
    }

    /** From now on for the floats {@code from} to {@code to} (exclusive); what was there is of no interest any more. */
    StagingBuffer of(int from, int to) {
        base = from;
        int count = (to - from + BLOCK - 1) / BLOCK;
        if (blocks.length < count) {
            blocks = Arrays.copyOf(blocks, count);
        }
        return this;
    }

    /** Visits the blocks that hold the floats {@code from} to {@code to} (exclusive). */
    void each(int from, int to, Part part) {
        for (int at = from; at < to; ) {
            int offset = (at - base) % BLOCK;
            int count = Math.min(to - at, BLOCK - offset);
            part.use(block((at - base) / BLOCK), offset, at, count);
            at += count;
        }
    }

    private FloatBuffer block(int index) {
        Block block = blocks[index];
        if (block == null) {
            ByteBuffer bytes = ByteBuffer.allocateDirect(BLOCK * Float.BYTES).order(ByteOrder.nativeOrder());
            block = new Block(bytes, bytes.asFloatBuffer());
            blocks[index] = block;
        }
        return block.floats();
    }

    @Override
    public void get(int from, float[] into, int count) {
        each(from, from + count, (block, offset, at, some) -> block.get(offset, into, at - from, some));
    }

    @Override
    public void put(int from, float[] values, int count) {
        each(from, from + count, (block, offset, at, some) -> block.put(offset, values, at - from, some));
    }

    /** Gives the memory back. */
    @Override
    public void close() {
        for (Block block : blocks) {
            if (block != null) {
                BufferUtil.free(block.bytes());
            }
        }
        blocks = new Block[0];
    }
}
