package io.flm.data;

/** Which sample comes at each place of an endless sequence of epochs, each of which shows every sample once. */
interface Places {
    /** The epoch of a place. */
    long epoch(long place);

    /** The sample at a place. */
    long index(long place);

    /**
     * The order of a run.
     *
     * @param firsts the first sample of each shard, and the end
     * @param window shards among which samples are mixed; 0: all
     */
    static Places of(long seed, long[] firsts, int window) {
        return window == 0 ? new Order(seed, firsts[firsts.length - 1]) : new WindowedOrder(seed, firsts, window);
    }
}
