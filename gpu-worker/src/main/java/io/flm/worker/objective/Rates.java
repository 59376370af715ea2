package io.flm.worker.objective;

import io.flm.data.UserException;

/** Checks of the settings that objectives read from {@code flm.train}. */
public final class Rates {
    private Rates() {}

    /** A share in [0, 1). */
    public static double share(String key, double value) {
        if (value >= 0 && value < 1) {
            return value;
        }
        throw new UserException("flm.train." + key + " = " + value + ": give a rate in [0, 1)");
    }

    /** A weight of at least 0. */
    public static double weight(String key, double value) {
        if (value >= 0 && value < Double.POSITIVE_INFINITY) {
            return value;
        }
        throw new UserException("flm.train." + key + " = " + value + ": give a number of at least 0");
    }
}
