package io.flm.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TreeSumTest {
    private static final int FLOATS = 2_500; // three blocks of the adder, the last one short

    /** The sum by the tree's definition: the block of {@code size} lanes from {@code from} on, cut at the last lane. */
    static float[] recursiveSum(List<float[]> lanes, int from, int size) {
        return recursiveSum(lanes, from, size, Codec.FP32);
    }

    static float[] recursiveSum(List<float[]> lanes, int from, int size, Codec codec) {
        if (size == 1) {
            float[] leaf = lanes.get(from).clone();
            for (int index = 0; index < leaf.length; index++) {
                leaf[index] = codec.round(leaf[index]);
            }
            return leaf;
        }
        float[] left = recursiveSum(lanes, from, size / 2, codec);
        if (from + size / 2 < lanes.size()) {
            float[] right = recursiveSum(lanes, from + size / 2, size / 2, codec);
            for (int index = 0; index < left.length; index++) {
                left[index] = codec.round(left[index] + right[index]);
            }
        }
        return left;
    }

    /** Values of many magnitudes, so that another order gives other bits. */
    static List<float[]> laneGradients(int laneCount, int floats, Random random) {
        List<float[]> lanes = new ArrayList<>();
        for (int lane = 0; lane < laneCount; lane++) {
            float[] values = new float[floats];
            for (int index = 0; index < floats; index++) {
                values[index] = (random.nextFloat() - 0.5f) * (1 << random.nextInt(12));
            }
            lanes.add(values);
        }
        return lanes;
    }

    /** The sums of the subtrees as their holder would have them. */
    static List<Partial> partials(List<LaneRange> subtrees, List<float[]> lanes) {
        return partials(subtrees, lanes, Codec.FP32);
    }

    static List<Partial> partials(List<LaneRange> subtrees, List<float[]> lanes, Codec codec) {
        List<Partial> partials = new ArrayList<>();
        for (LaneRange subtree : subtrees) {
            int size = Integer.highestOneBit(Math.max(1, subtree.count() * 2 - 1));
            partials.add(new Partial(
                    subtree, direct(recursiveSum(lanes.subList(0, subtree.to()), subtree.from(), size, codec))));
        }
        return partials;
    }

    private static FloatBuffer direct(float[] values) {
        return ByteBuffer.allocateDirect(values.length * Float.BYTES)
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer()
                .put(values)
                .flip();
    }

    @Test
    void givesTheSameBitsForEverySetOfSubtrees() {
        Random random = new Random(5);
        TreeSum.Scratch scratch = new TreeSum.Scratch();
        for (int laneCount = 1; laneCount <= 33; laneCount++) {
            List<float[]> lanes = laneGradients(laneCount, FLOATS, random);
            float[] expected = recursiveSum(lanes, 0, 64);
            for (int cuts = 0; cuts < 6; cuts++) {
                List<LaneRange> leaves = new ArrayList<>();
                for (int from = 0, to; from < laneCount; from = to) {
                    to = from + 1 + random.nextInt(laneCount - from);
                    leaves.addAll(LaneTree.cover(new LaneRange(from, to), laneCount));
                }
                List<FloatBuffer> values =
                        partials(leaves, lanes).stream().map(Partial::values).toList();
                FloatBuffer sum = FloatBuffer.allocate(FLOATS);
                int middle = random.nextInt(FLOATS);
                TreeSum tree = TreeSum.of(leaves, laneCount, Codec.FP32);
                tree.add(values, middle, FLOATS, sum, scratch);
                tree.add(values, 0, middle, sum, scratch);
                assertThat(sum.array()).as("%d lanes as %s", laneCount, leaves).isEqualTo(expected);
            }
        }
    }

    @Test
    void differsFromAdditionInAnotherOrder() {
        List<float[]> lanes = laneGradients(8, FLOATS, new Random(6));
        float[] oneByOne = lanes.get(0).clone();
        for (float[] lane : lanes.subList(1, 8)) {
            for (int index = 0; index < FLOATS; index++) {
                oneByOne[index] += lane[index];
            }
        }
        assertThat(oneByOne).isNotEqualTo(recursiveSum(lanes, 0, 8));
    }

    @Test
    void mayWriteOverOneOfItsLeaves() {
        List<float[]> lanes = laneGradients(3, FLOATS, new Random(7));
        List<LaneRange> leaves = List.of(new LaneRange(0, 1), new LaneRange(1, 2), new LaneRange(2, 3));
        List<FloatBuffer> values =
                partials(leaves, lanes).stream().map(Partial::values).toList();
        TreeSum.of(leaves, 3, Codec.FP32).add(values, 0, FLOATS, values.get(2), new TreeSum.Scratch());
        float[] sum = new float[FLOATS];
        values.get(2).get(0, sum);
        assertThat(sum).isEqualTo(recursiveSum(lanes, 0, 4));
    }

    @Test
    void refusesLeavesThatAreNotTheTree() {
        for (List<LaneRange> leaves : List.of(
                List.<LaneRange>of(),
                List.of(new LaneRange(0, 1)),
                List.of(new LaneRange(0, 1), new LaneRange(1, 3)),
                List.of(new LaneRange(2, 3), new LaneRange(0, 2)),
                List.of(new LaneRange(0, 2), new LaneRange(1, 2), new LaneRange(2, 3)),
                List.of(new LaneRange(0, 2), new LaneRange(2, 4)))) {
            assertThatThrownBy(() -> TreeSum.of(leaves, 3, Codec.FP32))
                    .as("%s", leaves)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("not the subtrees of lanes 0 to 3");
        }
    }
}
