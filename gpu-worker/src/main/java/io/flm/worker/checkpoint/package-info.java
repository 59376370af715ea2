/**
 * What outlives a process: the state of training, on disk.
 *
 * <p>Read {@link io.flm.worker.checkpoint.Safetensors} first: the file format of weights and moments, readable by other
 * programs.
 */
@NullMarked
package io.flm.worker.checkpoint;

import org.jspecify.annotations.NullMarked;
