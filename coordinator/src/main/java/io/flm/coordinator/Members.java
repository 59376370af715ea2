package io.flm.coordinator;

import io.flm.worker.Generation;
import io.flm.worker.Worker;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What is known of the members of the generation under way: which have joined, which have halted, which are gone. It goes with the
 * generation from {@link Forming} to {@link Training} to {@link Halting}, and decides whether the generation can go on.
 */
final class Members {
    /** What a state is to do. */
    enum Next {
        GO_ON,
        REGROUP,
        FAIL
    }

    /**
     * Whether the generation goes on.
     *
     * @param reason why not
     * @param suspects whose loss is the cause
     */
    record Verdict(Next next, String reason, List<String> suspects) {
        private static final Verdict GOES_ON = new Verdict(Next.GO_ON, "", List.of());

        private static Verdict regroup(String reason, List<String> suspects) {
            return new Verdict(Next.REGROUP, reason, suspects);
        }
    }

    private final Run run;
    private final Set<String> joined = new HashSet<>();
    private final Map<String, Long> halted = new TreeMap<>();
    private final Map<String, Long> strayed = new HashMap<>();
    private @Nullable String haltReason;

    Members(Run run) {
        this.run = run;
    }

    /** A worker, a member or not, says where it stands. */
    void described(Worker.Described d) {
        Generation g = run.generation();
        if (g.rankOf(d.worker()) >= 0 && run.member(d.worker()).isPresent()) {
            if (d.phase() == Worker.Phase.TRAINING && isIn(g, d)) {
                joined.add(d.worker());
            }
            if (d.lastGeneration() >= g.number() && !(isIn(g, d) && d.phase() != Worker.Phase.LEAVING)) {
                // How it ended was said, or is said now. Otherwise it will never join.
                strayed.putIfAbsent(d.worker(), run.now());
            }
        }
        expelStranger(g, d);
    }

    /** One that could not be reached when this generation was formed may still be in another one. */
    private void expelStranger(Generation g, Worker.Described d) {
        Generation other = d.generation();
        boolean inside = other != null && d.phase() != Worker.Phase.LEAVING;
        if (other != null && inside && !(isIn(g, d) && g.rankOf(d.worker()) >= 0)) {
            String why = "generation " + g.number() + " has begun without it";
            d.self().tell(new Worker.Abandon(run.epoch, other.number(), why, run.reports));
        }
    }

    private static boolean isIn(Generation g, Worker.Described d) {
        return d.generation() != null && d.generation().number() == g.number();
    }

    /** A member says something of the generation. */
    Verdict reported(Worker.GenerationReport report) {
        if (report instanceof Worker.Joined j) {
            joined.add(j.worker());
        } else if (report instanceof Worker.Progressed p) {
            joined.add(p.worker());
            progressed(p);
        } else if (report instanceof Worker.Halted h) {
            return halted(h);
        } else if (report instanceof Worker.Failed f) {
            return failed(f);
        }
        return Verdict.GOES_ON;
    }

    private void progressed(Worker.Progressed p) {
        run.roster.measured(p.worker(), p.rates());
        boolean overtaken = p.step() + 1 < run.committedSteps;
        if (run.generation().rankOf(p.worker()) == 0 && !overtaken) {
            run.progressed(p);
        }
    }

    private Verdict halted(Worker.Halted h) {
        joined.add(h.worker());
        halted.put(h.worker(), h.committedSteps());
        run.committedSteps = Math.max(run.committedSteps, h.committedSteps());
        run.history.committed(h.generation(), run.now());
        return halted.size() < run.generation().worldSize()
                ? Verdict.GOES_ON
                : Verdict.regroup(
                        "all members stopped after step " + run.committedSteps + ": "
                                + (haltReason == null ? h.reason() : haltReason),
                        List.of());
    }

    private Verdict failed(Worker.Failed f) {
        run.committedSteps = Math.max(run.committedSteps, f.committedSteps());
        return switch (f.kind()) {
            case USER -> new Verdict(Next.FAIL, f.cause(), List.of());
            case BROKEN -> {
                run.notes.addOnce("worker " + f.worker() + " is left out: " + f.cause(), f.worker());
                yield Verdict.regroup("worker " + f.worker() + " broke: " + f.cause(), List.of());
            }
            case SHARD -> {
                run.leftOut(f);
                yield Verdict.regroup(f.cause(), List.of());
            }
            case MEMBER_LOST ->
                Verdict.regroup(
                        f.cause(),
                        run.generation().members().stream()
                                .filter(m -> f.lostNodes().contains(m.node()))
                                .map(Generation.Member::worker)
                                .toList());
        };
    }

    /** Looks for members that are gone, or that have left the generation without a word. */
    Verdict check() {
        List<String> gone = run.goneMembers();
        if (!gone.isEmpty()) {
            return Verdict.regroup("lost " + String.join(", ", gone) + ": ended or cannot be reached", gone);
        }
        for (Map.Entry<String, Long> stray : strayed.entrySet()) {
            boolean ended = halted.containsKey(stray.getKey());
            if (!ended && run.now() - stray.getValue() >= run.settings.answerTimeoutMs()) {
                return Verdict.regroup(
                        "worker " + stray.getKey() + " is not in generation " + run.generationNumber() + " any more",
                        List.of());
            }
        }
        return Verdict.GOES_ON;
    }

    /** Those that have not joined, as far as is known. */
    List<String> missing() {
        return without(joined);
    }

    /** Those that have not halted. */
    List<String> running() {
        return without(halted.keySet());
    }

    boolean anyHalted() {
        return !halted.isEmpty();
    }

    private List<String> without(Set<String> names) {
        return run.generation().members().stream()
                .map(Generation.Member::worker)
                .filter(name -> !names.contains(name))
                .toList();
    }

    /** Orders those to join again that have not. */
    void joinAgain() {
        Generation g = run.generation();
        missing().forEach(name -> run.tell(name, new Worker.Join(run.epoch, g, run.reports)));
    }

    /** Orders all to halt after the same step. */
    void halt(String why) {
        haltReason = why;
        run.tellMembers(new Worker.Halt(run.epoch, run.generationNumber(), why, run.reports));
    }

    /** Orders those to halt again that run. */
    void haltAgain() {
        String why = String.valueOf(haltReason);
        running().forEach(name -> run.tell(name, new Worker.Halt(run.epoch, run.generationNumber(), why, run.reports)));
    }
}
