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

    private TreeSum(int[] program, int depth) {
        this.program = program;
        this.depth = depth;
    }

    /**
     * Plans the additions.
     *
     * @param leaves subtrees in lane order that cover all lanes; as many and as small as their holders like
     * @throws IllegalArgumentException where they are no subtrees, or lanes are missing or doubled
     */
    public static TreeSum of(List<LaneRange> leaves, int laneCount) {
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
        if (!stack.equals(List.of(new LaneRange(0, laneCount)))) {
            throw new IllegalArgumentException(leaves + " are not the subtrees of lanes 0 to " + laneCount);
        }
        return new TreeSum(Arrays.copyOf(program, length), depth);
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
        float[][] stack = scratch.stack(depth);
        for (int start = from; start < to; start += BLOCK) {
            int count = Math.min(BLOCK, to - start);
            int top = -1;
            for (int instruction : program) {
                if (instruction == ADD) {
                    top--;
                    add(stack[top], stack[top + 1], count);
                } else {
                    leaves.get(instruction).get(start, stack[++top], 0, count);
                }
            }
            sum.put(start, stack[0], 0, count);
        }
    }

    private static void add(float[] left, float[] right, int count) {
        for (int index = 0; index < count; index++) {
            left[index] += right[index];
        }
    }
}
