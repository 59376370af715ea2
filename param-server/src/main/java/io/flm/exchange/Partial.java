package io.flm.exchange;

import java.nio.FloatBuffer;

/**
 * The gradient sum of one subtree of the {@link LaneTree}, for one segment.
 *
 * @param lanes the lanes that the subtree covers
 * @param values the sum, position 0 to limit; not written by the exchange
 */
public record Partial(LaneRange lanes, FloatBuffer values) {}
