/**
 * Gradients summed over the members of a generation, in one order whatever the membership, and state for who lacks it.
 *
 * <p>Read {@link io.flm.exchange.LaneTree} first: it is the fixed binary tree over lanes along which everything is added, and
 * {@link io.flm.exchange.TreeSum} is the adder. A process opens one {@link io.flm.exchange.ExchangeNode} and joins one {@link
 * io.flm.exchange.GroupSpec} after the other; {@link io.flm.exchange.Exchange} is what a trainer calls in each step.
 *
 * <p>Inside, the members of a process meet in a {@code ProcessGroup}: a {@code LocalGroup} where all are in this process, else a
 * {@code MultiNodeGroup}, which is joining, then open, then ended. {@code Transport} is the transport and its one thread, {@code
 * StreamAuthenticator} its doorkeeper, {@code AllReduce} what moves and adds, {@code StateTransfer} the states on their way. What nodes send each other is in {@code
 * src/main/sbe/exchange.xml}. This package sees flat float buffers and integers: no tensors, no Akka.
 */
@NullMarked
package io.flm.exchange;

import org.jspecify.annotations.NullMarked;
