/**
 * What is true of a key of the configuration, read from where it is said: the comment above the key in {@code reference.conf}.
 *
 * <p>{@link io.flm.worker.config.Keys} reads all of them; a {@link io.flm.worker.config.Key} has its comment, its default, its
 * {@link io.flm.worker.config.Key.Role}, which decides what a resumed run may change, and its {@link
 * io.flm.worker.config.Domain}, by which every value is checked, wherever it comes from. The settings records of the modules
 * check only what holds between keys.
 *
 * <p>It is in this module because a checkpoint asks it which keys decide the weights. Layers of configuration, with presets, files and
 * options, are the launcher's: {@code io.flm.launch.config}.
 */
@NullMarked
package io.flm.worker.config;

import org.jspecify.annotations.NullMarked;
