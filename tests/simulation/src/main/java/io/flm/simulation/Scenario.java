package io.flm.simulation;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;

/**
 * What a simulation is about: all that a seed draws before it begins.
 *
 * @param nodes each with one worker
 * @param lanes of the global batch
 * @param totalSteps of the run
 * @param minWorkers of the run
 * @param startsMs when each node is started; later than 0: it joins late
 * @param laneMs for each node the time that a lane takes
 * @param delayMs of a message between nodes, on average
 * @param spreadMs how far apart members commit a step
 * @param checkpointSteps the member of rank 0 writes a checkpoint each time so many steps are committed
 * @param saveMs to write a checkpoint
 * @param prepareMs to build model and data
 * @param fetchMs to fetch a state from another member
 * @param faultsEndMs from when on nothing goes wrong any more, but that a transport may stay dead
 * @param stepMs what a step takes where nothing happens; 0: that was drawn
 */
public record Scenario(
        long seed,
        int nodes,
        int lanes,
        long totalSteps,
        int minWorkers,
        List<Long> startsMs,
        List<Double> laneMs,
        double delayMs,
        double spreadMs,
        long checkpointSteps,
        double saveMs,
        double prepareMs,
        double fetchMs,
        List<Fault> faults,
        long faultsEndMs,
        double stepMs) {

    public Scenario {
        startsMs = List.copyOf(startsMs);
        laneMs = List.copyOf(laneMs);
        faults = List.copyOf(faults);
    }

    private static final double HOUR_MS = 3_600_000;

    /** Of a cluster that is planned, between nodes. */
    private static final double PLANNED_DELAY_MS = 1;

    private static final double PLANNED_SPREAD_MS = 10;

    /** Steps, more than any simulation has time for. */
    private static final long ENDLESS = 1_000_000_000_000L;

    /** Whether the run is not to finish, but to go on until the faults end. */
    boolean endless() {
        return totalSteps == ENDLESS;
    }

    /** Mostly small clusters, since what goes wrong goes wrong there too, and sooner. */
    public static Scenario draw(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int nodes = random.nextInt(10) == 0 ? random.nextInt(9, 25) : random.nextInt(2, 9);
        return draw(seed, nodes);
    }

    /** With so many nodes. */
    public static Scenario draw(long seed, int nodes) {
        SplittableRandom random = new SplittableRandom(seed ^ 0x5eed);
        int lanes = Math.max(2, (int) (nodes * (0.7 + random.nextDouble() * 2)));
        double laneMs = Math.exp(random.nextDouble(Math.log(5), Math.log(150)));
        double delayMs = random.nextDouble(0.1, 5);
        double spreadMs = random.nextDouble(1, 50);
        List<Double> speeds = new ArrayList<>();
        List<Long> starts = new ArrayList<>();
        for (int i = 0; i < nodes; i++) {
            speeds.add(laneMs * random.nextDouble(0.7, random.nextInt(8) == 0 ? 4 : 1.3));
            starts.add(i > 0 && random.nextInt(5) == 0 ? random.nextLong(20_000) : random.nextLong(500));
        }
        long faultsEndMs = random.nextLong(10_000, 50_000);
        double expectedMs = laneMs * Math.max(1, (double) lanes / nodes) + spreadMs + delayMs;
        long steps = 20
                + (long) (faultsEndMs * random.nextDouble(0.2, 0.9) / expectedMs); // about as long as there are faults
        int count = random.nextInt(1, 10 + nodes / 2);
        List<Fault> faults = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            faults.add(fault(random, nodes, faultsEndMs));
        }
        if (random.nextInt(4) == 0) {
            faults.add(new Fault.DeadTransport(random.nextLong(faultsEndMs), Fault.FOR_GOOD_MS, random.nextInt(nodes)));
        }
        SplittableRandom shards = new SplittableRandom(seed ^ 0x5a4d); // what was drawn before there were any stays
        for (int i = shards.nextInt(9); i >= 6; i--) {
            faults.add(new Fault.BrokenShard(shards.nextLong(faultsEndMs), shards.nextInt(Weights.SHARDS)));
        }
        faults.sort(Comparator.comparingDouble(Fault::atMs));
        return new Scenario(
                seed,
                nodes,
                lanes,
                steps,
                random.nextInt(1, Math.max(2, nodes / 2 + 1)),
                starts,
                speeds,
                delayMs,
                spreadMs,
                random.nextInt(5, 100),
                random.nextDouble(20, 2000),
                random.nextDouble(200, 5000),
                random.nextDouble(20, 3000),
                faults,
                faultsEndMs,
                0);
    }

    /**
     * A cluster to plan for: processes are killed at random times, each as often as all others, and started again.
     *
     * @param nodes each with one worker that runs one lane
     */
    public static Scenario plan(long seed, int nodes, double hours, Plan plan) {
        SplittableRandom random = new SplittableRandom(seed);
        long endMs = (long) (hours * HOUR_MS);
        List<Fault> faults = new ArrayList<>();
        for (int node = 0; node < nodes; node++) {
            double at = 0;
            while (true) {
                at += -Math.log(1 - random.nextDouble()) * plan.mtbfHours() * HOUR_MS;
                if (at >= endMs) {
                    break;
                }
                faults.add(new Fault.Kill((long) at, plan.restartMs(), node));
                at += plan.restartMs();
            }
        }
        faults.sort(Comparator.comparingDouble(Fault::atMs));
        return new Scenario(
                seed,
                nodes,
                nodes,
                ENDLESS,
                1,
                Collections.nCopies(nodes, 0L),
                Collections.nCopies(
                        nodes, Math.max(0.01 * plan.stepMs(), plan.stepMs() - PLANNED_DELAY_MS - PLANNED_SPREAD_MS)),
                PLANNED_DELAY_MS,
                PLANNED_SPREAD_MS,
                plan.checkpointSteps(),
                plan.saveMs(),
                plan.prepareMs(),
                plan.fetchMs(),
                faults,
                endMs,
                plan.stepMs());
    }

    /**
     * What is planned for.
     *
     * @param mtbfHours mean time between failures of one node
     * @param stepMs what a step takes where nothing happens
     * @param restartMs until the process of a node that was killed is there again
     * @param checkpointSteps between checkpoints
     * @param prepareMs to build model and data
     * @param saveMs to write a checkpoint, while steps go on
     * @param fetchMs to fetch the state from another member
     */
    public record Plan(
            double mtbfHours,
            double stepMs,
            long restartMs,
            long checkpointSteps,
            double prepareMs,
            double saveMs,
            double fetchMs) {}

    /** How long a device takes for what takes so long on average. That of a planned cluster is as slow as was said. */
    double deviceMs(double averageMs, SplittableRandom random) {
        return endless() ? averageMs : averageMs * random.nextDouble(0.95, 1.1);
    }

    /** From when on nothing is wrong, but that transports may be dead. */
    double calmFromMs() {
        return faultsEndMs;
    }

    boolean hasDeadTransport(double nowMs) {
        return faults.stream()
                .anyMatch(f -> f instanceof Fault.DeadTransport && f.atMs() <= nowMs && nowMs < f.atMs() + f.forMs());
    }

    /** The same with other faults. */
    Scenario with(Fault... others) {
        return new Scenario(
                seed,
                nodes,
                lanes,
                totalSteps,
                minWorkers,
                startsMs,
                laneMs,
                delayMs,
                spreadMs,
                checkpointSteps,
                saveMs,
                prepareMs,
                fetchMs,
                List.of(others),
                faultsEndMs,
                stepMs);
    }

    private static Fault fault(SplittableRandom random, int nodes, long endMs) {
        long at = random.nextLong(endMs - 1000);
        long length = Math.min(
                endMs - at, (long) Math.exp(random.nextDouble(Math.log(100), Math.log(30_000)))); // mostly short
        int node = random.nextInt(nodes);
        return switch (random.nextInt(14)) {
            case 0, 1 -> new Fault.Kill(at, length, node);
            case 2 -> new Fault.KillCoordinator(at, length);
            case 3, 4 -> new Fault.Freeze(at, length, node);
            case 5 -> new Fault.Cut(at, length, some(random, nodes));
            case 6 -> new Fault.Slow(at, length, node, random.nextDouble(2, 10));
            case 7 -> new Fault.Losses(at, length, random.nextDouble(0.5), random.nextDouble(0.3));
            case 8 -> new Fault.DiskFull(at, length, node);
            case 9 -> new Fault.Pause(at, length);
            case 10 -> new Fault.Drain(at, length, node);
            case 11 -> new Fault.Firewall(at, length, node);
            case 12 -> new Fault.DeadTransport(at, length, node);
            default -> new Fault.Save(at);
        };
    }

    private static Set<Integer> some(SplittableRandom random, int nodes) {
        Set<Integer> some = new HashSet<>();
        int count = random.nextInt(1, nodes);
        while (some.size() < count) {
            some.add(random.nextInt(nodes));
        }
        return some;
    }

    /** What was drawn, for the reader. */
    public String text() {
        return String.format(
                        Locale.ROOT,
                        "seed %d: %d nodes (%d of them late), %d lanes of %.0f to %.0f ms, %s, at least %d"
                                + " workers; prepared in %.0f ms, states fetched in %.0f ms, saved in %.0f ms every %d"
                                + " steps%n",
                        seed,
                        nodes,
                        startsMs.stream().filter(ms -> ms >= 500).count(),
                        lanes,
                        laneMs.stream().mapToDouble(d -> d).min().orElse(0),
                        laneMs.stream().mapToDouble(d -> d).max().orElse(0),
                        endless() ? "steps without end" : totalSteps + " steps",
                        minWorkers,
                        prepareMs,
                        fetchMs,
                        saveMs,
                        checkpointSteps)
                + faults.stream().map(f -> f.line() + "\n").collect(Collectors.joining())
                + String.format(Locale.ROOT, "%9.3f s all faults are over%n", faultsEndMs / 1e3);
    }
}
