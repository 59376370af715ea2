package io.flm.worker.evaluate;

import io.flm.data.TextBatch;
import io.flm.worker.evaluate.Figure.Measured;
import io.flm.worker.evaluate.HeldOut.Example;
import io.flm.worker.evaluate.Scorer.Seen;
import io.flm.worker.task.score.Likelihoods;
import io.flm.worker.task.score.Recalls;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.DoubleConsumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Finding a picture's name, and a name's picture, by how likely the l2r stream calls the name when it sees the picture ({@link
 * Likelihoods}). The names of a pool are distinct. N samples of the pool.
 */
final class Retrieval {
    /** Of which {@link #figures} tells. */
    static final List<Metric> METRICS = Stream.of(true, false)
            .flatMap(names -> Recalls.RANKS.stream().map(k -> recall(names, k)))
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

        private Recalls recalls() {
            int[] own = IntStream.range(0, size()).toArray();
            return Recalls.of(size(), own, likelihoods::texts, likelihoods::pictures);
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

    /**
     * Scores every name of the pool with every picture; each picture is encoded once.
     *
     * @param progress is told the share that is done, in [0, 1]
     */
    Pool score(List<Example> pool, DoubleConsumer progress) {
        int n = pool.size();
        TextBatch names = format.leftToRight(pool.stream().map(Example::ids).toList());
        double[][] logProbs = new double[n][];
        progress.accept(0);
        try (Seen pictures = scorer.see(HeldOut.pixels(pool), n)) {
            for (int picture = 0; picture < n; picture++) {
                try (Seen one = pictures.row(picture)) {
                    progress.accept((double) picture / n);
                    logProbs[picture] = scorer.score(names, one).get(0).ofRows(names, 0);
                }
            }
        }
        return new Pool(pool, new Likelihoods(logProbs));
    }

    /** The recall at each rank, of names and of pictures, beside chance. */
    static List<Figure> figures(List<Pool> searched) {
        List<Recalls> recalls = searched.stream().map(Pool::recalls).toList();
        List<Figure> figures = new ArrayList<>();
        for (boolean names : new boolean[] {true, false}) {
            for (int i = 0; i < Recalls.RANKS.size(); i++) {
                int rank = i;
                int k = Recalls.RANKS.get(i);
                double chance = searched.stream()
                        .mapToDouble(pool -> Math.min(1, (double) k / pool.size()))
                        .average()
                        .orElseThrow();
                double recall = recalls.stream() // pools are of one size
                        .map(of -> names ? of.textOfPicture() : of.pictureOfText())
                        .mapToDouble(of -> of.get(rank).all())
                        .average()
                        .orElseThrow();
                figures.add(new Measured(recall(names, k), recall, chance));
            }
        }
        return figures;
    }
}
