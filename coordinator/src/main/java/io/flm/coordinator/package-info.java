/**
 * The coordinator: the cluster singleton that forms generations of workers.
 *
 * <p>It acts on change only: no step waits for it. Read {@link io.flm.coordinator.Coordinator}, its protocol, then {@code State},
 * what all states do alike, then a state, such as {@code Training}. docs/architecture.md has the table of their transitions.
 *
 * <p>Decisions are made in {@code Membership}, {@code Members}, {@code Reachability}, {@code Attempts}, {@code PlanChanges} and
 * {@code Lanes}, which have no clock of their own. {@code Roster} keeps what is known of each worker, {@code MetricsHistory}
 * the figures of steps, {@code Run} what outlives a state. {@code io.flm.coordinator.http} lets operators in.
 */
@NullMarked
package io.flm.coordinator;

import org.jspecify.annotations.NullMarked;
