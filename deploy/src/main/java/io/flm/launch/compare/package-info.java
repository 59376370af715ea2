/**
 * Objectives compared at equal budgets: {@code flm compare}. An {@link io.flm.launch.compare.Experiment} is data; {@link
 * io.flm.launch.compare.Plan} makes cells of it, each a process with a result file; {@link io.flm.launch.compare.Comparison} does those
 * that are not done; {@link io.flm.launch.compare.Findings} makes curves and factors of their results. What a cell's process is told is
 * {@code CellCommands}; the tasks are {@code Task}.
 *
 * <pre>
 * Experiment --> Plan: cells --> Comparison --> CellRunner (a process each) --> Results --> Findings --> report
 * </pre>
 */
@NullMarked
package io.flm.launch.compare;

import org.jspecify.annotations.NullMarked;
