package io.flm.worker.evaluate;

import io.flm.data.TextBatch;
import io.flm.worker.evaluate.Figure.Measured;
import io.flm.worker.evaluate.HeldOut.Example;
import io.flm.worker.evaluate.Scorer.Seen;
import io.flm.worker.model.TargetScores;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Finding a picture's name, and a name's picture, by how likely the l2r stream calls the name when it sees the picture. The
 * names of a pool are distinct.
 *
 * <p>N samples of the pool. Some names are likely whatever the picture. So a name's likelihood is divided by the sum of its
 * likelihoods over the pool's pictures before names are compared; for comparing pictures it makes no difference.
 */
final class Retrieval {
    private static final int[] RANKS = {1, 5, 10};

    /** Of which {@link #figures} tells. */
    static final List<Metric> METRICS = Stream.of(true, false)
            .flatMap(names -> Arrays.stream(RANKS).mapToObj(k -> recall(names, k)))
            .toList();

    private static Metric recall(boolean ofNames, int k) {
        String right = ofNames ? "name" : "picture";
        return Metric.share(
                (ofNames ? "text" : "image") + "RetrievalR" + k,
                (ofNames ? "Name of a picture, R@" : "Picture of a name, R@") + k,
                "the right " + right + (k == 1 ? " comes first" : " is among the first " + k));
    }

    /** The samples of a pool and {@code logProbs[picture][name]}. */
    record Pool(List<Example> examples, double[][] logProbs) {
        int size() {
            return examples.size();
        }

        /** How a picture rates the names. */
        double[] names(int picture) {
            return IntStream.range(0, size())
                    .mapToDouble(name -> logProbs[picture][name] - logSum(column(name)))
                    .toArray();
        }

        /** How a name rates the pictures. */
        double[] column(int name) {
            return IntStream.range(0, size())
                    .mapToDouble(picture -> logProbs[picture][name])
                    .toArray();
        }
    }

    private final Scorer scorer;
    private final CaptionFormat format;

    Retrieval(Scorer scorer, CaptionFormat format) {
        this.scorer = scorer;
        this.format = format;
    }

    /** Pools of {@code size} distinct names; where there are not enough names, fewer pools, or one smaller one. */
    static List<List<Example>> pools(List<Example> examples, int size, int count) {
        List<List<Example>> pools = new ArrayList<>();
        List<Example> left = new ArrayList<>(examples);
        while (pools.size() < count) {
            List<Example> pool = new ArrayList<>();
            List<Example> passed = new ArrayList<>();
            Set<String> names = new HashSet<>();
            for (Example e : left) {
                boolean taken = pool.size() < size && names.add(e.name());
                (taken ? pool : passed).add(e);
            }
            if (pool.size() < 2 || (pool.size() < size && !pools.isEmpty())) {
                break;
            }
            pools.add(pool);
            left = passed;
        }
        return pools;
    }

    /** Scores every name of the pool with every picture; each picture is encoded once. */
    Pool score(List<Example> pool) {
        int n = pool.size();
        TextBatch names = format.leftToRight(pool.stream().map(Example::ids).toList());
        double[][] logProbs = new double[n][];
        try (Seen pictures = scorer.see(HeldOut.pixels(pool), n)) {
            for (int picture = 0; picture < n; picture++) {
                try (Seen one = pictures.row(picture)) {
                    logProbs[picture] = sums(names, scorer.score(names, one).get(0));
                }
            }
        }
        return new Pool(pool, logProbs);
    }

    /** The recall at each rank, of names and of pictures, beside chance. */
    static List<Figure> figures(List<Pool> searched) {
        List<Figure> figures = new ArrayList<>();
        for (boolean names : new boolean[] {true, false}) {
            for (int k : RANKS) {
                double chance = searched.stream()
                        .mapToDouble(pool -> Math.min(1, (double) k / pool.size()))
                        .average()
                        .orElseThrow();
                double recall = searched.stream()
                        .flatMapToDouble(pool -> IntStream.range(0, pool.size())
                                .mapToDouble(own -> within(names ? pool.names(own) : pool.column(own), own, k)))
                        .average()
                        .orElseThrow();
                figures.add(new Measured(recall(names, k), recall, chance));
            }
        }
        return figures;
    }

    private static double[] sums(TextBatch names, TargetScores scored) {
        double[] sums = new double[names.rows()];
        int[] positions = names.tokens(0).positions();
        for (int k = 0; k < positions.length; k++) {
            sums[positions[k] / names.length()] += scored.logProbs()[k];
        }
        return sums;
    }

    /**
     * The chance that candidate {@code right} is among the first {@code k}, where candidates of equal score are in random
     * order. So a model that knows nothing has exactly k / N. Where the right one's score is NaN, it is not found.
     */
    static double within(double[] scores, int right, int k) {
        if (Double.isNaN(scores[right])) { // nothing compares with it
            return 0;
        }
        int greater = 0;
        int equal = 0;
        for (int i = 0; i < scores.length; i++) {
            greater += scores[i] > scores[right] ? 1 : 0;
            equal += scores[i] == scores[right] ? 1 : 0; // counts the right one
        }
        return Math.min(1, Math.max(0, k - greater) / (double) Math.max(1, equal));
    }

    /** The candidates, best first. */
    static List<Integer> ranking(double[] scores) {
        return IntStream.range(0, scores.length)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer i) -> -scores[i]).thenComparing(i -> i))
                .toList();
    }

    static double logSum(double[] logs) {
        double most = Double.NEGATIVE_INFINITY;
        for (double log : logs) {
            most = Math.max(most, log);
        }
        double sum = 0;
        for (double log : logs) {
            sum += Math.exp(log - most);
        }
        return most + Math.log(sum);
    }
}
