package io.flm.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class LaneTreeTest {
    private static final int MOST_LANES = 33;

    private static LaneRange lanes(int from, int to) {
        return new LaneRange(from, to);
    }

    /** The tree from its definition, top down: a block of 2^j lanes, cut at the last lane, and its halves. */
    static Set<LaneRange> subtrees(int from, int size, int laneCount) {
        Set<LaneRange> all = new LinkedHashSet<>();
        if (from < laneCount) {
            all.add(lanes(from, Math.min(from + size, laneCount)));
            if (size > 1) {
                all.addAll(subtrees(from, size / 2, laneCount));
                all.addAll(subtrees(from + size / 2, size / 2, laneCount));
            }
        }
        return all;
    }

    @Test
    void coversARunWithItsLargestSubtrees() {
        assertThat(LaneTree.cover(lanes(0, 8), 8)).containsExactly(lanes(0, 8));
        assertThat(LaneTree.cover(lanes(1, 7), 8)).containsExactly(lanes(1, 2), lanes(2, 4), lanes(4, 6), lanes(6, 7));
        assertThat(LaneTree.cover(lanes(3, 5), 5)).containsExactly(lanes(3, 4), lanes(4, 5));
        assertThat(LaneTree.cover(lanes(4, 7), 7)).containsExactly(lanes(4, 7));
        assertThat(LaneTree.cover(lanes(2, 2), 7)).isEmpty();
    }

    @Test
    void coversEveryRunOfLanesByFewestSubtreesAndNothingElse() {
        for (int laneCount = 1; laneCount <= MOST_LANES; laneCount++) {
            Set<LaneRange> tree = subtrees(0, 64, laneCount);
            for (int from = 0; from < laneCount; from++) {
                for (int to = from + 1; to <= laneCount; to++) {
                    List<LaneRange> cover = LaneTree.cover(lanes(from, to), laneCount);
                    assertThat(cover).isEqualTo(greedy(tree, from, to));
                }
            }
        }
    }

    private static List<LaneRange> greedy(Set<LaneRange> tree, int from, int to) {
        List<LaneRange> cover = new ArrayList<>();
        while (from < to) {
            int at = from;
            LaneRange largest = tree.stream()
                    .filter(block -> block.from() == at && block.to() <= to)
                    .reduce(lanes(at, at), (left, right) -> left.to() > right.to() ? left : right);
            cover.add(largest);
            from = largest.to();
        }
        return cover;
    }

    @Test
    void namesTheParentOfEverySubtree() {
        for (int laneCount = 1; laneCount <= MOST_LANES; laneCount++) {
            Set<LaneRange> tree = subtrees(0, 64, laneCount);
            for (LaneRange subtree : tree) {
                LaneRange expected = tree.stream()
                        .filter(block ->
                                block.from() <= subtree.from() && subtree.to() <= block.to() && !block.equals(subtree))
                        .reduce((left, right) -> left.count() < right.count() ? left : right)
                        .orElse(subtree);
                assertThat(LaneTree.parent(subtree, laneCount))
                        .as("%s of %d", subtree, laneCount)
                        .isEqualTo(expected);
            }
        }
    }

    @Test
    void callsTwoSubtreesSiblingsWhereTheyMakeUpTheirParent() {
        for (int laneCount = 1; laneCount <= MOST_LANES; laneCount++) {
            Set<LaneRange> tree = subtrees(0, 64, laneCount);
            for (LaneRange left : tree) {
                for (LaneRange right : tree) {
                    boolean expected = left.to() == right.from()
                            && tree.contains(lanes(left.from(), right.to()))
                            && LaneTree.parent(left, laneCount).equals(lanes(left.from(), right.to()));
                    assertThat(LaneTree.areSiblings(left, right, laneCount))
                            .as("%s and %s of %d", left, right, laneCount)
                            .isEqualTo(expected);
                }
            }
        }
        assertThat(LaneTree.areSiblings(lanes(1, 2), lanes(2, 3), 4)).isFalse();
        assertThat(LaneTree.areSiblings(lanes(0, 4), lanes(4, 5), 5)).isTrue();
    }
}
