package io.flm.launch.submit;

import io.flm.launch.run.NodeAddress;
import java.time.Duration;
import java.util.List;

/** The nodes that a run is trained on, as the process sees them that follows the run. */
public interface Nodes extends AutoCloseable {
    /** Enough for JVMs on a machine that is busy with tensors. */
    Duration START_TIMEOUT = Duration.ofMinutes(3);

    /** How they are reached; those that do not answer too. */
    List<NodeAddress> targets();

    /** How long it may take until they answer and have their workers. */
    Duration startTimeout();

    /** How many workers there will be once all nodes are up; 0: whoever is there. */
    int expectedWorkers();

    /** The least number of workers that train, where the user gave none. */
    int leastWorkers();

    /**
     * Looks after the nodes; called again and again.
     *
     * @param begun whether the run has begun: before, a node that ends by itself is a failure
     */
    void tend(boolean begun);

    /** Ends the nodes that this process started. */
    @Override
    void close();
}
