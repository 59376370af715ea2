package io.flm.launch.plan;

import io.flm.data.UserException;

/**
 * A figure that a plan rests on.
 *
 * @param value 0 or more
 * @param source where it is from, in a few words: {@code stated}, {@code measured here: ...}
 */
public record Rate(double value, String source) {
    /** Of what is stated: what no machine has would fill the plan with digits. */
    private static final double LEAST = 1e-6;

    private static final double MOST = 1e9;

    public Rate {
        if (!(value >= 0) || Double.isInfinite(value)) {
            throw new IllegalArgumentException("a rate of " + value + " (" + source + ")");
        }
    }

    /**
     * What the user states.
     *
     * @param unit of the option's value
     * @throws UserException where it is nothing to compute with
     */
    public static Rate stated(String option, double value, double unit) {
        if (!(value >= LEAST && value <= MOST)) {
            throw new UserException(option + " " + value + ": give a number above 0, from 0.000001 to 1000000000");
        }
        return new Rate(value * unit, "stated: " + option);
    }
}
