package io.flm.coordinator;

/** How fast the newest generation commits steps; older ones had other members. */
final class Pace {
    private long since; // 0: no step was reported yet
    private long from;
    private long at;

    /** Another generation begins. */
    void restart() {
        since = 0;
    }

    /** A step was reported; true if it is the first of its generation. */
    boolean progressed(long committedSteps, long now) {
        at = now;
        boolean first = since == 0;
        if (first) {
            since = now;
            from = committedSteps;
        }
        return first;
    }

    /** When the newest step was reported. */
    long progressedAt() {
        return at;
    }

    /** The time of a step, by the steps from the first report to the newest; below 0: not known. */
    double stepMs(long committedSteps) {
        long done = committedSteps - from;
        return since == 0 || done < 1 ? -1 : (double) (at - since) / done;
    }
}
