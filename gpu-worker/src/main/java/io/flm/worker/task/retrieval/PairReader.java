package io.flm.worker.task.retrieval;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.flm.data.ClassTargets;
import io.flm.data.Sample;
import io.flm.data.TextBatch;
import io.flm.worker.model.FlmModel;
import io.flm.worker.model.KeptTexts;
import io.flm.worker.task.TaskModel;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.DoubleConsumer;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * Reads texts beside pictures with one model. Each picture is encoded once; texts go in blocks of about the same length, and what
 * the model makes of a block alone is made once for as many pictures as are held at a time.
 */
final class PairReader {
    private static final int TEXTS = 256; // of a block
    private static final int PICTURES = 256; // whose features are held at a time
    private static final double ENCODING = 0.1; // of the progress; the rest is texts

    /** Is told how a text rates beside a picture: the higher, the better they fit. */
    interface Sink {
        void at(int picture, int text, double rate);
    }

    /** How a model rates texts beside a picture. */
    private interface Rating {
        TextBatch read(List<int[]> rows);

        double[] of(KeptTexts texts, NDArray picture);
    }

    private final FlmModel model;
    private final Search search;
    private final Rating rating;
    private final List<Integer> byLength;

    private PairReader(FlmModel model, Search search, Rating rating) {
        this.model = model;
        this.search = search;
        this.rating = rating;
        byLength = IntStream.range(0, search.texts().size())
                .boxed()
                .sorted(Comparator.comparingInt(text -> row(text).length))
                .toList();
    }

    /** By the score of the head that the model was fine-tuned with. */
    static PairReader byHead(TaskModel model, Search search) {
        return new PairReader(model.model(), search, new Rating() {
            @Override
            public TextBatch read(List<int[]> rows) {
                int[] all = IntStream.range(0, rows.size()).toArray();
                return model.objective()
                        .whole(rows, model.layout())
                        .withHeads(List.of(new ClassTargets(all, new int[rows.size()])));
            }

            @Override
            public double[] of(KeptTexts texts, NDArray picture) {
                float[][] scores = model.model().classify(texts, picture).get(0);
                return IntStream.range(0, scores.length)
                        .mapToDouble(row -> scores[row][0])
                        .toArray();
            }
        });
    }

    /** By the likelihood that the l2r stream gives a text: a natural logarithm. No reconstructor is run. */
    static PairReader byLikelihood(TaskModel model, Search search) {
        int padId = model.layout().vocabulary().padId();
        return new PairReader(model.model(), search, new Rating() {
            @Override
            public TextBatch read(List<int[]> rows) {
                return TextBatch.leftToRight(rows, padId);
            }

            @Override
            public double[] of(KeptTexts texts, NDArray picture) {
                return model.model().score(texts, picture).get(0).ofRows(texts.batch(), 0);
            }
        });
    }

    private int[] row(int text) {
        return search.texts().get(text).row();
    }

    /** Every text beside every picture. */
    void all(Sink sink, DoubleConsumer progress) {
        int pictures = search.pictures().size();
        for (int from = 0; from < pictures; from += PICTURES) {
            int to = Math.min(pictures, from + PICTURES);
            try (NDManager scope = model.newScope()) {
                List<NDArray> features = new ArrayList<>();
                for (int picture = from; picture < to; picture++) {
                    progress.accept((from + ENCODING * (picture - from)) / pictures);
                    features.add(features(scope, picture));
                }
                for (int first = 0; first < byLength.size(); first += TEXTS) {
                    double before = (double) first / byLength.size();
                    List<Integer> block = byLength.subList(first, Math.min(byLength.size(), first + TEXTS));
                    try (KeptTexts texts = keep(block)) {
                        for (int picture = from; picture < to; picture++) {
                            double share = (double) block.size() / byLength.size() * (picture - from) / (to - from);
                            double done = ENCODING + (1 - ENCODING) * (before + share);
                            progress.accept((from + (to - from) * done) / pictures);
                            rate(picture, features.get(picture - from), block, texts, sink);
                        }
                    }
                }
            }
        }
    }

    /** Some texts beside each picture. */
    void some(IntFunction<int[]> textsOf, Sink sink, DoubleConsumer progress) {
        int pictures = search.pictures().size();
        for (int picture = 0; picture < pictures; picture++) {
            progress.accept((double) picture / pictures);
            List<Integer> texts = IntStream.of(textsOf.apply(picture))
                    .boxed()
                    .sorted(Comparator.comparingInt(text -> row(text).length))
                    .toList();
            try (NDManager scope = model.newScope()) {
                NDArray features = features(scope, picture);
                for (int first = 0; first < texts.size(); first += TEXTS) {
                    List<Integer> block = texts.subList(first, Math.min(texts.size(), first + TEXTS));
                    try (KeptTexts kept = keep(block)) {
                        rate(picture, features, block, kept, sink);
                    }
                }
            }
        }
    }

    /** [1, P, W]. */
    private NDArray features(NDManager scope, int picture) {
        return model.imageFeatures(scope, Sample.pixels(search.pictures().subList(picture, picture + 1)), 1);
    }

    private KeptTexts keep(List<Integer> texts) {
        return model.keep(rating.read(texts.stream().map(this::row).toList()));
    }

    private void rate(int picture, NDArray features, List<Integer> texts, KeptTexts kept, Sink sink) {
        double[] rates = rating.of(kept, features);
        for (int i = 0; i < rates.length; i++) {
            sink.at(picture, texts.get(i), rates[i]);
        }
    }
}
