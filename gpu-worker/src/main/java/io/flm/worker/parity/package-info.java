/**
 * The model held against golden data of the official implementation: {@code flm doctor --golden}.
 *
 * <p>Read {@link io.flm.worker.parity.Parity} first. {@code Golden} is the folder; {@code GraphParity} observes the one graph
 * that training and evaluation run, {@code GradientParity} its gradients and the optimizer, {@code CaptionParity} the captions that are
 * written, {@code TaskParity} what reads class vectors. A {@code Comparison} keeps the largest error of a group of tensors.
 */
@NullMarked
package io.flm.worker.parity;

import org.jspecify.annotations.NullMarked;
