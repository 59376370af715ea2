package io.flm.coordinator;

import com.typesafe.config.Config;
import io.flm.data.UserException;
import java.time.Duration;

/**
 * {@code flm.coordinator}: how long the coordinator waits for what, in ms. {@code reference.conf} says what each is for.
 *
 * @param waitLimitMs 0: for ever
 * @param redealGain the share of a step's time
 */
public record CoordinatorSettings(
        long tickMs,
        long resendMs,
        long checkIntervalMs,
        long discoverSettleMs,
        long discoverTimeoutMs,
        long gatherTimeoutMs,
        long lostWaitMs,
        long answerTimeoutMs,
        long leaveTimeoutMs,
        long formingTimeoutMs,
        long haltTimeoutMs,
        long stallTimeoutMs,
        long saveTimeoutMs,
        long holderTimeoutMs,
        long waitLimitMs,
        long retryPauseMs,
        long rejoinPauseMs,
        long setAsideMs,
        double redealGain,
        long redealPauseMs) {
    /** Reads and checks {@code flm.coordinator}. */
    public static CoordinatorSettings from(Config root) {
        Config c = root.getConfig("flm.coordinator");
        double gain = c.getDouble("redeal-gain");
        if (!(gain > 0 && gain <= 1)) {
            throw new UserException("flm.coordinator.redeal-gain = " + gain + ": give a share above 0, at most 1");
        }
        CoordinatorSettings settings = new CoordinatorSettings(
                positive("tick", c.getDuration("tick")),
                positive("resend", c.getDuration("resend")),
                positive("check-interval", c.getDuration("check-interval")),
                notNegative("discover-settle", c.getDuration("discover-settle")),
                positive("discover-timeout", c.getDuration("discover-timeout")),
                notNegative("gather-timeout", c.getDuration("gather-timeout")),
                notNegative("lost-wait", c.getDuration("lost-wait")),
                positive("answer-timeout", c.getDuration("answer-timeout")),
                positive("leave-timeout", c.getDuration("leave-timeout")),
                positive("forming-timeout", c.getDuration("forming-timeout")),
                positive("halt-timeout", c.getDuration("halt-timeout")),
                positive("stall-timeout", c.getDuration("stall-timeout")),
                positive("save-timeout", c.getDuration("save-timeout")),
                notNegative("holder-timeout", c.getDuration("holder-timeout")),
                notNegative("wait-limit", c.getDuration("wait-limit")),
                positive("retry-pause", c.getDuration("retry-pause")),
                notNegative("rejoin-pause", c.getDuration("rejoin-pause")),
                notNegative("set-aside", c.getDuration("set-aside")),
                gain,
                positive("redeal-pause", c.getDuration("redeal-pause")));
        if (settings.answerTimeoutMs <= settings.resendMs) {
            throw new UserException("flm.coordinator.answer-timeout = " + settings.answerTimeoutMs
                    + " ms must be longer than flm.coordinator.resend = " + settings.resendMs
                    + " ms, so that an order that was lost is given twice");
        }
        return settings;
    }

    private static long positive(String key, Duration value) {
        if (value.toMillis() < 1) {
            throw new UserException("flm.coordinator." + key + " = " + value.toMillis() + " ms: give at least 1 ms");
        }
        return value.toMillis();
    }

    private static long notNegative(String key, Duration value) {
        if (value.isNegative()) {
            throw new UserException("flm.coordinator." + key + " = " + value.toMillis() + " ms: give 0 or more");
        }
        return value.toMillis();
    }
}
