package io.flm.coordinator;

import io.flm.exchange.LaneRange;
import io.flm.worker.Generation;
import io.flm.worker.Generation.Member;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;

/** Who trains: decided here, acted on by the {@link Coordinator}. No clock, no I/O. */
final class Membership {
    /**
     * What to do.
     *
     * @param next the generation to form, if there are enough workers
     * @param reason log line and status text
     */
    record Decision(Optional<Generation> next, String reason) {}

    private Membership() {}

    /**
     * @param devices the device of each registered worker, by the worker's name
     * @param lastGeneration the number of the newest generation; the next is one more
     * @param firstStep the step that the next generation begins with
     */
    static Decision decide(RunPlan plan, SortedMap<String, String> devices, long lastGeneration, long firstStep) {
        if (devices.size() < plan.workers()) {
            return new Decision(Optional.empty(), devices.size() + " of " + plan.workers() + " workers registered");
        }
        List<String> names = List.copyOf(devices.keySet()).subList(0, plan.workers());
        List<LaneRange> deal = deal(plan.lanes(), names.size());
        List<Member> members = new ArrayList<>();
        for (int rank = 0; rank < names.size(); rank++) {
            members.add(new Member(names.get(rank), deal.get(rank)));
        }
        return new Decision(
                Optional.of(new Generation(lastGeneration + 1, firstStep, members)),
                names.size() + " workers registered; " + plan.lanes() + " lanes from step " + firstStep);
    }

    /** Contiguous runs of lanes whose counts differ by one at most, by rank. */
    static List<LaneRange> deal(int lanes, int workers) {
        List<LaneRange> deal = new ArrayList<>();
        for (int rank = 0; rank < workers; rank++) {
            deal.add(new LaneRange((int) ((long) lanes * rank / workers), (int) ((long) lanes * (rank + 1) / workers)));
        }
        return deal;
    }
}
