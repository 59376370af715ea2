package io.flm.coordinator;

import akka.actor.typed.ActorRef;
import io.flm.coordinator.Membership.Candidate;
import io.flm.coordinator.Membership.Standing;
import io.flm.worker.AsyncTrainer.Rates;
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
 * The workers that are listed: what each last said, when it said so, and when it was last asked. In the order of their addresses, so
 * that equal histories lead to equal decisions.
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

        @Nullable Rates rates; // lately

        private Entry(ActorRef<Worker.Command> ref, long now) {
            this.ref = ref;
            this.listedAt = now;
            this.answeredAt = now;
        }

        String name() {
            return self == null ? ref.path().name() : self.worker();
        }
    }

    /** How often the time of a quarantine is doubled. */
    private static final int MOST_DOUBLINGS = 6;

    /** Of a process: one that is started again is another worker. */
    private record Quarantine(ActorRef<Worker.Command> ref, long until, int doublings, String reason) {}

    private final TreeMap<ActorRef<Worker.Command>, Entry> entries = new TreeMap<>();
    private final Map<String, Entry> byName = new HashMap<>();
    private final Map<String, Quarantine> quarantines = new HashMap<>();

    /** Takes up a new listing. */
    void list(Set<ActorRef<Worker.Command>> listed, long now) {
        entries.keySet().retainAll(listed);
        byName.values().removeIf(e -> !listed.contains(e.ref));
        listed.forEach(ref -> entries.computeIfAbsent(ref, r -> new Entry(r, now)));
    }

    /** A worker says where it stands; false if it is not listed. */
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

    /** Leaves a worker out for at most {@code ms}, and for twice as long each time again, until it is forgiven. */
    void quarantine(String worker, long now, long ms, String reason) {
        of(worker).ifPresent(e -> {
            Quarantine before = quarantines.get(worker);
            int doublings = before == null || !before.ref().equals(e.ref)
                    ? 0
                    : Math.min(before.doublings() + 1, MOST_DOUBLINGS);
            long forMs = ms << doublings;
            quarantines.put(
                    worker,
                    new Quarantine(
                            e.ref, now + forMs, doublings, "left out for up to " + forMs / 1000 + " s: " + reason));
        });
    }

    /** The cause of a worker's quarantine is over. */
    void forgive(String worker) {
        quarantines.remove(worker);
    }

    /** Takes in again at once those in quarantine that hold at least {@code steps} steps; whether there are any. */
    boolean takeBack(long steps, long now) {
        boolean any = false;
        for (Map.Entry<String, Quarantine> left : quarantines.entrySet()) {
            Quarantine q = left.getValue();
            boolean holds = of(left.getKey())
                    .filter(e -> e.ref.equals(q.ref()) && e.self != null && e.self.steps() >= steps)
                    .isPresent();
            if (holds && now < q.until()) {
                left.setValue(new Quarantine(q.ref(), now, q.doublings(), q.reason()));
                any = true;
            }
        }
        return any;
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
        Quarantine left = quarantines.get(d.worker());
        if (left != null && now < left.until() && left.ref().equals(e.ref)) {
            return new Candidate(d.worker(), d, Standing.QUARANTINED, left.reason());
        }
        return judged;
    }

    /** A member's speed, as it has just told. */
    void measured(String worker, Rates rates) {
        of(worker).ifPresent(e -> {
            e.laneMs = rates.laneMs() > 0 ? rates.laneMs() : e.laneMs;
            e.rates = rates;
        });
    }

    /** How a member did lately; null: it has not told. */
    @Nullable Rates rates(String worker) {
        return of(worker).map(e -> e.rates).orElse(null);
    }

    /** Speeds are of a run. */
    void forgetSpeeds() {
        entries.values().forEach(e -> {
            e.laneMs = 0;
            e.rates = null;
        });
        quarantines.clear();
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
