/**
 * One training step: batches in, a committed update out.
 *
 * <p>Read {@link io.flm.worker.train.Trainer} first. A lane's gradient is computed by the model, added to its siblings along
 * the fixed tree ({@code LaneSums}), exchanged stage by stage while backward still runs, and applied by every worker to its own
 * weights. The learning rate, the random seeds and the order of all additions depend on step and lane alone.
 *
 * <p>{@code CommittedState} is what a worker holds of the run, {@link io.flm.worker.train.Checkpoints} where the run keeps it.
 * {@link io.flm.worker.train.TrainSettings} are the keys of {@code flm.train}; {@link io.flm.worker.train.Objectives} lists what
 * can be trained.
 */
@NullMarked
package io.flm.worker.train;

import org.jspecify.annotations.NullMarked;
