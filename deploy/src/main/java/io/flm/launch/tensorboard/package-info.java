/**
 * A run as TensorBoard reads it: event files in the run's folder {@code tensorboard/}. Read {@link
 * io.flm.launch.tensorboard.TensorBoardLog} first, which writes a run's curves, then {@link io.flm.launch.tensorboard.HeldOutEvents}.
 * {@code EventFile} knows the events, {@code TensorBoardRecord} how they are framed, {@code ProtoMessage} how they are encoded.
 */
@NullMarked
package io.flm.launch.tensorboard;

import org.jspecify.annotations.NullMarked;
