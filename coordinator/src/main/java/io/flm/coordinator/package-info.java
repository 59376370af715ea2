/**
 * The coordinator: the cluster singleton that forms generations of workers, and what it decides by.
 *
 * <p>It acts on change only: no step waits for it. Read {@link io.flm.coordinator.Coordinator}, its protocol, then a state, such
 * as {@link io.flm.coordinator.Training}; {@link io.flm.coordinator.State} is what all do alike. Decisions are made in {@link
 * io.flm.coordinator.Membership}, {@link io.flm.coordinator.Reachability}, {@link io.flm.coordinator.Attempts} and {@link
 * io.flm.coordinator.Lanes}, which have no clock and no actors; {@link
 * io.flm.coordinator.Roster} keeps the books on workers.
 *
 * <pre>
 * state        wakes on                                              goes to
 * Discovering  all workers answered, or the timeout                  Idle        (no run is known)
 *                                                                    Training, Forming (a generation is adopted as it is)
 *                                                                    Regrouping  (a run without a whole generation)
 *                                                                    Finished, Failed (of a run that has ended)
 * Idle         submit                                                Waiting
 *              a worker knows a run                                  Discovering
 * Waiting      worker prepared, came, went; plan changed; time       Forming     (enough workers)
 *                                                                    Saving      (last step held; pause; stop)
 *                                                                    Failed      (wait limit; all workers unfit)
 * Forming      all members joined                                    Training
 *              pause, stop, time limit                               Halting
 *              a member lost, broken, or too late                    Regrouping
 * Training     pause, stop, drain, newcomers, uneven lanes           Halting
 *              all members halted by themselves (last step)          Regrouping
 *              a member lost or broken; no step for long             Regrouping
 * Halting      all members halted, or too late; a member lost        Regrouping
 * Regrouping   all that may come answered, or their time is up       Waiting     (which decides at once)
 * Saving       weights compared, checkpoint written                  Finished, Paused, Failed
 *              all holders lost; continue                            Regrouping
 * Paused       continue, stop                                        Regrouping
 * Forming, Training, Halting: a failure of the user's                Failed
 * Finished, Failed: submit                                           Waiting
 * </pre>
 *
 * <p>Messages may be lost, doubled and late. Orders are given again until their effect is seen, reports are read off what a
 * worker says of itself ({@code Described}, asked for regularly) where they were lost, and every wait ends by a setting.
 */
@NullMarked
package io.flm.coordinator;

import org.jspecify.annotations.NullMarked;
