/**
 * A whole cluster in one thread: the real coordinator and worker actors in virtual time, with simulated devices, gradients,
 * disks and network, and faults that a seed draws.
 *
 * <p>Read {@link io.flm.simulation.Simulation}, then {@link io.flm.simulation.Scenario}, what a seed draws, and {@link
 * io.flm.simulation.Property}, what must hold whatever is drawn. {@link io.flm.simulation.World} has the time, the network and
 * the nodes; {@link io.flm.simulation.Cluster} stands for the cluster's failure detector, its split brain resolver and the
 * singleton; {@link io.flm.simulation.SimulatedExchange} for the exchange.
 *
 * <pre>
 * first safety:  faults strike, messages are lost and doubled; every property is watched
 * then liveness: faults stop, what was killed is started again; the run must finish, with the weights of an undisturbed one
 * </pre>
 */
@NullMarked
package io.flm.simulation;

import org.jspecify.annotations.NullMarked;
