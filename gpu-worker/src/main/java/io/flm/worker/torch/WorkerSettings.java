package io.flm.worker.torch;

import ai.djl.Device;
import com.typesafe.config.Config;
import java.util.List;

/**
 * {@code flm.worker}: how many workers a node has, and what each computes on.
 *
 * @param workers 0: as many as fit
 * @param devices {@code auto}, {@code cpu}, or a list such as {@code cuda:0,cuda:1}
 * @param threads intra-op threads of a worker on the CPU
 */
public record WorkerSettings(int workers, String devices, int threads) {
    /** Reads {@code flm.worker}. */
    public static WorkerSettings from(Config root) {
        Config c = root.getConfig("flm.worker");
        return new WorkerSettings(c.getInt("workers"), c.getString("devices"), c.getInt("threads"));
    }

    /** The devices that there are, one at least. Starts the engine. */
    public List<Device> found() {
        return Torch.devices(devices);
    }

    /**
     * Workers of each of a machine's nodes: as configured, else one for each CUDA device of the node, or on the CPU as many as
     * there are cores for their threads.
     *
     * @param own devices of one node
     * @param nodes that share the cores
     */
    public int count(List<Device> own, int nodes) {
        if (workers > 0) {
            return workers;
        }
        if (own.get(0).isGpu()) {
            return own.size();
        }
        return Math.max(1, Runtime.getRuntime().availableProcessors() / threads / nodes);
    }
}
