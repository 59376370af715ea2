package io.flm.exchange;

import java.util.List;

/** The exchange between the workers of one process, as {@link ExchangeNode#inMemory()} gives it. */
public final class LocalExchange {
    private LocalExchange() {}

    /** Where the workers of one process find each other. */
    public static final class Hub {
        private final ExchangeNode node = ExchangeNode.inMemory();

        /** Enters a generation among the workers of this process; see {@link ExchangeNode#join}. */
        public Exchange join(long generation, int rank, List<LaneRange> deal, int segments) throws ExchangeException {
            return node.join(Deal.local(generation, segments, Codec.FP32, deal), rank);
        }
    }
}
