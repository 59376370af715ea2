/**
 * The command line {@code flm}. {@link io.flm.launch.Main} gives {@link io.flm.launch.command} the real world. Each package knows only
 * those below it:
 *
 * <pre>
 * command     what the user types
 * plan        how long a run takes on other machines, by rates
 * compare     objectives compared at equal budgets: a folder of runs, and a report
 * doctor      what the machine offers and lacks
 * export      a trained model as other programs read it
 * report      what the user sees: progress, status, figures
 * submit      a run that is handed to nodes and followed over HTTP
 * node        a JVM of the cluster: its actor system, its workers, its runs
 * tensorboard a run as TensorBoard reads it
 * run         a run's folder, and the memory that a run takes
 * config      the effective configuration and where its values came from
 * console     lines on the terminal, the log, the exit code
 * files       files that others may have touched
 * html        pages, drawn from figures
 * </pre>
 */
@NullMarked
package io.flm.launch;

import org.jspecify.annotations.NullMarked;
