package io.flm.launch.submit;

import ai.djl.Device;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigValueFactory;
import io.flm.coordinator.http.HttpSettings;
import io.flm.launch.node.Node;
import io.flm.launch.run.MemoryNeed;
import io.flm.launch.run.NodeAddress;
import io.flm.launch.run.RunFolders;
import io.flm.worker.torch.WorkerSettings;
import io.flm.worker.train.TrainSettings;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/** One node in this process. */
final class InProcessNode implements Nodes {
    private final Node node;
    private final List<NodeAddress> targets;

    /** Starts it and waits until it is a member, of a cluster of one if nothing else is configured. */
    InProcessNode(RunRequest request, LongSupplier nanoTime, Consumer<String> notes) {
        Config config = request.config();
        if (config.getString("flm.node.name").isEmpty()) {
            config = config.withValue("flm.node.name", ConfigValueFactory.fromAnyRef("local"));
        }
        node = new Node(new Node.Setup(
                config,
                run -> request.run(),
                request.run(),
                RunFolders.beside(request.run()),
                request.home(),
                TrainSettings.from(config).lanes(),
                true,
                nanoTime,
                notes));
        try {
            HttpSettings http = HttpSettings.from(config);
            targets = List.of(new NodeAddress(node.awaitReady().http(), http.token(), http.certificate()));
        } catch (InterruptedException e) {
            node.close();
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        } catch (RuntimeException e) {
            node.close();
            throw e;
        }
    }

    /** How a run in this process is spread over this machine. */
    static MemoryNeed.Layout layout(Config config) {
        WorkerSettings worker = WorkerSettings.from(config);
        List<Device> devices = worker.found();
        int workers = Math.min(TrainSettings.from(config).lanes(), worker.count(devices, 1));
        return MemoryNeed.Layout.of(config, 1, workers, false, devices.get(0).isGpu());
    }

    @Override
    public List<NodeAddress> targets() {
        return targets;
    }

    @Override
    public Duration startTimeout() {
        return START_TIMEOUT;
    }

    @Override
    public int expectedWorkers() {
        return node.workers().size();
    }

    @Override
    public int leastWorkers() {
        return 1;
    }

    @Override
    public void tend(boolean begun) {}

    @Override
    public void close() {
        node.close();
    }
}
