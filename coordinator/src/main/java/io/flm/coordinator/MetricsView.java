package io.flm.coordinator;

import io.flm.worker.WireMessage;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The figures of a run's steps, in buckets of so many steps: the body of {@code GET /api/v1/metrics}. All lists are as long as
 * {@code steps}.
 *
 * @param run its name
 * @param first the first step that is known, whatever was asked for; -1: none
 * @param last the last one
 * @param bucketSteps steps of a bucket, a power of two; 1: each by itself
 * @param steps the first step of each bucket, ascending; a bucket without a step that is known is left out
 * @param counts steps that are known of each bucket
 * @param figures by name: those of {@code metrics.jsonl}
 */
public record MetricsView(
        String run,
        long first,
        long last,
        long bucketSteps,
        List<Long> steps,
        List<Integer> counts,
        Map<String, Figure> figures)
        implements WireMessage {
    /** Buckets of one answer at most: it must fit into a message. */
    public static final int MOST_POINTS = 1000;

    /**
     * One figure in each bucket; null: not known there.
     *
     * @param mean over the bucket's steps
     */
    public record Figure(List<@Nullable Float> mean, List<@Nullable Float> min, List<@Nullable Float> max) {
        public Figure {
            mean = Collections.unmodifiableList(mean);
            min = Collections.unmodifiableList(min);
            max = Collections.unmodifiableList(max);
        }
    }

    public MetricsView {
        steps = List.copyOf(steps);
        counts = List.copyOf(counts);
        figures = Collections.unmodifiableMap(figures);
    }
}
