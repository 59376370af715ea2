package io.flm.simulation;

import io.flm.data.BrokenShards;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A host with a disk, and a process that may end, be started again, and be stopped for a while. */
final class Node {
    /** What a checkpoint holds. */
    record State(long weights, BrokenShards broken) {}

    /** The run's folder: the state after each step that was written. */
    static final class Disk {
        final TreeMap<Long, State> checkpoints = new TreeMap<>();
        int full; // more than one fault may be the reason
    }

    final World world;
    final int index;
    final String name;
    final String worker;
    final Disk disk = new Disk();
    private final Deque<Runnable> backlog = new ArrayDeque<>();

    /** Nodes of the same group reach each other. */
    int group;

    long groupSince;

    /** Since when its gradients reach nobody, and nobody's reach it. */
    long walledSince = SimulatedExchange.NEVER;

    private int walls; // more than one fault may be the reason
    private int deaths; // of its transport, likewise
    double slowness = 1;
    boolean frozen;
    long frozenSince;

    @Nullable Life life;

    /** How often the operator wants its worker left out. */
    int drains;

    private int down;
    private int process;

    Node(World world, int index) {
        this.world = world;
        this.index = index;
        this.name = "n" + index;
        this.worker = name + "-w1";
    }

    /** A new process. */
    void start() {
        if (life == null && down == 0) {
            process++;
            life = new Life(this);
            world.changed();
        }
    }

    /** The actor system begins anew in the same process, as a node does that the others have removed. */
    void restart(double delayMs) {
        end();
        int same = process;
        world.after(delayMs, () -> {
            if (process == same && !frozen) {
                start();
            } else if (process == same) {
                backlog.add(this::start);
            }
        });
    }

    private void end() {
        Life last = life;
        life = null;
        if (last != null) {
            last.end();
        }
        world.changed();
    }

    void kill() {
        down++;
        process++;
        frozen = false;
        backlog.clear();
        end();
    }

    /** What had killed it is over. */
    void revive() {
        down--;
        start();
    }

    void freeze(double forMs) {
        if (frozen || life == null) {
            return;
        }
        frozen = true;
        frozenSince = world.nanoTime();
        int same = process;
        world.after(forMs, () -> {
            if (process == same) {
                thaw();
            }
        });
    }

    private void thaw() {
        frozen = false;
        world.changed();
        while (!frozen && !backlog.isEmpty()) {
            backlog.removeFirst().run();
        }
        Life now = life;
        if (now != null && now.removed) { // it hears of that now
            world.after(world.around(500), () -> {
                if (life == now) {
                    restart(1000);
                }
            });
        }
    }

    /** Does it now, or when the process goes on. */
    void run(Runnable task) {
        if (frozen) {
            backlog.add(task);
        } else {
            task.run();
        }
    }

    void moveTo(int other) {
        group = other;
        groupSince = world.nanoTime();
        world.changed();
    }

    void wall() {
        if (walls++ == 0) {
            walledSince = world.nanoTime();
            world.changed();
        }
    }

    void unwall() {
        if (--walls == 0) {
            walledSince = SimulatedExchange.NEVER;
            world.changed();
        }
    }

    /** Its exchange ends, and whoever is in a generation there is told at once. */
    void endTransport() {
        deaths++;
        wall();
        Life now = life;
        if (now != null) {
            run(now.trainer::loseTransport);
        }
    }

    void reopenTransport() {
        deaths--;
        unwall();
    }

    /** Whether its server gives it a shard; of one that broke it may have kept all it needs. */
    boolean reads(int shard) {
        return !world.brokenShards.contains(shard) || Weights.mix(shard * 31L + index) % 4 == 0;
    }

    boolean hasTransport() {
        return deaths == 0;
    }

    boolean reaches(Node other) {
        return group == other.group;
    }
}
