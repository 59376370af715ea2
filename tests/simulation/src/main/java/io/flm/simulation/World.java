package io.flm.simulation;

import io.flm.coordinator.CoordinatorSettings;
import io.flm.virtual.VirtualActors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

/** Time, chance, and the network that control messages take; what all parts of a simulation share. */
final class World {
    private static final long MS = 1_000_000;

    /** How late a doubled message may come, in ms. */
    private static final double DOUBLE_WITHIN_MS = 400;

    private record Link(int from, int to) {}

    final VirtualActors actors;
    final Scenario scenario;
    final SplittableRandom random;
    final Watch watch;
    final Set<BrokenRule> broken;
    final SimulatedExchange exchange;
    final Cluster cluster;
    final List<Node> nodes = new ArrayList<>();
    private final Map<Link, Long> lastArrivals = new HashMap<>();
    private final long beganAt;
    /** Shards that stay broken. */
    final Set<Integer> brokenShards = new HashSet<>();

    /** How often the operator wants the run paused. */
    int pauses;

    /** Whether the operator wants a checkpoint that was not asked for yet. */
    boolean saveWanted;

    private double lost;
    private double doubled;
    private long version;
    private int lives;
    private int cuts;

    World(VirtualActors actors, Scenario scenario, CoordinatorSettings settings, Watch watch, Set<BrokenRule> broken) {
        this.actors = actors;
        this.scenario = scenario;
        this.watch = watch;
        random = new SplittableRandom(scenario.seed());
        beganAt = actors.nanoTime();
        this.broken = broken;
        exchange = new SimulatedExchange(this);
        cluster = new Cluster(this, settings);
        for (int i = 0; i < scenario.nodes(); i++) {
            nodes.add(new Node(this, i));
        }
    }

    long nanoTime() {
        return actors.nanoTime() - beganAt;
    }

    double nowMs() {
        return (double) nanoTime() / MS;
    }

    /** Does something later, whatever has become of whoever wants it. */
    void after(double ms, Runnable task) {
        actors.after((long) (ms * MS), task);
    }

    int nextLife() {
        return ++lives;
    }

    /** Grows with all that may decide who reaches whom: what is computed from that need not be computed again before. */
    long version() {
        return version;
    }

    void changed() {
        version++;
    }

    Node nodeOf(String worker) {
        return nodes.stream().filter(n -> n.worker.equals(worker)).findFirst().orElseThrow();
    }

    /** Between two, in any time from a half to one and a half of the average. */
    double around(double average) {
        return average * random.nextDouble(0.5, 1.5);
    }

    /** A control message; of two on the same way the first arrives first, unless it is the second half of a doubled one. */
    void carry(Node from, Life to, Runnable delivery) {
        if (from == to.node) {
            to.run(delivery);
            return;
        }
        if (!from.reaches(to.node) || random.nextDouble() < lost) {
            return;
        }
        Link link = new Link(from.index, to.node.index);
        double delayMs = around(scenario.delayMs());
        long at = Math.max(nanoTime() + (long) (delayMs * MS), lastArrivals.getOrDefault(link, 0L));
        lastArrivals.put(link, at);
        Runnable arrival = () -> {
            if (from.reaches(to.node)) {
                to.run(delivery);
            }
        };
        actors.after(at - nanoTime(), arrival);
        if (random.nextDouble() < doubled) {
            actors.after(at - nanoTime() + (long) (random.nextDouble(DOUBLE_WITHIN_MS) * MS), arrival);
        }
    }

    /** Lets a fault strike, and end. */
    void schedule(Fault fault) {
        after(fault.atMs(), () -> strike(fault));
    }

    private void strike(Fault fault) {
        changed();
        if (fault instanceof Fault.Kill f) {
            kill(nodes.get(f.node()), f.forMs());
        } else if (fault instanceof Fault.KillCoordinator f) {
            kill(cluster.hostOr(nodes.get(0)), f.forMs());
        } else if (fault instanceof Fault.Freeze f) {
            nodes.get(f.node()).freeze(f.forMs());
        } else if (fault instanceof Fault.Cut f) {
            cut(f);
        } else if (fault instanceof Fault.Firewall f) {
            Node node = nodes.get(f.node());
            node.wall();
            after(f.forMs(), node::unwall);
        } else if (fault instanceof Fault.DeadTransport f) {
            Node node = nodes.get(f.node());
            node.endTransport();
            after(f.forMs(), node::reopenTransport);
        } else if (fault instanceof Fault.Slow f) {
            Node node = nodes.get(f.node());
            node.slowness *= f.times();
            after(f.forMs(), () -> node.slowness /= f.times());
        } else if (fault instanceof Fault.DiskFull f) {
            Node node = nodes.get(f.node());
            node.disk.full++;
            after(f.forMs(), () -> node.disk.full--);
        } else if (fault instanceof Fault.Pause f) {
            pauses++;
            after(f.forMs(), () -> pauses--);
        } else if (fault instanceof Fault.Drain f) {
            Node node = nodes.get(f.node());
            node.drains++;
            after(f.forMs(), () -> node.drains--);
        } else if (fault instanceof Fault.BrokenShard f) {
            brokenShards.add(f.shard());
        } else if (fault instanceof Fault.Save) {
            saveWanted = true;
        } else if (fault instanceof Fault.Losses f) {
            lost = f.lost();
            doubled = f.doubled();
            after(f.forMs(), () -> {
                lost = 0;
                doubled = 0;
            });
        }
    }

    private void kill(Node node, double forMs) {
        if (node.life != null && node.life.trainer.isMember()) {
            watch.goodput.killed(nowMs());
        }
        node.kill();
        after(forMs, node::revive);
    }

    private void cut(Fault.Cut f) {
        int group = ++cuts;
        f.nodes().forEach(i -> nodes.get(i).moveTo(group));
        after(
                f.forMs(),
                () -> f.nodes().forEach(i -> {
                    if (nodes.get(i).group == group) {
                        nodes.get(i).moveTo(0);
                    }
                }));
    }
}
