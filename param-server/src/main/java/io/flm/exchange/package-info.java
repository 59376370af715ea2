/**
 * Sums the gradients of a generation's members, with the same bits whatever the members are, and hands the state of one member to
 * those that lack it. A process opens one {@link io.flm.exchange.ExchangeNode} and joins one process group after the other, each
 * described by a {@link io.flm.exchange.GroupSpec}. A trainer calls {@link io.flm.exchange.Exchange} in each step, with
 * the sums of its own lanes.
 *
 * <p>Three layers, each of which knows only those below it. Read from the bottom up:
 *
 * <ol>
 *   <li>The group: {@code ProcessGroup} is what the members in one process share. {@code LocalGroup} adds in memory, {@code
 *       MultiNodeGroup} over several nodes, with a {@code GroupSession}, its {@code Peers} and {@code StateTransfer}.
 *   <li>The sums: {@link io.flm.exchange.LaneTree} is the fixed binary tree over lanes, along which {@link
 *       io.flm.exchange.TreeSum} adds. {@code AllReduce} has each node add one shard for all, as {@code ShardLayout} divides it.
 *   <li>The transport: {@code Transport} and its one thread, {@code TransportDriver} for Aeron, {@code Links} to other nodes, {@code
 *       SharedRing} to those of this machine, frames, and their {@code FrameCipher}. {@code StreamAuthenticator} keeps strangers
 *       out.
 * </ol>
 *
 * <p>{@code src/main/sbe/exchange.xml} has the messages between nodes. This package sees flat float buffers and integers: no
 * tensors, no Akka.
 */
@NullMarked
package io.flm.exchange;

import org.jspecify.annotations.NullMarked;
