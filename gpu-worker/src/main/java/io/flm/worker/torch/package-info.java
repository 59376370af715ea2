/**
 * The way to the PyTorch engine: {@link io.flm.worker.torch.Torch} starts it and knows the devices,
 * {@link io.flm.worker.torch.Script} compiles a TorchScript source and calls its methods from Java.
 *
 * <p>DJL's own NDArray operations cannot do what training needs (no differentiable casts, no fused attention), so all
 * arithmetic is in scripts; Java composes.
 */
@NullMarked
package io.flm.worker.torch;

import org.jspecify.annotations.NullMarked;
