package io.flm.coordinator;

import io.flm.exchange.LaneRange;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** How lanes are dealt to members: in contiguous runs, by speed. A step lasts as long as its slowest member. */
final class Lanes {
    private Lanes() {}

    /**
     * The deal with the shortest step.
     *
     * @param laneMs time for one lane, by rank; 0: not measured, taken for as fast as the median of the others
     */
    static List<LaneRange> deal(int lanes, double[] laneMs) {
        double[] ms = known(laneMs);
        int[] counts = new int[ms.length];
        Arrays.fill(counts, 1); // a member without a lane is none
        for (int left = lanes - ms.length; left > 0; left--) {
            counts[leastBusyAfterOneMore(counts, ms)]++;
        }
        List<LaneRange> deal = new ArrayList<>();
        int next = 0;
        for (int count : counts) {
            deal.add(new LaneRange(next, next + count));
            next += count;
        }
        return deal;
    }

    /** The share of a step's time that the best deal would save; 0 if a speed is not known. */
    static double gain(List<LaneRange> deal, double[] laneMs) {
        for (double ms : laneMs) {
            if (!(ms > 0)) {
                return 0;
            }
        }
        int lanes = deal.get(deal.size() - 1).to();
        return 1 - stepMs(deal(lanes, laneMs), laneMs) / stepMs(deal, laneMs);
    }

    private static double stepMs(List<LaneRange> deal, double[] laneMs) {
        double longest = 0;
        for (int rank = 0; rank < laneMs.length; rank++) {
            longest = Math.max(longest, deal.get(rank).count() * laneMs[rank]);
        }
        return longest;
    }

    private static int leastBusyAfterOneMore(int[] counts, double[] ms) {
        int best = 0;
        for (int rank = 1; rank < counts.length; rank++) {
            if ((counts[rank] + 1) * ms[rank] < (counts[best] + 1) * ms[best]) {
                best = rank;
            }
        }
        return best;
    }

    private static double[] known(double[] laneMs) {
        double[] measured = Arrays.stream(laneMs).filter(ms -> ms > 0).sorted().toArray();
        double usual = measured.length == 0 ? 1 : measured[measured.length / 2];
        return Arrays.stream(laneMs).map(ms -> ms > 0 ? ms : usual).toArray();
    }
}
