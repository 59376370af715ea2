package io.flm.coordinator;

import io.flm.coordinator.RunView.WorkerView;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Finds which workers stand otherwise than was told last. What changes all the time, such as steps and times, is told now and then. */
final class WorkerWatch {
    private static final long STEADY_MS = 2000;

    private record Told(WorkerView worker, long at) {
        /** Whether something else of it has changed, and is due. */
        boolean isOld(WorkerView now, long time) {
            return !worker.equals(now) && time - at >= STEADY_MS;
        }

        /** Whether its part in the run differs from what was told. */
        boolean isOther(WorkerView now) {
            return !worker.equals(new WorkerView(
                    now.name(),
                    now.node(),
                    now.device(),
                    now.state(),
                    now.rank(),
                    now.lanes(),
                    worker.laneMs(),
                    now.generation(),
                    worker.steps(),
                    worker.reason(),
                    worker.timeShares(),
                    worker.traffic()));
        }
    }

    private final Map<String, Told> told = new HashMap<>();

    /** What is to be told of the workers as they are now; empty: nothing. */
    Optional<RunEvent> look(List<WorkerView> workers, long now) {
        List<WorkerView> changed = new ArrayList<>();
        for (WorkerView worker : workers) {
            Told before = told.get(worker.name());
            if (before == null || before.isOther(worker) || before.isOld(worker, now)) {
                told.put(worker.name(), new Told(worker, now));
                changed.add(worker);
            }
        }
        Set<String> there = workers.stream().map(WorkerView::name).collect(Collectors.toSet());
        Set<String> gone = new TreeSet<>(told.keySet());
        gone.removeAll(there);
        told.keySet().removeAll(gone);
        return changed.isEmpty() && gone.isEmpty()
                ? Optional.empty()
                : Optional.of(new RunEvent.WorkersChanged(changed, List.copyOf(gone)));
    }
}
