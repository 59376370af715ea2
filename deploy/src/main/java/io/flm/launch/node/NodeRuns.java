package io.flm.launch.node;

import io.flm.coordinator.http.NodeRecords;
import io.flm.data.StageCount;
import io.flm.launch.config.DataRoots;
import io.flm.worker.RunPlan;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.stream.Stream;

/** The runs that the workers of this node have prepared: one opens a run, all share it, the last to leave it closes it. */
final class NodeRuns implements AutoCloseable {
    private final Folder folder;
    private final Path home;
    private final DataRoots roots;
    private final int cpuWorkers;
    private final LongSupplier nanoTime;
    private final Map<String, NodeRun> byWorker = new HashMap<>();

    /** Guards the two below, and is held for no longer than it takes to add up: whoever asks does not wait for a run that opens. */
    private final Object counts = new Object();

    private final Set<NodeRun> counted = new LinkedHashSet<>(); // open
    private final Map<String, StageCount> ended = new LinkedHashMap<>(); // of the runs that are closed, by stage

    /** Where a node keeps runs. */
    @FunctionalInterface
    public interface Folder {
        /** The folder of a run, by the run's name. */
        Path of(String run);
    }

    NodeRuns(Folder folder, Path home, DataRoots roots, int cpuWorkers, LongSupplier nanoTime) {
        this.folder = folder;
        this.home = home;
        this.roots = roots;
        this.cpuWorkers = cpuWorkers;
        this.nanoTime = nanoTime;
    }

    /** The run of a plan, for a worker that has released what it had of the one before. */
    synchronized NodeRun open(RunPlan plan, String worker) {
        release(worker);
        NodeRun run = null;
        for (NodeRun other : byWorker.values()) {
            if (other.id().equals(plan.id())) {
                run = other;
            }
        }
        if (run == null) {
            run = new NodeRun(plan, folder.of(plan.run()), home, roots, cpuWorkers, nanoTime);
            synchronized (counts) {
                counted.add(run);
            }
        }
        byWorker.put(worker, run);
        return run;
    }

    /** What the stages of the data have done since this node began: in the runs that are closed, then in each that is open. */
    List<StageCount> dataStages() {
        synchronized (counts) {
            return Stream.concat(ended.values().stream(), counted.stream().flatMap(run -> run.dataStages().stream()))
                    .toList();
        }
    }

    /** The samples that the open runs could not use. */
    NodeRecords.BadSamples badSamples() {
        synchronized (counts) {
            List<String> all =
                    counted.stream().flatMap(run -> run.badSamples().stream()).toList();
            return new NodeRecords.BadSamples(
                    all.size(), all.stream().limit(NodeRecords.MOST_BAD).toList());
        }
    }

    private void release(String worker) {
        NodeRun old = byWorker.remove(worker);
        if (old != null && !byWorker.containsValue(old)) {
            close(old);
        }
    }

    /** What the run has done stays counted. */
    private void close(NodeRun run) {
        try {
            run.close();
        } finally {
            synchronized (counts) {
                counted.remove(run);
                run.dataStages().forEach(stage -> ended.merge(stage.stage(), stage, StageCount::plus));
            }
        }
    }

    /** Once no worker uses them any more. */
    @Override
    public synchronized void close() {
        byWorker.values().stream().distinct().forEach(this::close);
        byWorker.clear();
    }
}
