package io.flm.coordinator;

/**
 * What the coordinator is to bring about.
 *
 * @param run the run's name, shown to users
 * @param lanes parts of the global batch
 * @param totalSteps committed steps after which the run is finished
 * @param firstStep the step that training begins with: 0, or where the checkpoint ends
 * @param workers how many workers to wait for
 */
public record RunPlan(String run, int lanes, long totalSteps, long firstStep, int workers) {}
