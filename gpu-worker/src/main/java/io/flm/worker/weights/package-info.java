/**
 * Weights of other programs on their way in: what a run begins with in the place of random values.
 *
 * <pre>
 * TensorFiles.open --> TensorFile --> Family.place --> Fit --> InitialWeights.load --> parameters
 *    safetensors, torch      name and shape     name here    shape here
 * </pre>
 *
 * <p>Read {@link io.flm.worker.weights.InitialWeights} first. A file's format is one class behind {@link
 * io.flm.worker.weights.TensorFile}; whose names it has is one class behind {@link io.flm.worker.weights.Family}, and {@code
 * Families} lists these. Names here are the official ones, as checkpoints have them. Everything that a file holds and everything
 * that the model has is a line of the {@link io.flm.worker.weights.InitReport}.
 */
@NullMarked
package io.flm.worker.weights;

import org.jspecify.annotations.NullMarked;
