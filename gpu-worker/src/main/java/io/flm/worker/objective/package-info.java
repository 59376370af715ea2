/**
 * What a model is trained to predict. Each {@link io.flm.worker.objective.Objective} has a package of its own: {@code flm},
 * {@code mlm}, {@code ar}, {@code prefix}; {@code itm} is added to another one. It names its heads with their weights, the parts of the
 * model that it trains, makes its batches, reads its own keys of {@code flm.train}, and says how its models are asked when they are
 * evaluated.
 *
 * <p>Nobody else knows which ones there are: {@code io.flm.worker.train.Objectives} lists them, everyone else asks the interface, and a test
 * keeps it so. A new objective is a package here, a line there, and a word of the key {@code
 * flm.train.objective}.
 */
@NullMarked
package io.flm.worker.objective;

import org.jspecify.annotations.NullMarked;
