package io.flm.coordinator;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ObjLongConsumer;
import org.jspecify.annotations.Nullable;

/** The newest buckets of 2^shift steps each: a ring. Bucket {@code b} holds steps {@code b << shift} and after. */
final class MetricsLevel {
    static final int BUCKETS = 1024;

    private static final long NONE = -1;

    /** One figure, by place in the ring. Where its count is 0 it is not known. */
    private static final class Figure {
        static final int BYTES = Double.BYTES + 2 * Float.BYTES + Integer.BYTES;

        private final double[] sums = new double[BUCKETS];
        private final float[] least = new float[BUCKETS];
        private final float[] most = new float[BUCKETS];
        private final int[] counts = new int[BUCKETS];

        void add(int place, double sum, float least, float most, int count) {
            boolean empty = counts[place] == 0;
            sums[place] = empty ? sum : sums[place] + sum;
            this.least[place] = empty ? least : Math.min(this.least[place], least);
            this.most[place] = empty ? most : Math.max(this.most[place], most);
            counts[place] += count;
        }
    }

    private final int shift;
    private final long[] buckets = new long[BUCKETS]; // which one lies in each place
    private final int[] stepCounts = new int[BUCKETS];
    private final Map<String, Figure> figures = new LinkedHashMap<>();
    private long oldest; // bucket that is here, where older ones were not left out by the ring

    MetricsLevel(int shift) {
        this.shift = shift;
        Arrays.fill(buckets, NONE);
    }

    /** The next level above one that is full. */
    MetricsLevel(MetricsLevel below) {
        this(below.shift + 1);
        addAll(below, 0, Long.MAX_VALUE);
    }

    /** Whether this level has all that is known from a step on. */
    boolean reaches(long step, long last) {
        return (last >> shift) - (step >> shift) < BUCKETS && step >> shift >= oldest;
    }

    boolean isEmpty() {
        return Arrays.stream(buckets).allMatch(bucket -> bucket == NONE);
    }

    boolean knows(String figure) {
        return figures.containsKey(figure);
    }

    /** @param most figures that are kept: the first ones that come */
    void add(long step, Map<String, Double> values, int most) {
        int place = take(step >> shift);
        stepCounts[place]++;
        values.forEach((name, value) -> {
            if (knows(name) || figures.size() < most) {
                figure(name).add(place, value, value.floatValue(), value.floatValue(), 1);
            }
        });
    }

    private Figure figure(String name) {
        return figures.computeIfAbsent(name, any -> new Figure());
    }

    /** The place of a bucket; what lay there is another one's, and older. */
    private int take(long bucket) {
        int place = place(bucket);
        if (buckets[place] != bucket) {
            clear(place);
            buckets[place] = bucket;
        }
        return place;
    }

    private static int place(long bucket) {
        return (int) (bucket % BUCKETS);
    }

    private void clear(int place) {
        buckets[place] = NONE;
        stepCounts[place] = 0;
        figures.values().forEach(figure -> figure.counts[place] = 0);
    }

    /** Adds the buckets of a level below, or the same, that have a step of a range. */
    void addAll(MetricsLevel other, long from, long to) {
        for (long bucket : other.ascending()) {
            if (bucket >= from >> other.shift && bucket <= to >> other.shift) {
                add(other, bucket);
            }
        }
    }

    private void add(MetricsLevel other, long bucket) {
        int from = place(bucket);
        if (other.buckets[from] != bucket) {
            return;
        }
        int to = take(bucket >> (shift - other.shift));
        stepCounts[to] += other.stepCounts[from];
        other.figures.forEach((name, figure) -> {
            if (figure.counts[from] > 0) {
                figure(name).add(to, figure.sums[from], figure.least[from], figure.most[from], figure.counts[from]);
            }
        });
    }

    private long[] ascending() {
        return Arrays.stream(buckets).filter(bucket -> bucket != NONE).sorted().toArray();
    }

    /**
     * Forgets a step and all after it. A bucket that has steps before it too is made anew of those that the level below still has.
     *
     * @param below has forgotten them already; null: this is the lowest
     */
    void forgetFrom(long step, @Nullable MetricsLevel below) {
        for (long bucket : ascending()) {
            if (bucket >= step >> shift) {
                clear(place(bucket));
            }
        }
        if (below != null && (step >> shift) << shift < step) {
            add(below, (step >> shift) * 2);
            add(below, (step >> shift) * 2 + 1);
        }
        long[] left = ascending();
        oldest = left.length > 0 ? left[0] : (step + (1L << shift) - 1) >> shift;
    }

    /** Tells the figures of each step of the lowest level, from the oldest. */
    void forEachStep(ObjLongConsumer<Map<String, Double>> each) {
        for (long step : ascending()) {
            Map<String, Double> values = new TreeMap<>();
            figures.forEach((name, figure) -> {
                if (figure.counts[place(step)] > 0) {
                    values.put(name, figure.sums[place(step)]);
                }
            });
            each.accept(values, step);
        }
    }

    MetricsView view(String run, long first, long last) {
        long[] shown = ascending();
        List<Long> steps = new ArrayList<>();
        List<Integer> counts = new ArrayList<>();
        for (long bucket : shown) {
            steps.add(bucket << shift);
            counts.add(stepCounts[place(bucket)]);
        }
        Map<String, MetricsView.Figure> views = new TreeMap<>();
        figures.forEach((name, figure) -> views.put(name, view(figure, shown)));
        return new MetricsView(run, first, last, 1L << shift, steps, counts, views);
    }

    private static MetricsView.Figure view(Figure figure, long[] shown) {
        List<@Nullable Float> mean = new ArrayList<>();
        List<@Nullable Float> least = new ArrayList<>();
        List<@Nullable Float> most = new ArrayList<>();
        for (long bucket : shown) {
            int place = place(bucket);
            int count = figure.counts[place];
            mean.add(count == 0 ? null : (float) (figure.sums[place] / count));
            least.add(count == 0 ? null : figure.least[place]);
            most.add(count == 0 ? null : figure.most[place]);
        }
        return new MetricsView.Figure(mean, least, most);
    }

    long sizeBytes() {
        return (long) BUCKETS * (Long.BYTES + Integer.BYTES + (long) figures.size() * Figure.BYTES);
    }
}
