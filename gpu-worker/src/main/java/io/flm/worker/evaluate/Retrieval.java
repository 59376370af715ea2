package io.flm.worker.evaluate;

import io.flm.data.TextBatch;
import io.flm.worker.evaluate.Figure.Measured;
import io.flm.worker.evaluate.HeldOut.Example;
import io.flm.worker.evaluate.Scorer.Seen;
import io.flm.worker.task.score.Likelihoods;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Finding a picture's name, and a name's picture, by how likely the l2r stream calls the name when it sees the picture ({@link
 * Likelihoods}). The names of a pool are distinct. N samples of the pool.
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

    /** The samples of a pool, and how likely each name is beside each picture. */
    record Pool(List<Example> examples, Likelihoods likelihoods) {
        int size() {
            return examples.size();
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
                    logProbs[picture] = scorer.score(names, one).get(0).ofRows(names, 0);
                }
            }
        }
        return new Pool(pool, new Likelihoods(logProbs));
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
                                .mapToDouble(own -> within(
                                        names
                                                ? pool.likelihoods().texts(own)
                                                : pool.likelihoods().pictures(own),
                                        own,
                                        k)))
                        .average()
                        .orElseThrow();
                figures.add(new Measured(recall(names, k), recall, chance));
            }
        }
        return figures;
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
}
