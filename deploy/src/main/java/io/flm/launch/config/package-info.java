/**
 * The effective configuration: {@link io.flm.launch.config.Configuration} lays the preset, files and options over the modules'
 * {@code reference.conf} and keeps where each value came from. {@link io.flm.launch.config.KnownKeys} checks a layer key by key,
 * by what {@link io.flm.worker.config} read of each key; {@link io.flm.launch.config.Settings} checks what holds between keys.
 */
@NullMarked
package io.flm.launch.config;

import org.jspecify.annotations.NullMarked;
