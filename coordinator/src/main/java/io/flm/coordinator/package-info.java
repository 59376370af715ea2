/**
 * The coordinator: the cluster singleton that forms generations of workers, and its HTTP endpoint.
 *
 * <p>It acts on change only: no step waits for it. Read {@link io.flm.coordinator.Coordinator}, its protocol; what it decides it decides in
 * {@link io.flm.coordinator.Membership}, which has no clock and no actors.
 *
 * <pre>
 * state     wakes on                        goes to
 * Idle      submit                          Waiting
 * Waiting   worker prepared or lost         Forming  (enough workers)
 *           stop                            Finished
 * Forming   all members joined              Training
 *           a member failed                 Failed
 *           stop                            Halting
 * Training  all members halted              Saving   (last step)
 *           a member failed                 Failed
 *           stop                            Halting
 * Halting   all members halted              Saving
 *           a member failed                 Failed
 * Saving    weights compared, checkpoint    Finished
 * Finished, Failed: submit                  Waiting
 * </pre>
 */
@NullMarked
package io.flm.coordinator;

import org.jspecify.annotations.NullMarked;
