package io.flm.simulation;

import java.util.Locale;
import java.util.Set;

/** Something that goes wrong at some time, for some time, or that an operator then wants. */
sealed interface Fault {
    /** When, in ms since the beginning. */
    double atMs();

    /** For how long, in ms. */
    double forMs();

    /** The process ends at once; another one is started in its place afterwards. */
    record Kill(double atMs, double forMs, int node) implements Fault {}

    /** The process of the coordinator's node ends at once, whichever that is then; another one is started afterwards. */
    record KillCoordinator(double atMs, double forMs) implements Fault {}

    /** The process is stopped and then goes on, unaware of the time between. */
    record Freeze(double atMs, double forMs, int node) implements Fault {}

    /** These nodes and the others do not reach each other. */
    record Cut(double atMs, double forMs, Set<Integer> nodes) implements Fault {
        public Cut {
            nodes = Set.copyOf(nodes);
        }
    }

    /** Gradients do not pass between the node and the others, though control messages do. */
    record Firewall(double atMs, double forMs, int node) implements Fault {}

    /** The node's exchange has ended and cannot be opened again until the fault is over, though control messages pass. */
    record DeadTransport(double atMs, double forMs, int node) implements Fault {}

    /** The node's devices take so many times longer. */
    record Slow(double atMs, double forMs, int node, double times) implements Fault {}

    /** Control messages are lost and doubled, each with this chance. */
    record Losses(double atMs, double forMs, double lost, double doubled) implements Fault {}

    /** The node's disk takes no more checkpoints. */
    record DiskFull(double atMs, double forMs, int node) implements Fault {}

    /** The operator wants the run to pause; afterwards it shall go on. */
    record Pause(double atMs, double forMs) implements Fault {}

    /** The operator wants the node's worker left out; afterwards it may come back. */
    record Drain(double atMs, double forMs, int node) implements Fault {}

    /** The operator wants a checkpoint; nothing lasts. */
    record Save(double atMs) implements Fault {
        @Override
        public double forMs() {
            return 0;
        }
    }

    /** One line: when, for how long, what. */
    default String line() {
        return String.format(Locale.ROOT, "%9.3f s for %8.3f s  %s", atMs() / 1e3, forMs() / 1e3, this);
    }
}
