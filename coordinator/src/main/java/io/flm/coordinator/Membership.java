package io.flm.coordinator;

import io.flm.data.BrokenShards;
import io.flm.exchange.LaneRange;
import io.flm.worker.Generation;
import io.flm.worker.Generation.Member;
import io.flm.worker.RunPlan;
import io.flm.worker.Worker;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Decides which workers are the next generation; the states act on it. No clock, no I/O. */
final class Membership {
    /** What a worker is to a run. */
    enum Standing {
        /** It can be a member of the next generation. */
        READY,
        /** It is in a generation. */
        BUSY,
        /** It is to build, or builds, what the run needs. */
        PREPARING,
        /** It has not answered lately. */
        SILENT,
        /** It did not join in time, or the others did not hear it; it is left out for a while. */
        QUARANTINED,
        /** The operator wants it left out. */
        DRAINED,
        /** Its program or its data are others than the run's. */
        REFUSED,
        /** It cannot carry out the plan, or its device broke. */
        UNFIT
    }

    /**
     * A worker as the coordinator knows it.
     *
     * @param self what it last said; null before its first answer
     * @param name as it last said, or of its address before
     * @param standing what it is to the run
     * @param reason why; never empty
     */
    record Candidate(String name, Worker.@Nullable Described self, Standing standing, String reason) {
        /** Whether it may become ready without the operator. */
        boolean mayCome() {
            return switch (standing) {
                case READY, BUSY, PREPARING, SILENT, QUARANTINED -> true;
                case DRAINED, REFUSED, UNFIT -> false;
            };
        }
    }

    /**
     * What to do.
     *
     * @param next the generation to form, if there are enough workers
     * @param reason log line and status text; never empty
     */
    record Decision(Optional<Generation> next, String reason) {}

    private Membership() {}

    /**
     * What a worker that answers is to a run.
     *
     * @param plan null: there is no run
     */
    static Candidate judge(@Nullable RunPlan plan, Worker.Described d) {
        if (plan == null) {
            return new Candidate(d.worker(), d, Standing.READY, d.reason());
        }
        if (!d.version().equals(plan.version())) {
            return new Candidate(
                    d.worker(),
                    d,
                    Standing.REFUSED,
                    "has version " + d.version() + " of the program, the run's is " + plan.version()
                            + "; install that on " + d.node());
        }
        boolean sameRun = d.run().equals(plan.id());
        if (sameRun && d.phase() == Worker.Phase.UNFIT) {
            return new Candidate(d.worker(), d, Standing.UNFIT, d.reason());
        }
        Optional<String> difference = sameRun ? difference(plan, d) : Optional.empty();
        if (difference.isPresent()) {
            return new Candidate(d.worker(), d, Standing.REFUSED, difference.get());
        }
        String drained = plan.drained().get(d.worker());
        if (drained != null) {
            return new Candidate(d.worker(), d, Standing.DRAINED, "drained: " + drained);
        }
        return switch (d.phase()) {
            case IDLE, PREPARING, UNFIT -> new Candidate(d.worker(), d, Standing.PREPARING, d.reason());
            case WAITING ->
                sameRun
                        ? new Candidate(d.worker(), d, Standing.READY, d.reason())
                        : new Candidate(d.worker(), d, Standing.PREPARING, "prepared for another run");
            case ENTERING, TRAINING, LEAVING -> new Candidate(d.worker(), d, Standing.BUSY, d.reason());
        };
    }

    /** Names the first content that a worker has read and that is not the run's. */
    private static Optional<String> difference(RunPlan plan, Worker.Described d) {
        if (d.hashes().isEmpty()) {
            return Optional.empty(); // not prepared yet
        }
        return new TreeMap<>(plan.hashes())
                .entrySet().stream()
                        .filter(e -> !e.getValue().equals(d.hashes().get(e.getKey())))
                        .map(e -> "reads another content of " + e.getKey() + " (SHA-256 "
                                + d.hashes().get(e.getKey()) + ", the run's is " + e.getValue() + "); give " + d.node()
                                + " the same")
                        .findFirst();
    }

    /**
     * The next generation, of those that are ready. It begins with the most steps that any of them holds. Where there are more
     * than may be members, those that hold them come first, the others are spares.
     *
     * @param lastGeneration the highest number that anybody has seen; the next is one more
     */
    static Decision decide(RunPlan plan, List<Candidate> candidates, long lastGeneration) {
        List<Worker.Described> ready = ready(candidates);
        if (ready.size() < plan.minWorkers()) {
            return new Decision(
                    Optional.empty(),
                    ready.size() + " of " + plan.minWorkers() + " workers are ready" + others(candidates));
        }
        long firstStep = topStep(ready);
        List<Worker.Described> chosen = ready.stream()
                .sorted(Comparator.comparing((Worker.Described d) -> d.steps() < firstStep)
                        .thenComparing(Worker.Described::worker))
                .limit(plan.mostMembers())
                .sorted(Comparator.comparing(Worker.Described::node).thenComparing(Worker.Described::worker))
                .toList();
        List<LaneRange> deal = Lanes.deal(
                plan.lanes(),
                chosen.stream().mapToDouble(Worker.Described::laneMs).toArray());
        List<Member> members = new ArrayList<>();
        List<Integer> holders = new ArrayList<>();
        BrokenShards broken = broken(chosen, firstStep);
        for (int rank = 0; rank < chosen.size(); rank++) {
            Worker.Described d = chosen.get(rank);
            members.add(new Member(d.worker(), d.node(), d.endpoint(), deal.get(rank)));
            if (isHolder(d, firstStep, broken)) {
                holders.add(rank);
            }
        }
        int spares = ready.size() - chosen.size();
        return new Decision(
                Optional.of(new Generation(lastGeneration + 1, plan.id(), firstStep, members, holders, broken, null)),
                counted(chosen.size(), "worker") + ", " + counted(plan.lanes(), "lane") + ", from step " + firstStep
                        + (spares > 0 ? ", " + counted(spares, "spare") : "")
                        + others(candidates));
    }

    /**
     * The shards that are left out, a part of the state as weights are. Members that were cut off together may have gone on for a moment
     * and left out others: one of such states holds, and who has another one fetches it.
     */
    private static BrokenShards broken(List<Worker.Described> members, long firstStep) {
        BrokenShards broken = members.stream()
                .filter(d -> d.steps() == firstStep)
                .map(d -> d.broken().before(firstStep))
                .findFirst()
                .orElse(BrokenShards.NONE);
        for (Worker.Described d : members) {
            if (isHolder(d, firstStep, broken)) {
                broken = broken.and(d.broken()); // and what the first step failed for
            }
        }
        return broken;
    }

    /** Whether a worker holds the state that a generation begins with. */
    static boolean isHolder(Worker.Described d, long firstStep, BrokenShards broken) {
        return d.steps() == firstStep && d.broken().before(firstStep).equals(broken.before(firstStep));
    }

    /**
     * A generation that hands the newest state over, if only a drained worker holds it. That worker cannot leave with the only
     * copy: it becomes one more member than there may be, the others fetch the state, and the generation is halted soon. None if
     * nobody is ready for that, or there is no lane for it.
     */
    static Optional<Generation> handOver(RunPlan plan, List<Candidate> candidates, long lastGeneration) {
        long held = topStep(holders(plan, candidates));
        int most = Math.min(plan.lanes(), plan.mostMembers() + 1);
        Optional<Candidate> drained = candidates.stream()
                .filter(c -> c.standing() == Standing.DRAINED)
                .filter(c -> holders(plan, List.of(c)).stream().anyMatch(d -> d.steps() == held))
                .findFirst();
        if (drained.isEmpty() || most < 2 || ready(candidates).isEmpty()) {
            return Optional.empty();
        }
        Candidate giver = drained.get();
        List<Candidate> with = new ArrayList<>(candidates);
        with.set(candidates.indexOf(giver), new Candidate(giver.name(), giver.self(), Standing.READY, giver.reason()));
        return decide(plan.withWorkers(plan.minWorkers(), most), with, lastGeneration)
                .next();
    }

    /** Workers that are ready and not members, and would be. */
    static List<String> newcomers(RunPlan plan, List<Candidate> candidates, Generation generation) {
        int room = plan.mostMembers() - generation.worldSize();
        return ready(candidates).stream()
                .map(Worker.Described::worker)
                .filter(name -> generation.rankOf(name) < 0)
                .limit(Math.max(0, room))
                .toList();
    }

    static List<Worker.Described> ready(List<Candidate> candidates) {
        List<Worker.Described> ready = new ArrayList<>();
        for (Candidate c : candidates) {
            if (c.standing() == Standing.READY && c.self() != null) {
                ready.add(c.self());
            }
        }
        return ready;
    }

    /** The workers whose state counts: those that are ready, and those that were drained or quarantined since they got it. */
    static List<Worker.Described> holders(RunPlan plan, List<Candidate> candidates) {
        List<Worker.Described> holders = new ArrayList<>();
        for (Candidate c : candidates) {
            Worker.Described d = c.self();
            boolean leftOut = (c.standing() == Standing.DRAINED || c.standing() == Standing.QUARANTINED)
                    && d != null
                    && d.phase() == Worker.Phase.WAITING
                    && d.run().equals(plan.id());
            if (d != null && (leftOut || c.standing() == Standing.READY)) {
                holders.add(d);
            }
        }
        return holders;
    }

    /** The most steps that any of them holds. */
    static long topStep(List<Worker.Described> workers) {
        return workers.stream().mapToLong(Worker.Described::steps).max().orElse(0);
    }

    /** Those that are not ready, and why: {@code ; preparing: w2; refused: w3 (reads another ...)}. */
    static String others(List<Candidate> candidates) {
        Map<Standing, List<Candidate>> by = candidates.stream()
                .filter(c -> c.standing() != Standing.READY)
                .collect(Collectors.groupingBy(Candidate::standing, TreeMap::new, Collectors.toList()));
        return by.entrySet().stream()
                .map(e -> "; " + word(e.getKey()) + ": "
                        + e.getValue().stream()
                                .map(c -> switch (c.standing()) {
                                    case REFUSED, UNFIT, QUARANTINED, SILENT -> c.name() + " (" + c.reason() + ")";
                                    default -> c.name();
                                })
                                .collect(Collectors.joining(", ")))
                .collect(Collectors.joining());
    }

    static String word(Standing standing) {
        return switch (standing) {
            case QUARANTINED -> "set aside";
            default -> standing.name().toLowerCase(Locale.ROOT);
        };
    }

    static String counted(long count, String what) {
        return count + " " + what + (count == 1 ? "" : "s");
    }
}
