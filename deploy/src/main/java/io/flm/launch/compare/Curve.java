package io.flm.launch.compare;

import java.util.ArrayList;
import java.util.List;

/**
 * A score over pretraining: the scores of checkpoints, and how much pretraining each had.
 *
 * @param times ascending, above 0
 * @param scores higher is better
 */
record Curve(List<Double> times, List<Double> scores) {
    Curve {
        times = List.copyOf(times);
        scores = List.copyOf(scores);
        if (times.size() != scores.size() || times.isEmpty()) {
            throw new IllegalArgumentException(
                    "a curve of " + times.size() + " times and " + scores.size() + " scores");
        }
    }

    double lastScore() {
        return scores.get(scores.size() - 1);
    }

    double lastTime() {
        return times.get(times.size() - 1);
    }

    /**
     * When it first has a score: between the last checkpoint below it and the first one that has it, interpolated on a line in log
     * time. Where the first checkpoint has it, it was then or earlier; where none has it, after the last one, if ever.
     */
    Range firstReach(double target) {
        for (int i = 0; i < times.size(); i++) {
            if (scores.get(i) >= target) {
                return i == 0 ? Range.atMost(times.get(0)) : Range.exactly(between(i - 1, target));
            }
        }
        return Range.atLeast(lastTime());
    }

    private double between(int i, double target) {
        double share = (target - scores.get(i)) / (scores.get(i + 1) - scores.get(i));
        return times.get(i) * Math.pow(times.get(i + 1) / times.get(i), share);
    }

    /** The mean of curves with the same times. */
    static Curve mean(List<Curve> curves) {
        List<Double> means = new ArrayList<>();
        for (int i = 0; i < curves.get(0).times().size(); i++) {
            int point = i;
            means.add(curves.stream()
                    .mapToDouble(curve -> curve.scores().get(point))
                    .average()
                    .orElseThrow());
        }
        return new Curve(curves.get(0).times(), means);
    }
}
