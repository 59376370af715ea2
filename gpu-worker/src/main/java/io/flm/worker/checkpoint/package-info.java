/**
 * What outlives a process: the state of training, on disk.
 *
 * <p>Read {@link io.flm.worker.checkpoint.CheckpointStore} first: what a checkpoint consists of and how it survives a kill at
 * any moment. {@link io.flm.worker.checkpoint.CheckpointWriter} writes beside training, {@link
 * io.flm.worker.checkpoint.Checkpoint} is one that was verified, {@link io.flm.worker.checkpoint.RunIdentity} decides what it
 * may be resumed with. {@link io.flm.worker.checkpoint.Safetensors} is the file format, which other programs share. The package
 * knows flat floats and names: no tensors, no model.
 */
@NullMarked
package io.flm.worker.checkpoint;

import org.jspecify.annotations.NullMarked;
