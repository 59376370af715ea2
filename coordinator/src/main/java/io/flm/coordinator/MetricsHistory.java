package io.flm.coordinator;

import io.flm.data.SourceSettings;
import io.flm.worker.StepMetrics;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The figures of a run's steps in bounded memory, however many they are: the newest steps whole, older ones as mean, least and most of
 * buckets, which are the larger the older they are.
 *
 * <pre>
 * level 0    the newest 1,024 steps, each by itself
 * level 1    the newest 1,024 buckets of 2 steps
 * level n    the newest 1,024 buckets of 2^n steps
 * </pre>
 *
 * The last level reaches back to the first step; once it does not any more, another one is made of it. So n levels hold
 * 2^(n - 1) * 1,024 steps: 15 of them 10 million, in 0.3 MB a figure, of which a run has about 15. Every step is added to each level;
 * a view is of the finest level that reaches back far enough.
 */
final class MetricsHistory {
    /** Figures that are kept; others of a run are left out. */
    static final int MOST_FIGURES = 40 + 3 * SourceSettings.MOST;

    private final List<MetricsLevel> levels = new ArrayList<>();
    private long first = -1; // step that is known; -1: none
    private long last = -1;

    MetricsHistory() {
        levels.add(new MetricsLevel(0));
    }

    /** Adds a step. Those after it are forgotten, and what was known of it: they are done again. */
    void add(StepMetrics metrics) {
        add(metrics.step(), metrics.figures());
    }

    private void add(long step, Map<String, Double> values) {
        if (step <= last) {
            forgetFrom(step);
        }
        first = first < 0 ? step : first;
        last = step;
        while (!top().reaches(first, last)) {
            levels.add(new MetricsLevel(top()));
        }
        Map<String, Double> figures = new TreeMap<>(values);
        figures.values().removeIf(value -> !Double.isFinite(value));
        top().add(step, figures, MOST_FIGURES);
        figures.keySet().removeIf(name -> !top().knows(name));
        levels.subList(0, levels.size() - 1).forEach(level -> level.add(step, figures, MOST_FIGURES));
    }

    private MetricsLevel top() {
        return levels.get(levels.size() - 1);
    }

    private void forgetFrom(long step) {
        last = step - 1;
        for (int n = 0; n < levels.size(); n++) {
            levels.get(n).forgetFrom(step, n == 0 ? null : levels.get(n - 1));
        }
        if (top().isEmpty()) {
            levels.clear();
            levels.add(new MetricsLevel(0));
            first = -1;
            last = -1;
        }
    }

    /** Adds all steps of another history that it knows whole. */
    void append(MetricsHistory newer) {
        newer.levels.get(0).forEachStep((values, step) -> add(step, values));
    }

    /**
     * The figures of some steps, in at most so many buckets, of as few steps as is possible.
     *
     * @param from the first step
     * @param to the last one; buckets are whole, so that there may be some more steps at both ends
     * @param points buckets at most
     */
    MetricsView view(String run, long from, long to, int points) {
        long begin = Math.max(from, first);
        long end = Math.min(to, last);
        if (last < 0 || begin > end) {
            return new MetricsView(run, first, last, 1, List.of(), List.of(), Map.of());
        }
        int shift = 0;
        while (shift < levels.size() - 1 && !levels.get(shift).reaches(begin, last)) {
            shift++;
        }
        while ((end >> shift) - (begin >> shift) >= points) {
            shift++;
        }
        MetricsLevel source = levels.get(Math.min(shift, levels.size() - 1));
        MetricsLevel shown = new MetricsLevel(shift);
        shown.addAll(source, begin >> shift << shift, (((end >> shift) + 1) << shift) - 1);
        return shown.view(run, first, last);
    }

    /** Of the memory that it takes, objects around arrays aside. */
    long sizeBytes() {
        return levels.stream().mapToLong(MetricsLevel::sizeBytes).sum();
    }
}
