/**
 * The model of the paper "Accelerating Vision-Language Pretraining with Free Language Modeling" (arXiv 2303.14038).
 *
 * <p>Read {@link io.flm.worker.model.FlmModel}: encode, corrupt, predict. {@code ImageEncoder}, {@code TextStreams} and
 * {@code Reconstructor} are the paper's figures; {@code Kernels} is the typed way to the arithmetic in {@code kernels.py};
 * {@link io.flm.worker.model.ParameterStore} keeps all weights in one flat buffer under their official names.
 */
@NullMarked
package io.flm.worker.model;

import org.jspecify.annotations.NullMarked;
