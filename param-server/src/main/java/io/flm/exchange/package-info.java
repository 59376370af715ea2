/**
 * Gradients summed over the members of a generation, in one order whatever the membership.
 *
 * <p>Read {@link io.flm.exchange.LaneTree} first: it is the fixed binary tree over lanes along which everything is added, and
 * {@link io.flm.exchange.TreeSum} is the adder. {@link io.flm.exchange.Exchange} is what a trainer calls in each step; {@link
 * io.flm.exchange.LocalExchange} is the one between the workers of one process. This package sees flat float buffers and
 * integers: no tensors, no Akka.
 */
@NullMarked
package io.flm.exchange;

import org.jspecify.annotations.NullMarked;
