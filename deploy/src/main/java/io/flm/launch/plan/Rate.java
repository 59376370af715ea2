package io.flm.launch.plan;

import io.flm.data.UserException;

/**
 * A figure that a plan rests on.
 *
 * @param value 0 or more
 * @param source where it is from, in a few words: {@code stated}, {@code measured here: ...}
 */
public record Rate(double value, String source) {
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
        if (!(value > 0) || value * unit > 1e30) {
            throw new UserException(option + " " + value + ": give a number above 0");
        }
        return new Rate(value * unit, "stated: " + option);
    }
}
