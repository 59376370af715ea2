package io.flm.launch.compare;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * After how much pretraining a challenger reaches the score that a baseline ends with.
 *
 * <p>The factor is the time at which the baseline <em>first</em> had its last score over the time at which the challenger first has it.
 * Not the length of the baseline's run: one whose score was there early and then stood still, or fell, would make anything look fast.
 *
 * @param target the mean of the baseline's last scores
 * @param baseline when its mean curve first had it
 * @param challenger when its own first has it
 * @param factor baseline over challenger
 * @param interval that holds the factor of 95 % of the resampled seeds (and items); null: there is one seed, and no item's score
 */
record SpeedUp(
        double target,
        Range baseline,
        Range challenger,
        Range factor,
        @Nullable Range interval) {
    static final double CONFIDENCE = 0.95;
    private static final int RESAMPLES = 2000;
    private static final long SEED = 1;

    /**
     * A run's curve.
     *
     * @param items scores of single items at each checkpoint, in the same order everywhere; empty: they are not known
     * @param groups the group of each item, if items are not drawn one by one; empty: they are
     */
    record Run(Curve curve, List<double[]> items, List<Integer> groups) {
        Run {
            items = List.copyOf(items);
            groups = List.copyOf(groups);
        }

        Run(Curve curve, List<double[]> items) {
            this(curve, items, List.of());
        }

        private boolean hasItems() {
            return !items.isEmpty();
        }

        private boolean hasItems(int count) {
            return items.size() == curve.times().size() && items.stream().allMatch(scores -> scores.length == count);
        }

        /** The items that are drawn together, of which there are {@code count}. */
        private List<List<Integer>> blocks(int count) {
            Map<Integer, List<Integer>> blocks = new LinkedHashMap<>();
            for (int item = 0; item < count; item++) {
                blocks.computeIfAbsent(groups.isEmpty() ? item : groups.get(item), group -> new ArrayList<>())
                        .add(item);
            }
            return List.copyOf(blocks.values());
        }

        /** The same run scored on other items. */
        private Curve resampled(int[] chosen) {
            List<Double> means = new ArrayList<>();
            for (double[] scores : items) {
                double sum = 0;
                for (int item : chosen) {
                    sum += scores[item];
                }
                means.add(sum / chosen.length);
            }
            return new Curve(curve.times(), means);
        }
    }

    /** Of runs that differ in their seed alone. */
    static SpeedUp of(List<Run> challenger, List<Run> baseline) {
        SpeedUp measured = ofMeans(curves(challenger), curves(baseline), null);
        return new SpeedUp(
                measured.target,
                measured.baseline,
                measured.challenger,
                measured.factor,
                interval(challenger, baseline));
    }

    private static List<Curve> curves(List<Run> runs) {
        return runs.stream().map(Run::curve).toList();
    }

    private static SpeedUp ofMeans(List<Curve> challenger, List<Curve> baseline, @Nullable Range interval) {
        Curve before = Curve.mean(baseline);
        double target = before.lastScore();
        Range first = before.firstReach(target);
        Range reached = Curve.mean(challenger).firstReach(target);
        return new SpeedUp(target, first, reached, first.over(reached), interval);
    }

    /**
     * The bootstrap: seeds of both sides are drawn anew with replacement, and where items' scores are known, the items too, the same for
     * all runs. Items of a group are drawn together: six pictures of one scene tell less than six scenes. Of each draw's factor only a bound may be known: the interval goes from the lowest lower bounds to the highest upper ones.
     */
    private static @Nullable Range interval(List<Run> challenger, List<Run> baseline) {
        boolean items = sameItems(challenger, baseline);
        if (!items && (challenger.size() < 2 || baseline.size() < 2)) {
            return null;
        }
        List<List<Integer>> blocks =
                items ? challenger.get(0).blocks(challenger.get(0).items().get(0).length) : List.of();
        SplittableRandom random = new SplittableRandom(SEED);
        double[] lows = new double[RESAMPLES];
        double[] highs = new double[RESAMPLES];
        for (int i = 0; i < RESAMPLES; i++) {
            int[] chosen = items ? drawn(blocks, random) : new int[0];
            Range factor = ofMeans(drawn(challenger, chosen, random), drawn(baseline, chosen, random), null)
                    .factor();
            lows[i] = factor.low();
            highs[i] = factor.high();
        }
        Arrays.sort(lows);
        Arrays.sort(highs);
        int out = (int) Math.floor((1 - CONFIDENCE) / 2 * RESAMPLES);
        return new Range(lows[out], highs[RESAMPLES - 1 - out]);
    }

    private static boolean sameItems(List<Run> challenger, List<Run> baseline) {
        List<Run> all = new ArrayList<>(challenger);
        all.addAll(baseline);
        if (!all.stream().allMatch(Run::hasItems)) {
            return false;
        }
        Run first = all.get(0);
        int count = first.items().get(0).length;
        return (first.groups().isEmpty() || first.groups().size() == count)
                && first.blocks(count).size() > 1
                && all.stream()
                        .allMatch(run -> run.hasItems(count) && run.groups().equals(first.groups()));
    }

    private static int[] drawn(List<List<Integer>> blocks, SplittableRandom random) {
        return Arrays.stream(draw(blocks.size(), random))
                .flatMap(block -> blocks.get(block).stream().mapToInt(item -> item))
                .toArray();
    }

    private static List<Curve> drawn(List<Run> runs, int[] items, SplittableRandom random) {
        List<Curve> drawn = new ArrayList<>();
        for (int seed : draw(runs.size(), random)) {
            Run run = runs.get(seed);
            drawn.add(items.length == 0 ? run.curve() : run.resampled(items));
        }
        return drawn;
    }

    private static int[] draw(int count, SplittableRandom random) {
        return random.ints(count, 0, count).toArray();
    }

    /** The factor in another unit, of which a step of each side takes so much. */
    SpeedUp in(double challengerRatio, double baselineRatio) {
        double scale = baselineRatio / challengerRatio;
        return new SpeedUp(
                target,
                baseline.times(baselineRatio),
                challenger.times(challengerRatio),
                factor.times(scale),
                interval == null ? null : interval.times(scale));
    }

    Map<String, @Nullable Object> toMap() {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("target", target);
        map.put("baselineFirst", baseline.toMap());
        map.put("challengerFirst", challenger.toMap());
        map.put("factor", interval == null ? null : factor.toMap()); // never without an interval
        map.put("interval", interval == null ? null : interval.toMap());
        return map;
    }
}
