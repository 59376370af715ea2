package io.flm.exchange;

import java.util.stream.Stream;
import org.agrona.CloseHelper;

/** The staging buffers of an {@link AllReduce}, which serve step after step. */
final class StagingBuffers implements AutoCloseable {
    private final StagingBuffer[] sums;
    private final StagingBuffer[][][] contributions; // by segment, node, subtree

    StagingBuffers(int segments, int nodes) {
        this.sums = buffers(segments);
        this.contributions = new StagingBuffer[segments][nodes][0];
    }

    private static StagingBuffer[] buffers(int count) {
        return Stream.generate(StagingBuffer::new).limit(count).toArray(StagingBuffer[]::new);
    }

    /** For the sums of a segment that no trainer waits for yet. */
    StagingBuffer sums(int segment) {
        return sums[segment];
    }

    /** For the contributions of another node's subtrees that are here before the last one. */
    StagingBuffer[] contributions(int segment, int node, int subtrees) {
        if (contributions[segment][node].length == 0) {
            contributions[segment][node] = buffers(subtrees);
        }
        return contributions[segment][node];
    }

    /** Gives the memory back. */
    @Override
    public void close() {
        CloseHelper.closeAll(sums);
        for (StagingBuffer[][] ofSegment : contributions) {
            for (StagingBuffer[] ofNode : ofSegment) {
                CloseHelper.closeAll(ofNode);
            }
        }
    }
}
