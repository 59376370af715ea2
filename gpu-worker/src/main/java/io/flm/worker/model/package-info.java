/**
 * The model of the paper "Accelerating Vision-Language Pretraining with Free Language Modeling" (arXiv 2303.14038).
 *
 * <p>Read {@link io.flm.worker.model.FlmModel}: encode, corrupt, predict. {@code ImageEncoder}, {@code TextEncoder}, {@code
 * Fusion} and {@code Reconstructor} are the paper's figures. A layer's class declares its parameters, in the order in which its
 * kernel in {@code kernels.py} unpacks them; {@code Kernels} is the typed way there. {@link
 * io.flm.worker.model.ParameterStore} keeps all weights in one flat buffer under their official names. {@link
 * io.flm.worker.model.CaptionStream} runs the l2r stream of the same layers a column at a time, for writing captions.
 */
@NullMarked
package io.flm.worker.model;

import org.jspecify.annotations.NullMarked;
