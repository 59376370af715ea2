/**
 * The way to the PyTorch engine: {@link io.flm.worker.torch.Torch} starts it and knows the devices,
 * {@link io.flm.worker.torch.Script} compiles a TorchScript source and calls its methods from Java.
 *
 * <p>DJL's own NDArray operations cannot do what training needs (no differentiable casts, no fused attention), so all
 * arithmetic is in scripts; Java composes.
 *
 * <p>{@link io.flm.worker.torch.TorchRoute} says where libtorch comes from, {@link io.flm.worker.torch.BridgeBuild} makes that of a
 * host's Python usable, {@link io.flm.worker.torch.WorkerSettings} has the devices and threads.
 */
@NullMarked
package io.flm.worker.torch;

import org.jspecify.annotations.NullMarked;
