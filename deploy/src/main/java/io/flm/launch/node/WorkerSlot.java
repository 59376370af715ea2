package io.flm.launch.node;

import ai.djl.Device;
import akka.actor.typed.ActorSystem;
import io.flm.exchange.ExchangeNode;
import io.flm.launch.console.LogFields;
import io.flm.launch.console.Version;
import io.flm.worker.AsyncTrainer;
import io.flm.worker.BlockingTrainer;
import io.flm.worker.Generation;
import io.flm.worker.RunPlan;
import io.flm.worker.StepResult;
import io.flm.worker.TrainerThread;
import io.flm.worker.Worker;
import io.flm.worker.torch.Torch;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The place of one worker on a node: its name, its device, and in each session of the node a thread that trains there. */
final class WorkerSlot {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerSlot.class);
    private static final Duration STEP_TIMEOUT = Duration.ofSeconds(30);

    private final Worker.Identity identity;
    private final Device device;
    private final NodeRuns runs;
    private final ExchangeNode exchange;
    private final NodeMetrics metrics;
    private @Nullable TrainerThread thread;
    private volatile @Nullable NodeRun run;
    private volatile String runName = "";

    /**
     * @param index from 1
     * @param node the node's name
     * @param exchange shared by all workers of the node, for as long as its process lives
     * @param metrics likewise
     */
    WorkerSlot(int index, String node, Device device, NodeRuns runs, ExchangeNode exchange, NodeMetrics metrics) {
        this.identity = new Worker.Identity(
                node + "-w" + index, node, Torch.name(device), exchange.endpoint(), Version.number());
        this.device = device;
        this.runs = runs;
        this.exchange = exchange;
        this.metrics = metrics;
    }

    Worker.Identity identity() {
        return identity;
    }

    String name() {
        return identity.name();
    }

    /** A trainer for the worker actor of a new session. */
    AsyncTrainer take(ActorSystem<?> system) {
        thread = new TrainerThread(
                name(), plan -> prepare(plan, system), this::onStep, System::nanoTime, exchange::counters);
        return thread;
    }

    private BlockingTrainer prepare(RunPlan plan, ActorSystem<?> system) {
        NodeRun opened = runs.open(plan, name());
        run = opened;
        runName = plan.run();
        LogFields.set(Map.of("run", runName));
        return opened.newTrainer(device, exchange, system);
    }

    private void onStep(Generation generation, int rank, StepResult result) {
        metrics.onStep(name(), rank, result);
        LogFields.set(Map.of(
                "run",
                runName,
                "generation",
                String.valueOf(generation.number()),
                "step",
                String.valueOf(result.step() + 1)));
        NodeRun of = run;
        if (rank == 0 && of != null) {
            of.onStep(result);
        }
    }

    /** After the actor ended: waits for the step at hand. */
    void leave() {
        TrainerThread left = thread;
        if (left == null) {
            return;
        }
        left.abandon(Long.MAX_VALUE, "the node leaves");
        left.close();
        if (!left.awaitEnd(STEP_TIMEOUT)) {
            LOG.warn("worker {}: its thread is still busy after {} s", name(), STEP_TIMEOUT.toSeconds());
        }
        thread = null;
    }
}
