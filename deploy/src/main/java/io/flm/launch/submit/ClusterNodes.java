package io.flm.launch.submit;

import io.flm.launch.run.NodeAddress;
import java.time.Duration;
import java.util.List;

/** Nodes that others started, and that outlive this process. */
final class ClusterNodes implements Nodes {
    private final List<NodeAddress> targets;

    ClusterNodes(List<NodeAddress> nodes) {
        targets = nodes;
    }

    @Override
    public List<NodeAddress> targets() {
        return targets;
    }

    /** They are up, or else their user should hear of it. */
    @Override
    public Duration startTimeout() {
        return Duration.ofSeconds(15);
    }

    @Override
    public int expectedWorkers() {
        return 0;
    }

    @Override
    public int leastWorkers() {
        return 1;
    }

    @Override
    public void tend(boolean begun) {}

    @Override
    public void close() {}
}
