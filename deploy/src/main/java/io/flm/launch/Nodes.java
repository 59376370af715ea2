package io.flm.launch;

import java.util.List;

/** The nodes that a run is trained on, as the process sees them that follows the run. */
interface Nodes extends AutoCloseable {
    /** How they are reached; those that do not answer too. */
    List<ControlClient.Target> targets();

    /** How many workers there will be once all nodes are up; 0: whoever is there. */
    int expectedWorkers();

    /** The least number of workers that train, where the user gave none. */
    int leastWorkers();

    /**
     * Looks after the nodes; called again and again.
     *
     * @param begun whether the run has begun: before, a node that ends is a failure
     */
    void tend(boolean begun);

    /** Ends the nodes that this process started. */
    @Override
    void close();
}
