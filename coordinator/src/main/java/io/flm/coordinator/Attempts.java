package io.flm.coordinator;

import java.util.Collection;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * Decides how soon a run tries again. Somebody who knocks at a door that does not open knocks again at once, then waits longer each
 * time. A generation
 * that commits a step was worth it; one that does not, whatever ended it, makes the next one wait. A worker that was in none of
 * them ends the wait, once: with it the next one may go well. Decided here; no clock, no I/O.
 */
final class Attempts {
    /** How often the pause is doubled. */
    private static final int MOST_DOUBLINGS = 6;

    private final long pauseMs;
    private final Set<Object> tried = new HashSet<>(); // members of generations without a step
    private int fruitless;
    private String lastEnd = "";
    private long lastPauseMs;
    private long notBefore = Long.MIN_VALUE;
    private long failingSince = -1;

    Attempts(long pauseMs) {
        this.pauseMs = pauseMs;
    }

    /** The newest generation committed a step; or the run has just begun, or goes on after a pause. */
    void forget() {
        fruitless = 0;
        tried.clear();
        notBefore = Long.MIN_VALUE;
        failingSince = -1;
    }

    /**
     * A generation is over without a step.
     *
     * @param members whatever tells one process of a worker from the next
     */
    void failed(String why, Collection<?> members, long now) {
        fruitless++;
        tried.addAll(members);
        lastEnd = why;
        lastPauseMs = fruitless < 2 ? 0 : pauseMs << Math.min(fruitless - 2, MOST_DOUBLINGS);
        notBefore = now + lastPauseMs;
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

    /**
     * Why the next generation is not formed yet; empty: it may be. One text for the whole pause, since each new text is told.
     *
     * @param members of the next generation
     */
    Optional<String> pause(Collection<?> members, long now) {
        return now >= notBefore || !tried.containsAll(members)
                ? Optional.empty()
                : Optional.of("the last " + fruitless + " generations committed no step (" + lastEnd
                        + "); the next one is formed after a pause of " + (lastPauseMs + 999) / 1000
                        + " s (flm.coordinator.retry-pause), or as soon as another worker is ready");
    }
}
