/**
 * What becomes of a gradient: {@link io.flm.worker.optimize.AdamW} updates the weights, at the rate that {@link
 * io.flm.worker.optimize.Schedule} gives for the step.
 */
@NullMarked
package io.flm.worker.optimize;

import org.jspecify.annotations.NullMarked;
