package io.flm.exchange;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Adds the sums of subtrees up to the root of the {@link LaneTree}. Whatever the subtrees, one float of the result goes
 * through the same additions in the same order, so its bits depend on the lanes only. Each float is added on its own: any
 * range may be added by any thread or host, in any order of ranges.
 *
 * <p>Immutable but for {@link Scratch}, of which each thread has its own.
 */
public final class TreeSum {
    /** Floats added at a time: a handful of such blocks stays in the first-level cache. */
    private static final int BLOCK = 1024;

    /** In the program: add the two upper blocks of the stack. Any other entry: push this leaf. */
    private static final int ADD = -1;

    private final int[] program;
    private final int depth;
    private final Codec codec;

    private TreeSum(int[] program, int depth, Codec codec) {
        this.program = program;
        this.depth = depth;
        this.codec = codec;
    }

    int leafCount() {
        return (program.length + 1) / 2;
    }

    /** Where a leaf's values come from; read in blocks, each once. */
    interface Leaf {
        /** Copies the values {@code from} to {@code from + count} of the segment. */
        void get(int from, float[] into, int count);
    }

    /** Where sums go; written in blocks, each once. */
    interface Sum {
        void put(int from, float[] values, int count);
    }

    /**
     * Plans the additions up to the root.
     *
     * @param leaves subtrees in lane order that cover all lanes; as many and as small as their holders like
     * @throws IllegalArgumentException if they are no subtrees, or lanes are missing or doubled
     */
    public static TreeSum of(List<LaneRange> leaves, int laneCount, Codec codec) {
        return of(leaves, new LaneRange(0, laneCount), laneCount, codec);
    }

    /** Plans the additions up to {@code root}, which the leaves cover. */
    static TreeSum of(List<LaneRange> leaves, LaneRange root, int laneCount, Codec codec) {
        List<LaneRange> stack = new ArrayList<>();
        int[] program = new int[2 * leaves.size()];
        int length = 0;
        int depth = 0;
        for (int leaf = 0; leaf < leaves.size(); leaf++) {
            stack.add(leaves.get(leaf));
            program[length++] = leaf;
            depth = Math.max(depth, stack.size());
            for (int top = stack.size() - 1;
                    top > 0 && LaneTree.areSiblings(stack.get(top - 1), stack.get(top), laneCount);
                    top--) {
                LaneRange right = stack.remove(top);
                stack.set(top - 1, new LaneRange(stack.get(top - 1).from(), right.to()));
                program[length++] = ADD;
            }
        }
        if (!stack.equals(List.of(root))) {
            throw new IllegalArgumentException(
                    leaves + " are not the subtrees of lanes " + root.from() + " to " + root.to());
        }
        return new TreeSum(Arrays.copyOf(program, length), depth, codec);
    }

    /** The blocks that a thread adds in; kept between calls. */
    public static final class Scratch {
        private float[][] stack = {};

        private float[][] stack(int depth) {
            if (stack.length < depth) {
                stack = new float[depth][BLOCK];
            }
            return stack;
        }
    }

    /**
     * Adds the floats {@code from} to {@code to} (exclusive) of the leaves, by absolute index.
     *
     * @param leaves the values of the planned leaves, in their order
     * @param sum written at the same indices; may be one of the leaves
     */
    public void add(List<FloatBuffer> leaves, int from, int to, FloatBuffer sum, Scratch scratch) {
        add(leaves, from, to, (at, values, count) -> sum.put(at, values, 0, count), scratch);
    }

    /** As above, to any place. */
    void add(List<FloatBuffer> leaves, int from, int to, Sum sum, Scratch scratch) {
        Leaf[] sources = new Leaf[leaves.size()];
        for (int leaf = 0; leaf < sources.length; leaf++) {
            FloatBuffer values = leaves.get(leaf);
            sources[leaf] = (at, into, count) -> values.get(at, into, 0, count);
        }
        add(sources, from, to, sum, scratch);
    }

    /** As above, from any places; {@code sum} may write where a leaf reads. */
    void add(Leaf[] leaves, int from, int to, Sum sum, Scratch scratch) {
        float[][] stack = scratch.stack(depth);
        for (int start = from; start < to; start += BLOCK) {
            int count = Math.min(BLOCK, to - start);
            int top = -1;
            for (int instruction : program) {
                if (instruction == ADD) {
                    top--;
                    if (codec == Codec.FP32) {
                        add(stack[top], stack[top + 1], count);
                    } else {
                        addBf16(stack[top], stack[top + 1], count);
                    }
                } else {
                    leaves[instruction].get(start, stack[++top], count);
                }
            }
            sum.put(start, stack[0], count);
        }
    }

    private static void add(float[] left, float[] right, int count) {
        for (int index = 0; index < count; index++) {
            left[index] += right[index];
        }
    }

    private static void addBf16(float[] left, float[] right, int count) {
        for (int index = 0; index < count; index++) {
            left[index] = Codec.BF16.round(left[index] + right[index]);
        }
    }
}
