/**
 * A run before and beside its training: the files of its folder ({@link io.flm.launch.run.RunFiles}, with {@link
 * io.flm.launch.run.NodeFiles}, {@link io.flm.launch.run.MetricsLog} and {@link io.flm.launch.run.LastStatus}), and the memory that
 * it takes ({@link io.flm.launch.run.MemoryNeed}) beside what there is ({@link io.flm.launch.run.FreeMemory}).
 */
@NullMarked
package io.flm.launch.run;

import org.jspecify.annotations.NullMarked;
