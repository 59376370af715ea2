/**
 * How long a run would take on machines that are not there yet: {@code flm plan}. {@link io.flm.launch.plan.TrainingPlan} computes it from
 * the configuration and from rates; a {@link io.flm.launch.plan.Rate} has where it is from beside it, and {@link
 * io.flm.launch.plan.Rates} are those that were measured.
 */
@NullMarked
package io.flm.launch.plan;

import org.jspecify.annotations.NullMarked;
