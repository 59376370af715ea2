/**
 * One training step: batches in, a committed update out.
 *
 * <p>Read {@link io.flm.worker.train.Trainer} first. A lane's gradient is computed by the model, added to its siblings along
 * the fixed tree, exchanged stage by stage while backward still runs, and applied by every worker to its own weights. The
 * learning rate ({@link io.flm.worker.optimize.Schedule}), the random seeds and the order of all additions depend on step and
 * lane alone.
 */
@NullMarked
package io.flm.worker.train;

import org.jspecify.annotations.NullMarked;
