package io.flm.simulation;

import io.flm.data.BrokenShards;
import io.flm.exchange.LaneRange;
import io.flm.worker.Generation;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The exchange of gradients, simulated. A step is reduced when every member has contributed and all reach each other. Then each
 * commits it by itself, a little later, unless a member was lost before it had sent its share. A member that is silent for the
 * liveness timeout is lost.
 */
final class SimulatedExchange {
    static final double LIVENESS_MS = 800;
    private static final double REVIEW_MS = 100;
    private static final long MS = 1_000_000;
    static final long NEVER = Long.MAX_VALUE;

    /** A member's place in a generation. */
    final class Rank {
        private final Group group;
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

        Rank(Group group, int rank, Life life) {
            this.group = group;
            this.rank = rank;
            this.life = life;
        }

        Generation generation() {
            return group.generation;
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
            return group.ranks.length == 1;
        }

        /** The state of the first step is here. */
        void becomeReady() {
            ready = true;
            group.beginWhenReady();
        }

        /** A member that has the state of the first step, and can be reached; null: none yet. */
        @Nullable SimulatedTrainer holder() {
            for (Rank other : group.ranks) {
                boolean holds = other != null && other.ready && !other.left;
                if (other != null && holds && quietSince(other, this) == NEVER) {
                    return other.life.trainer;
                }
            }
            return null;
        }

        /** Sends what was computed; it is on its way for a while, whatever becomes of this member. */
        void contribute(long step, long weights, BrokenShards broken, boolean stop) {
            Reduction.Part part = new Reduction.Part(
                    life.node.worker, lanes(), weights, Weights.gradient(weights, step, lanes(), broken), stop);
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

    private final class Group {
        final Generation generation;
        final long number;
        final @Nullable Rank[] ranks;
        final List<Reduction.Part> parts = new ArrayList<>();
        final Set<Integer> contributed = new LinkedHashSet<>();
        long step;
        boolean begun;
        private List<Rank> troubled = List.of();
        private long troubledVersion = -1;

        Group(Generation generation) {
            this.generation = generation;
            this.number = ++meetingsHeld;
            this.ranks = new Rank[generation.worldSize()];
            this.step = generation.firstStep();
        }

        boolean isOver() {
            for (Rank place : ranks) {
                if (place != null && !place.left && !place.life.over) {
                    return false;
                }
            }
            return true;
        }

        /** Members with whom something is the matter: most of the time none. */
        List<Rank> troubled() {
            if (troubledVersion != world.version()) {
                troubledVersion = world.version();
                List<Rank> found = new ArrayList<>();
                int group = ranks[0] == null ? 0 : ranks[0].life.node.group;
                boolean cut = false;
                for (Rank place : ranks) {
                    cut |= ranks.length > 1
                            && place != null
                            && (place.life.node.group != group || place.life.node.walledSince != NEVER);
                }
                for (Rank place : ranks) {
                    if (place != null && (cut || place.left || place.life.over || place.life.node.frozen)) {
                        found.add(place);
                    }
                }
                troubled = found;
            }
            return troubled;
        }

        void beginWhenReady() {
            for (Rank place : ranks) {
                if (place == null || !place.ready || place.left) {
                    return;
                }
            }
            if (!begun && troubled().isEmpty()) {
                begun = true;
                world.watch.goodput.began(world.nowMs());
                for (Rank place : ranks) {
                    if (place != null) {
                        place.life.after(world.around(world.scenario.delayMs()), () -> {
                            if (!place.left) {
                                place.life.trainer.begin();
                            }
                        });
                    }
                }
            }
        }

        void reduceWhenComplete() {
            if (contributed.size() < ranks.length || !troubled().isEmpty()) {
                return;
            }
            long sum = 0;
            boolean stop = false;
            List<Life> lives = new ArrayList<>();
            for (Rank place : ranks) {
                if (place != null) {
                    lives.add(place.life);
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
            for (Rank place : ranks) {
                if (place != null) {
                    double wait = world.scenario.spreadMs() * world.random.nextDouble(0.1, 1);
                    place.pending = reduction;
                    place.sendsFrom = world.nanoTime();
                    place.sendsUntil = world.nanoTime() + (long) (wait * MS);
                    place.life.after(wait, () -> commit(place));
                }
            }
        }

        private void commit(Rank place) {
            Reduction reduction = place.pending;
            if (reduction == null || place.left || world.nanoTime() < place.sendsUntil) {
                return;
            }
            for (Rank other : troubled()) {
                if (other != place && quietSince(other, place) < sentAt(other, place, reduction)) {
                    return; // its share of the sums is missing; looked at again
                }
            }
            place.pending = null;
            place.life.trainer.commit(reduction);
        }

        void review() {
            if (!begun) {
                beginWhenReady();
            }
            reduceWhenComplete();
            List<Rank> quiet = troubled();
            for (Rank place : ranks) {
                if (place != null && !place.left && !place.life.over && !place.life.node.frozen) {
                    commit(place); // if it waits, and is not too early
                    lose(place, quiet);
                }
            }
        }

        private void lose(Rank place, List<Rank> quiet) {
            Set<String> lost = new LinkedHashSet<>();
            boolean gone = false;
            for (Rank other : quiet) {
                long since = other == place ? NEVER : quietSince(other, place);
                double ms = since == NEVER ? 0 : (double) (world.nanoTime() - since) / MS;
                if (ms >= LIVENESS_MS) {
                    lost.add(other.life.node.name);
                } else if (since != NEVER && ms >= REVIEW_MS && other.left && !place.left) {
                    gone = true; // it says goodbye
                }
            }
            if (!lost.isEmpty()) {
                place.life.trainer.fail("lost " + String.join(", ", lost), List.copyOf(lost));
            } else if (gone) {
                place.life.trainer.fail("another member left", List.of());
            }
        }
    }

    private final World world;
    private final IdentityHashMap<Generation, Group> groups = new IdentityHashMap<>();
    private final List<Group> order = new ArrayList<>();
    private long meetingsHeld;

    SimulatedExchange(World world) {
        this.world = world;
    }

    void start() {
        world.after(REVIEW_MS, this::review);
    }

    private void review() {
        List.copyOf(order).forEach(Group::review);
        order.removeIf(Group::isOver);
        groups.values().removeIf(Group::isOver);
        world.after(REVIEW_MS, this::review);
    }

    /** Takes a member's place; the group of a generation begins with its first member. */
    Rank take(Generation generation, int rank, Life life) {
        Group group = groups.computeIfAbsent(generation, g -> {
            Group made = new Group(g);
            order.add(made);
            return made;
        });
        Rank place = new Rank(group, rank, life);
        group.ranks[rank] = place;
        world.changed();
        return place;
    }

    private void arrived(Rank from, long step, Reduction.Part part) {
        for (Group group : List.copyOf(order)) {
            boolean own = group == from.group && !from.left;
            if (group.step == step && (own || world.broken.contains(BrokenRule.NO_FENCE))) {
                group.parts.add(part);
                if (own) {
                    group.contributed.add(from.rank);
                }
                group.reduceWhenComplete();
            }
        }
    }

    /** When a member has sent its share of a step's sums to another one; the last of them decides when that one commits. */
    private static long sentAt(Rank from, Rank to, Reduction reduction) {
        long bits = Weights.mix(reduction.step() * 1_000_003 + from.rank * 1009L + to.rank) >>> 11;
        double share = bits * 0x1p-53;
        return to.sendsFrom + (long) (share * (to.sendsUntil - to.sendsFrom));
    }

    /** Since when one has heard nothing of the other. */
    private static long quietSince(Rank of, Rank at) {
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
