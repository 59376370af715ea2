package io.flm.simulation;

import io.flm.exchange.LaneRange;
import io.flm.worker.Generation;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The exchange. A step is reduced when every member has contributed and all reach each other; then each commits it by itself, a
 * little later, unless a member was lost before it had sent its share. Who is not heard of for the liveness is lost.
 */
final class Gradients {
    static final double LIVENESS_MS = 800;
    private static final double REVIEW_MS = 100;
    private static final long MS = 1_000_000;
    static final long NEVER = Long.MAX_VALUE;

    /** A member's place in a generation. */
    final class Seat {
        private final Meeting meeting;
        private final int rank;
        private final Life life;
        private final long takenAt = world.nanoTime();
        private boolean ready;
        private boolean left;
        private boolean ended;
        private long leftAt;
        private @Nullable Reduction pending;
        private long sendsFrom;
        private long sendsUntil;

        Seat(Meeting meeting, int rank, Life life) {
            this.meeting = meeting;
            this.rank = rank;
            this.life = life;
        }

        Generation generation() {
            return meeting.generation;
        }

        int rank() {
            return rank;
        }

        long firstStep() {
            return generation().firstStep();
        }

        LaneRange lanes() {
            return generation().members().get(rank).lanes();
        }

        /** Alone a member needs no exchange. */
        boolean isAlone() {
            return meeting.seats.length == 1;
        }

        /** The state of the first step is here. */
        void becomeReady() {
            ready = true;
            meeting.beginWhenReady();
        }

        /** A member that has the state of the first step, and can be reached; null: none yet. */
        @Nullable SimulatedTrainer holder() {
            for (Seat other : meeting.seats) {
                boolean holds = other != null && other.ready && !other.left;
                if (other != null && holds && quietSince(other, this) == NEVER) {
                    return other.life.trainer;
                }
            }
            return null;
        }

        /** Sends what was computed; it is on its way for a while, whatever becomes of this member. */
        void contribute(long step, long weights, boolean stop) {
            Reduction.Part part = new Reduction.Part(
                    life.node.worker, lanes(), weights, Weights.gradient(weights, step, lanes()), stop);
            world.after(world.around(world.scenario.delayMs()), () -> arrived(this, step, part));
        }

        /** @param atEnd after the generation's last step, with nothing left to send */
        void leave(boolean atEnd) {
            left = true;
            ended = atEnd;
            leftAt = world.nanoTime();
            pending = null;
            world.changed();
        }
    }

    private final class Meeting {
        final Generation generation;
        final long number;
        final @Nullable Seat[] seats;
        final List<Reduction.Part> parts = new ArrayList<>();
        final Set<Integer> contributed = new LinkedHashSet<>();
        long step;
        boolean begun;
        private List<Seat> troubled = List.of();
        private long troubledVersion = -1;

        Meeting(Generation generation) {
            this.generation = generation;
            this.number = ++meetingsHeld;
            this.seats = new Seat[generation.worldSize()];
            this.step = generation.firstStep();
        }

        boolean isOver() {
            for (Seat seat : seats) {
                if (seat != null && !seat.left && !seat.life.over) {
                    return false;
                }
            }
            return true;
        }

        /** Members with whom something is the matter: most of the time none. */
        List<Seat> troubled() {
            if (troubledVersion != world.version()) {
                troubledVersion = world.version();
                List<Seat> found = new ArrayList<>();
                int group = seats[0] == null ? 0 : seats[0].life.node.group;
                boolean cut = false;
                for (Seat seat : seats) {
                    cut |= seats.length > 1
                            && seat != null
                            && (seat.life.node.group != group || seat.life.node.walledSince != NEVER);
                }
                for (Seat seat : seats) {
                    if (seat != null && (cut || seat.left || seat.life.over || seat.life.node.frozen)) {
                        found.add(seat);
                    }
                }
                troubled = found;
            }
            return troubled;
        }

        void beginWhenReady() {
            for (Seat seat : seats) {
                if (seat == null || !seat.ready || seat.left) {
                    return;
                }
            }
            if (!begun && troubled().isEmpty()) {
                begun = true;
                world.watch.goodput.began(world.nowMs());
                for (Seat seat : seats) {
                    if (seat != null) {
                        seat.life.after(world.around(world.scenario.delayMs()), () -> {
                            if (!seat.left) {
                                seat.life.trainer.begin();
                            }
                        });
                    }
                }
            }
        }

        void reduceWhenComplete() {
            if (contributed.size() < seats.length || !troubled().isEmpty()) {
                return;
            }
            long sum = 0;
            boolean stop = false;
            List<Life> lives = new ArrayList<>();
            for (Seat seat : seats) {
                if (seat != null) {
                    lives.add(seat.life);
                }
            }
            for (Reduction.Part part : parts) {
                sum += part.sum();
                stop |= part.stop();
            }
            Reduction reduction = new Reduction(generation, number, step, parts, sum, stop, lives);
            parts.clear();
            contributed.clear();
            step++;
            world.watch.reduced(reduction, world.nowMs());
            for (Seat seat : seats) {
                if (seat != null) {
                    double wait = world.scenario.spreadMs() * world.random.nextDouble(0.1, 1);
                    seat.pending = reduction;
                    seat.sendsFrom = world.nanoTime();
                    seat.sendsUntil = world.nanoTime() + (long) (wait * MS);
                    seat.life.after(wait, () -> commit(seat));
                }
            }
        }

        private void commit(Seat seat) {
            Reduction reduction = seat.pending;
            if (reduction == null || seat.left || world.nanoTime() < seat.sendsUntil) {
                return;
            }
            for (Seat other : troubled()) {
                if (other != seat && quietSince(other, seat) < sentAt(other, seat, reduction)) {
                    return; // its share of the sums is missing; looked at again
                }
            }
            seat.pending = null;
            seat.life.trainer.commit(reduction);
        }

        void review() {
            if (!begun) {
                beginWhenReady();
            }
            reduceWhenComplete();
            List<Seat> quiet = troubled();
            for (Seat seat : seats) {
                if (seat != null && !seat.left && !seat.life.over && !seat.life.node.frozen) {
                    commit(seat); // if it waits, and is not too early
                    lose(seat, quiet);
                }
            }
        }

        private void lose(Seat seat, List<Seat> quiet) {
            Set<String> lost = new LinkedHashSet<>();
            boolean gone = false;
            for (Seat other : quiet) {
                long since = other == seat ? NEVER : quietSince(other, seat);
                double ms = since == NEVER ? 0 : (double) (world.nanoTime() - since) / MS;
                if (ms >= LIVENESS_MS) {
                    lost.add(other.life.node.name);
                } else if (since != NEVER && ms >= REVIEW_MS && other.left && !seat.left) {
                    gone = true; // it says goodbye
                }
            }
            if (!lost.isEmpty()) {
                seat.life.trainer.fail("lost " + String.join(", ", lost), List.copyOf(lost));
            } else if (gone) {
                seat.life.trainer.fail("another member left", List.of());
            }
        }
    }

    private final World world;
    private final IdentityHashMap<Generation, Meeting> meetings = new IdentityHashMap<>();
    private final List<Meeting> order = new ArrayList<>();
    private long meetingsHeld;

    Gradients(World world) {
        this.world = world;
    }

    void start() {
        world.after(REVIEW_MS, this::review);
    }

    private void review() {
        List.copyOf(order).forEach(Meeting::review);
        order.removeIf(Meeting::isOver);
        meetings.values().removeIf(Meeting::isOver);
        world.after(REVIEW_MS, this::review);
    }

    /** Takes a member's place; the meeting of a generation begins with its first member. */
    Seat take(Generation generation, int rank, Life life) {
        Meeting meeting = meetings.computeIfAbsent(generation, g -> {
            Meeting made = new Meeting(g);
            order.add(made);
            return made;
        });
        Seat seat = new Seat(meeting, rank, life);
        meeting.seats[rank] = seat;
        world.changed();
        return seat;
    }

    private void arrived(Seat from, long step, Reduction.Part part) {
        for (Meeting meeting : List.copyOf(order)) {
            boolean own = meeting == from.meeting && !from.left;
            if (meeting.step == step && (own || world.broken.contains(BrokenRule.NO_FENCE))) {
                meeting.parts.add(part);
                if (own) {
                    meeting.contributed.add(from.rank);
                }
                meeting.reduceWhenComplete();
            }
        }
    }

    /** When a member has sent its share of a step's sums to another one; the last of them decides when that one commits. */
    private static long sentAt(Seat from, Seat to, Reduction reduction) {
        long bits = Weights.mix(reduction.step() * 1_000_003 + from.rank * 1009L + to.rank) >>> 11;
        double share = bits * 0x1p-53;
        return to.sendsFrom + (long) (share * (to.sendsUntil - to.sendsFrom));
    }

    /** Since when one has heard nothing of the other. */
    private static long quietSince(Seat of, Seat at) {
        long since = of.life.over ? of.life.overAt : NEVER;
        Node node = of.life.node;
        if (node.frozen && !of.life.over) {
            since = Math.min(since, node.frozenSince);
        }
        if (!node.reaches(at.life.node)) {
            since = Math.min(since, Math.max(node.groupSince, at.life.node.groupSince));
        }
        long walledSince = Math.min(node.walledSince, at.life.node.walledSince);
        if (walledSince != NEVER) {
            since = Math.min(since, Math.max(walledSince, at.takenAt));
        }
        if (of.left && !of.ended) {
            since = Math.min(since, of.leftAt);
        }
        return since;
    }
}
