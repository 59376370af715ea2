package io.flm.exchange;

/**
 * A contiguous run of lanes.
 *
 * @param from the first lane
 * @param to the lane after the last
 */
public record LaneRange(int from, int to) {
    public LaneRange {
        if (from < 0 || to < from) {
            throw new IllegalArgumentException("lanes " + from + " to " + to);
        }
    }

    public int count() {
        return to - from;
    }

    public boolean contains(int lane) {
        return from <= lane && lane < to;
    }

    @Override
    public String toString() {
        return "[" + from + ", " + to + ")";
    }
}
