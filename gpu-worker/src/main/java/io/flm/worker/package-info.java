/**
 * One device driven through the steps of a generation.
 *
 * <p>{@code model} reads like the paper, {@code train} is one step of it, {@code checkpoint} keeps its state, {@code torch}
 * is the way to the PyTorch engine, {@code evaluate} measures what was learnt. The worker actor in this package owns a
 * trainer thread; it knows whoever gives it orders only by the messages in its protocol file.
 */
@NullMarked
package io.flm.worker;

import org.jspecify.annotations.NullMarked;
