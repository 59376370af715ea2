package io.flm.coordinator;

import com.typesafe.config.Config;
import io.flm.data.UserException;
import java.util.concurrent.TimeUnit;

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
        CoordinatorSettings settings = new CoordinatorSettings(
                ms(c, "tick"),
                ms(c, "resend"),
                ms(c, "check-interval"),
                ms(c, "discover-settle"),
                ms(c, "discover-timeout"),
                ms(c, "gather-timeout"),
                ms(c, "lost-wait"),
                ms(c, "answer-timeout"),
                ms(c, "leave-timeout"),
                ms(c, "forming-timeout"),
                ms(c, "halt-timeout"),
                ms(c, "stall-timeout"),
                ms(c, "save-timeout"),
                ms(c, "holder-timeout"),
                ms(c, "wait-limit"),
                ms(c, "retry-pause"),
                ms(c, "rejoin-pause"),
                ms(c, "set-aside"),
                c.getDouble("redeal-gain"),
                ms(c, "redeal-pause"));
        if (settings.answerTimeoutMs <= settings.resendMs) {
            throw new UserException("flm.coordinator.answer-timeout = " + settings.answerTimeoutMs
                    + " ms must be longer than flm.coordinator.resend = " + settings.resendMs
                    + " ms, so that an order that was lost is given twice");
        }
        return settings;
    }

    private static long ms(Config c, String key) {
        return c.getDuration(key, TimeUnit.MILLISECONDS);
    }
}
