package io.flm.coordinator;

import io.flm.exchange.LaneRange;
import io.flm.worker.Generation;
import io.flm.worker.Generation.Member;
import io.flm.worker.RunPlan;
import io.flm.worker.Worker;
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
     * @param workers those that are prepared, by name
     * @param lastGeneration the highest number that anybody has seen; the next is one more
     */
    static Decision decide(RunPlan plan, SortedMap<String, Worker.Described> workers, long lastGeneration) {
        if (workers.size() < plan.minWorkers()) {
            return new Decision(Optional.empty(), workers.size() + " of " + plan.minWorkers() + " workers prepared");
        }
        List<Worker.Described> chosen =
                workers.values().stream().limit(plan.mostMembers()).toList();
        long firstStep =
                chosen.stream().mapToLong(Worker.Described::steps).max().orElse(0);
        List<LaneRange> deal = deal(plan.lanes(), chosen.size());
        List<Member> members = new ArrayList<>();
        List<Integer> holders = new ArrayList<>();
        for (int rank = 0; rank < chosen.size(); rank++) {
            Worker.Described d = chosen.get(rank);
            members.add(new Member(d.worker(), d.node(), d.endpoint(), deal.get(rank)));
            if (d.steps() == firstStep) {
                holders.add(rank);
            }
        }
        return new Decision(
                Optional.of(new Generation(lastGeneration + 1, plan.id(), firstStep, members, holders, null)),
                chosen.size() + " workers prepared; " + plan.lanes() + " lanes from step " + firstStep);
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
