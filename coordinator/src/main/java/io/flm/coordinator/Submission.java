package io.flm.coordinator;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.flm.data.UserException;
import io.flm.worker.RunPlan;

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
        /** @throws UserException where the configuration is not valid */
        RunPlan plan(Submission submission);
    }

    public Submission {
        if (run == null || !run.matches("[\\w.-]{1,100}") || run.startsWith(".")) {
            throw new UserException("run = " + run + ": give a name of letters, digits, dots, dashes and underscores");
        }
        if (config == null) {
            throw new UserException("config is missing: give the configuration as text, or \"\" for the defaults");
        }
        if (minWorkers < 0 || maxWorkers < 0 || (maxWorkers > 0 && maxWorkers < minWorkers)) {
            throw new UserException("minWorkers = " + minWorkers + ", maxWorkers = " + maxWorkers
                    + ": give numbers that are not negative, the least before the most");
        }
    }
}
