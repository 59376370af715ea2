package io.flm.launch.run;

import io.flm.exchange.Codec;
import io.flm.exchange.LaneRange;
import io.flm.exchange.LaneTree;

/** What nodes of a run send each other. */
public final class ExchangeNeed {
    private static final int FLOAT = 4;
    private static final int HALF = 2;

    private ExchangeNeed() {}

    /**
     * What a node sends in a step, in bytes: its sums of lanes to the nodes that add them up, a share of the gradients to each, and the sum
     * of its own share to all others. It receives about as much.
     *
     * @param lanes of the run, which are dealt to its nodes evenly
     */
    public static double bytes(int lanes, int nodes, Codec codec, double parameters) {
        double most = 0;
        for (int node = 0; node < nodes; node++) {
            LaneRange own = new LaneRange((int) ((long) node * lanes / nodes), (int) ((node + 1L) * lanes / nodes));
            double parts = LaneTree.cover(own, lanes).size();
            most = Math.max(most, (parts + 1) * (nodes - 1) / nodes);
        }
        return most * parameters * (codec == Codec.BF16 ? HALF : FLOAT);
    }
}
