package io.flm.simulation;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * How much of the time goes into steps that are committed, and how long the run takes to go on after a member was killed. A shop
 * that is open for ten hours and serves a customer an hour has served ten if nothing went wrong: what was done twice, waited for,
 * or done slowly with fewer hands shows in those that are missing.
 */
public final class Goodput {
    /**
     * What was measured, in virtual time.
     *
     * @param hours since the first step began
     * @param steps that were committed, each counted once
     * @param share these steps, times what a step takes where nothing happens, of that time; 0 where a step was drawn
     * @param generations that have begun
     * @param recoveries after members that were killed
     * @param medianRecoveryMs from the kill to the next step that all others have committed
     * @param worstRecoveryMs likewise
     */
    public record Summary(
            double hours,
            long steps,
            double share,
            long generations,
            int recoveries,
            double medianRecoveryMs,
            double worstRecoveryMs) {}

    private final List<Double> recoveriesMs = new ArrayList<>();
    private double beganAtMs = -1;
    private double killedAtMs = -1;
    private long killedMeeting;
    private long group;
    private long generations;
    private long steps;
    private final double stepMs;

    /** @param stepMs what a step takes where nothing happens; 0: not known */
    Goodput(double stepMs) {
        this.stepMs = stepMs;
    }

    /** The members of a generation begin their first step. */
    void began(double nowMs) {
        beganAtMs = beganAtMs < 0 ? nowMs : beganAtMs;
        generations++;
    }

    /** A member is killed. */
    void killed(double nowMs) {
        if (killedAtMs < 0) {
            killedAtMs = nowMs;
            killedMeeting = group;
        }
    }

    void reduced(Reduction r, double nowMs) {
        group = r.group();
        steps = Math.max(steps, r.step() + 1); // one that is done again counts once
        if (killedAtMs >= 0 && r.group() > killedMeeting) {
            recoveriesMs.add(nowMs - killedAtMs);
            killedAtMs = -1;
        }
    }

    Summary summary(double nowMs) {
        double elapsedMs = beganAtMs < 0 ? 0 : nowMs - beganAtMs;
        Collections.sort(recoveriesMs);
        int count = recoveriesMs.size();
        return new Summary(
                elapsedMs / 3_600_000,
                steps,
                elapsedMs > 0 ? steps * stepMs / elapsedMs : 0,
                generations,
                count,
                count == 0 ? 0 : recoveriesMs.get(count / 2),
                count == 0 ? 0 : recoveriesMs.get(count - 1));
    }
}
