/**
 * Gradients summed over the members of a generation, in one order whatever the membership.
 *
 * <p>Read {@link io.flm.exchange.LaneTree} first: it is the fixed binary tree over lanes along which everything is added.
 * {@link io.flm.exchange.Exchange} is what a trainer calls in each step. This package sees flat float buffers and integers:
 * no tensors, no Akka.
 */
@NullMarked
package io.flm.exchange;

import org.jspecify.annotations.NullMarked;
