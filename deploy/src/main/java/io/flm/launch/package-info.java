/**
 * The command line {@code flm}. {@link io.flm.launch.Main} gives {@link io.flm.launch.command} the real world; the rooms below know
 * only those under them:
 *
 * <pre>
 * command     what the user types
 * report      what the user sees: progress, status, figures, pages      doctor    what the machine offers
 * submit      a run that is handed to nodes and followed over HTTP
 * node        a JVM of the cluster: its actor system, its workers, its runs
 * run         a run's folder, and the memory that a run takes
 * config      the effective configuration and where its values came from
 * console     lines on the terminal, the log, the exit code
 * files       files that others may have touched
 * </pre>
 */
@NullMarked
package io.flm.launch;

import org.jspecify.annotations.NullMarked;
