/**
 * The coordinator: the cluster singleton that forms generations of workers, and its HTTP endpoint.
 *
 * <p>It acts on change only: no step waits for it. Read {@link io.flm.coordinator.Coordinator}; what it decides it decides in
 * {@link io.flm.coordinator.Membership}, which has no clock and no actors.
 *
 * <pre>
 * state     wakes on                        goes to
 * Waiting   worker registered or lost       Forming  (enough workers)
 *           stop                            Finished
 * Forming   all members joined              Training
 *           a member failed                 Failed
 *           stop                            Halting
 * Training  all members halted              Finished (last step)
 *           a member failed                 Failed
 *           stop                            Halting
 * Halting   all members halted              Finished
 *           a member failed                 Failed
 * </pre>
 */
@NullMarked
package io.flm.coordinator;

import org.jspecify.annotations.NullMarked;
