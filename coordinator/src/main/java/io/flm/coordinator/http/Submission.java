package io.flm.coordinator.http;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.flm.data.UserException;
import io.flm.worker.RunPlan;
import java.util.Locale;
import java.util.Set;

/**
 * A run as it is asked for: the body of {@code POST /api/v1/run}.
 *
 * @param run its name
 * @param config its configuration, HOCON or JSON; what it leaves out has its default
 * @param minWorkers with fewer nothing trains
 * @param maxWorkers more are spares; 0: as many as there are lanes
 * @param resume whether to go on from the newest valid checkpoint of the nodes' run folders
 */
public record Submission(
        @JsonProperty(required = true) String run,
        @JsonProperty(required = true) String config,
        int minWorkers,
        int maxWorkers,
        boolean resume) {
    /** Makes a plan of what is asked for. */
    @FunctionalInterface
    public interface Planner {
        /** @throws UserException if the configuration is not valid */
        RunPlan plan(Submission submission);
    }

    /** What a node keeps beside runs, or in them: a run of such a name would take its place. */
    private static final Set<String> OWN = Set.of(
            "nodes",
            "checkpoints",
            "tensorboard",
            "lock",
            "effective.conf",
            "changes",
            "plan",
            "metrics.jsonl",
            "status.json",
            "flm.log",
            "held-out.json",
            "held-out.html",
            "initial-weights.txt",
            "samples.jsonl",
            "generations.jsonl");

    private static final int MOST_NAME = 100;

    /** The name of a run that is kept in a folder, which may be called anything. */
    public static String nameOf(String folder) {
        String name = folder.replaceAll("[^A-Za-z0-9._-]+", "-").replaceAll("^[.-]+|-+$", "");
        String free = name.isEmpty() || OWN.contains(name.toLowerCase(Locale.ROOT)) ? "run-" + name : name;
        return free.substring(0, Math.min(free.length(), MOST_NAME));
    }

    public Submission {
        requireName(run);
        if (config == null) {
            throw new UserException("config is missing: give the configuration as text, or \"\" for the defaults");
        }
        if (minWorkers < 0 || maxWorkers < 0 || (maxWorkers > 0 && maxWorkers < minWorkers)) {
            throw new UserException("minWorkers = " + minWorkers + ", maxWorkers = " + maxWorkers
                    + ": give numbers that are not negative, the least before the most");
        }
    }

    /** A run's name is the name of a folder on every node, and shown in lines and addresses. */
    private static void requireName(String run) {
        if (run == null || !run.matches("[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")) {
            throw new UserException("run = " + (run == null ? "null" : run.substring(0, Math.min(run.length(), 100)))
                    + ": give a name of 1 to 100 letters, digits, dots, dashes and underscores, no dot or dash first");
        }
        if (OWN.contains(run.toLowerCase(Locale.ROOT))) {
            throw new UserException(
                    "run = " + run + ": the program keeps files of its own under this name; give another");
        }
    }
}
