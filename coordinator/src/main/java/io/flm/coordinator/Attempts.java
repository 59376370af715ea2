package io.flm.coordinator;

import java.util.Optional;

/**
 * How often a run may try: who knocks at a door that does not open knocks again at once, then waits longer each time. A generation
 * that commits a step was worth it; one that does not, whatever ended it, makes the next one wait. Decided here; no clock, no I/O.
 */
final class Attempts {
    /** How often the pause is doubled. */
    private static final int MOST_DOUBLINGS = 6;

    private final long pauseMs;
    private int fruitless;
    private String lastEnd = "";
    private long notBefore = Long.MIN_VALUE;
    private long failingSince = -1;

    Attempts(long pauseMs) {
        this.pauseMs = pauseMs;
    }

    /** The newest generation committed a step; or the run has just begun, or goes on after a pause. */
    void forget() {
        fruitless = 0;
        notBefore = Long.MIN_VALUE;
        failingSince = -1;
    }

    /** A generation is over without a step. */
    void failed(String why, long now) {
        fruitless++;
        lastEnd = why;
        notBefore = fruitless < 2 ? now : now + (pauseMs << Math.min(fruitless - 2, MOST_DOUBLINGS));
        lacking(now);
    }

    /** The run has too few workers. */
    void lacking(long now) {
        failingSince = failingSince < 0 ? now : failingSince;
    }

    /** For how long the run has had too few workers, or generations without a step, one after the other. */
    long failingMs(long now) {
        return failingSince < 0 ? 0 : now - failingSince;
    }

    /** Whether the last generation committed no step. */
    boolean isFailing() {
        return fruitless > 0;
    }

    /** Why the next generation is not formed yet; empty: it may be. */
    Optional<String> pause(long now) {
        return now >= notBefore
                ? Optional.empty()
                : Optional.of("the last " + fruitless + " generations committed no step (" + lastEnd
                        + "); the next one is formed in " + (notBefore - now + 999) / 1000
                        + " s (flm.coordinator.retry-pause)");
    }
}
