/**
 * One device driven through the steps of a generation.
 *
 * <p>{@code model} reads like the paper. {@code objective} has what it can be trained to predict, a package each.
 * {@code train} is one step, {@code optimize} its update, {@code checkpoint} keeps its state. {@code evaluate} measures what
 * was learnt, {@code decode} writes captions, {@code parity} compares the model with the official implementation,
 * {@code torch} is the way to the PyTorch engine, {@code config} knows the keys of the configuration.
 *
 * <p>Here: {@link io.flm.worker.Worker} is the actor's protocol, with its states and what every order and report means; {@link
 * io.flm.worker.RunPlan} and {@link io.flm.worker.Generation} are what it is ordered to do. The actor drives an {@link
 * io.flm.worker.AsyncTrainer}. The real one is the {@link io.flm.worker.TrainerThread}, which drives a {@link
 * io.flm.worker.BlockingTrainer}: the {@code Trainer} of {@code train}. The actor knows only its own protocol, not who gives it
 * orders.
 */
@NullMarked
package io.flm.worker;

import org.jspecify.annotations.NullMarked;
