/**
 * A run before and beside its training: its folder, which {@link io.flm.launch.run.RunFiles} owns, with what lies there ({@link
 * io.flm.launch.run.RunLock}, {@link io.flm.launch.run.NodeFiles}, {@link io.flm.launch.run.MetricsLog}, {@link
 * io.flm.launch.run.LastStatus}), its neighbours ({@link io.flm.launch.run.RunFolders}), and the memory that it takes ({@link io.flm.launch.run.MemoryNeed}) beside what there is
 * ({@link io.flm.launch.run.FreeMemory}).
 */
@NullMarked
package io.flm.launch.run;

import org.jspecify.annotations.NullMarked;
