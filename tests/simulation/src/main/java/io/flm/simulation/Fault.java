package io.flm.simulation;

import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/** Something that goes wrong at some time, for some time, or that an operator then wants. */
sealed interface Fault {
    /** Longer than any simulation. */
    double FOR_GOOD_MS = 1e9;

    /** When, in ms since the beginning. */
    double atMs();

    /** For how long, in ms. */
    double forMs();

    /** The process ends at once; another one is started in its place afterwards. */
    record Kill(double atMs, double forMs, int node) implements Fault {
        @Override
        public String what() {
            return "Kill of node " + node;
        }
    }

    /** The process of the coordinator's node ends at once, whichever that is then; another one is started afterwards. */
    record KillCoordinator(double atMs, double forMs) implements Fault {
        @Override
        public String what() {
            return "KillCoordinator";
        }
    }

    /** The process is stopped and then goes on, unaware of the time between. */
    record Freeze(double atMs, double forMs, int node) implements Fault {
        @Override
        public String what() {
            return "Freeze of node " + node;
        }
    }

    /** These nodes and the others do not reach each other. */
    record Cut(double atMs, double forMs, Set<Integer> nodes) implements Fault {
        public Cut {
            nodes = Set.copyOf(nodes);
        }

        @Override
        public String what() {
            return "Cut around nodes "
                    + nodes.stream().sorted().map(String::valueOf).collect(Collectors.joining(", "));
        }
    }

    /** SimulatedExchange do not pass between the node and the others, though control messages do. */
    record Firewall(double atMs, double forMs, int node) implements Fault {
        @Override
        public String what() {
            return "Firewall around node " + node;
        }
    }

    /** The node's exchange has ended and cannot be opened again until the fault is over, though control messages pass. */
    record DeadTransport(double atMs, double forMs, int node) implements Fault {
        @Override
        public String what() {
            return "DeadTransport of node " + node;
        }
    }

    /** The node's devices take so many times longer. */
    record Slow(double atMs, double forMs, int node, double times) implements Fault {
        @Override
        public String what() {
            return String.format(Locale.ROOT, "Slow node %d: %.1f times longer", node, times);
        }
    }

    /** Control messages are lost and doubled, each with this chance. */
    record Losses(double atMs, double forMs, double lost, double doubled) implements Fault {
        @Override
        public String what() {
            return String.format(Locale.ROOT, "Losses: %.1f %% lost, %.1f %% doubled", 100 * lost, 100 * doubled);
        }
    }

    /** The node's disk takes no more checkpoints. */
    record DiskFull(double atMs, double forMs, int node) implements Fault {
        @Override
        public String what() {
            return "DiskFull of node " + node;
        }
    }

    /** A shard of the data stays broken on its server. Some nodes have kept what they need of it. */
    record BrokenShard(double atMs, int shard) implements Fault {
        @Override
        public double forMs() {
            return FOR_GOOD_MS;
        }

        @Override
        public String what() {
            return "BrokenShard " + shard;
        }
    }

    /** The operator wants the run to pause; afterwards it shall go on. */
    record Pause(double atMs, double forMs) implements Fault {
        @Override
        public String what() {
            return "Pause";
        }
    }

    /** The operator wants the node's worker left out; afterwards it may come back. */
    record Drain(double atMs, double forMs, int node) implements Fault {
        @Override
        public String what() {
            return "Drain of node " + node;
        }
    }

    /** The operator wants a checkpoint; nothing lasts. */
    record Save(double atMs) implements Fault {
        @Override
        public double forMs() {
            return 0;
        }

        @Override
        public String what() {
            return "Save";
        }
    }

    /** By its name in {@code docs/simulation.md}, and whom it is done to. */
    String what();

    /** One line: when, for how long, what. */
    default String line() {
        String span = forMs() == 0
                ? ""
                : forMs() >= FOR_GOOD_MS ? "for good" : String.format(Locale.ROOT, "for %8.3f s", forMs() / 1e3);
        return String.format(Locale.ROOT, "%9.3f s %-14s  %s", atMs() / 1e3, span, what());
    }
}
