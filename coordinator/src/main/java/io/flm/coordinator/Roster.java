package io.flm.coordinator;

import akka.actor.typed.ActorRef;
import io.flm.coordinator.Membership.Candidate;
import io.flm.coordinator.Membership.Standing;
import io.flm.worker.Generation;
import io.flm.worker.RunPlan;
import io.flm.worker.Worker;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The workers: who is listed, what each last said and when, who was asked when. In the order of their addresses, so that equal
 * histories lead to equal decisions.
 */
final class Roster {
    /** A listed worker. */
    static final class Entry {
        final ActorRef<Worker.Command> ref;
        final long listedAt;

        Worker.@Nullable Described self;

        boolean answered; // since the coordinator last wanted to hear from everyone
        boolean expected; // it had answered before that
        long askedAt = Long.MIN_VALUE / 2;
        long answeredAt;
        double laneMs;

        private Entry(ActorRef<Worker.Command> ref, long now) {
            this.ref = ref;
            this.listedAt = now;
            this.answeredAt = now;
        }

        String name() {
            return self == null ? ref.path().name() : self.worker();
        }
    }

    private record Aside(long until, String reason) {}

    private final TreeMap<ActorRef<Worker.Command>, Entry> entries = new TreeMap<>();
    private final Map<String, Entry> byName = new HashMap<>();
    private final Map<String, Aside> aside = new HashMap<>();

    /** Takes up a new listing. */
    void list(Set<ActorRef<Worker.Command>> listed, long now) {
        entries.keySet().retainAll(listed);
        byName.values().removeIf(e -> !listed.contains(e.ref));
        listed.forEach(ref -> entries.computeIfAbsent(ref, r -> new Entry(r, now)));
    }

    /** A worker says where it stands; false where it is not listed. */
    boolean described(Worker.Described d, long now) {
        Entry e = entries.get(d.self());
        if (e == null) {
            return false;
        }
        e.self = d;
        e.answered = true;
        e.answeredAt = now;
        byName.merge(d.worker(), e, (known, other) -> other.listedAt > known.listedAt ? other : known);
        if (d.laneMs() > 0) {
            e.laneMs = d.laneMs();
        }
        return true;
    }

    /** From now on only those count that answer again. */
    void forgetAnswers(long now) {
        entries.values().forEach(e -> {
            e.expected = e.answered;
            e.answered = false;
            e.askedAt = Long.MIN_VALUE / 2;
            e.answeredAt = now;
        });
    }

    void setAside(String worker, long until, String reason) {
        aside.put(worker, new Aside(until, reason));
    }

    /** Those that are due to be asked: silent for the interval, and not asked within {@code resendMs}. */
    List<Entry> due(long now, long intervalMs, long resendMs) {
        List<Entry> due = new ArrayList<>();
        for (Entry e : entries.values()) {
            boolean silent = !e.answered || now - e.answeredAt >= intervalMs;
            if (silent && now - e.askedAt >= resendMs) {
                e.askedAt = now;
                due.add(e);
            }
        }
        return due;
    }

    List<Entry> entries() {
        return List.copyOf(entries.values());
    }

    /** The worker of a name that is listed; of several the one that was listed last. */
    Optional<Entry> of(String worker) {
        return Optional.ofNullable(byName.get(worker));
    }

    boolean isListed(ActorRef<Worker.Command> ref) {
        return entries.containsKey(ref);
    }

    /** What every listed worker is to the run. */
    List<Candidate> candidates(@Nullable RunPlan plan, long now) {
        List<Candidate> candidates = new ArrayList<>();
        for (Entry e : entries.values()) {
            candidates.add(candidate(plan, e, now));
        }
        return candidates;
    }

    private Candidate candidate(@Nullable RunPlan plan, Entry e, long now) {
        Worker.Described d = e.self;
        if (d == null) {
            return new Candidate(
                    e.name(),
                    null,
                    Standing.SILENT,
                    "has not answered in the " + (now - e.listedAt) + " ms it is known");
        }
        if (!of(d.worker()).map(newest -> newest.ref.equals(e.ref)).orElse(false)) {
            return new Candidate(
                    d.worker(), d, Standing.REFUSED, "another worker has this name; names must differ in a cluster");
        }
        Candidate judged = Membership.judge(plan, d);
        if (!judged.mayCome()) {
            return judged;
        }
        if (!e.answered) {
            return new Candidate(d.worker(), d, Standing.SILENT, "silent for " + (now - e.answeredAt) + " ms");
        }
        Aside left = aside.get(d.worker());
        if (left != null && now < left.until()) {
            return new Candidate(d.worker(), d, Standing.ASIDE, left.reason());
        }
        return judged;
    }

    /** A member's speed, as it has just told. */
    void measured(String worker, double laneMs) {
        of(worker).ifPresent(e -> e.laneMs = laneMs > 0 ? laneMs : e.laneMs);
    }

    /** Speeds are of a run. */
    void forgetSpeeds() {
        entries.values().forEach(e -> e.laneMs = 0);
        aside.clear();
    }

    /** The milliseconds that each member takes for a lane, by rank; 0: not known. */
    double[] laneMs(Generation generation) {
        return generation.members().stream()
                .mapToDouble(m -> of(m.worker()).map(e -> e.laneMs).orElse(0.0))
                .toArray();
    }

    /** The highest number of a generation that anybody has seen. */
    long lastGeneration() {
        return entries.values().stream()
                .mapToLong(e -> e.self == null ? 0 : e.self.lastGeneration())
                .max()
                .orElse(0);
    }
}
