package io.flm.worker.decode;

import ai.djl.ndarray.NDArray;
import io.flm.worker.decode.Decoding.Beam;
import io.flm.worker.model.CaptionStream;
import io.flm.worker.model.CaptionStream.Ranked;
import io.flm.worker.model.FlmModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Beam search. Each picture has {@code width} open captions; at each token all their continuations compete, and the likeliest
 * stay.
 *
 * <p>The choices are those of transformers' {@code generate} with its defaults. A caption's score is the sum of its
 * log-probabilities over its length to the power of the length penalty; the length counts the tokens after the start, the stop
 * included. A continuation that ends is a result if it is among the {@code width} best continuations, and passed over if not.
 * A picture is done when it has {@code width} results and the worst of them is no worse than the likeliest continuation would be at
 * its present length ({@code early_stopping=False}). What is open at the longest length is a result too. Of equal continuations
 * the one of the better caption comes first, then the one of the lower token.
 */
final class BeamSearch {
    private final FlmModel model;
    private final CaptionBounds bounds;
    private final int width;
    private final double lengthPenalty;

    BeamSearch(FlmModel model, CaptionBounds bounds, Beam beam) {
        this.model = model;
        this.bounds = bounds;
        width = beam.width();
        lengthPenalty = beam.lengthPenalty();
    }

    /** An open caption; of those that only fill the beam the log-probability is minus infinity. */
    private record Open(int[] tokens, double logProb) {}

    /** A continuation of the picture's caption number {@code beam}. */
    private record Candidate(int beam, int token, double logProb) {
        private static final Comparator<Candidate> BEST_FIRST = Comparator.comparingDouble(
                        (Candidate c) -> -c.logProb())
                .thenComparingInt(Candidate::beam)
                .thenComparingInt(Candidate::token);
    }

    /** A caption that has ended. */
    private record Result(int[] tokens, double score) {}

    /** The search of one picture. */
    private final class Search {
        private List<Open> open = new ArrayList<>();
        private int[] parents = new int[width]; // of the open captions: which of the open ones before each goes on
        private final List<Result> results = new ArrayList<>();
        private boolean done;

        Search() {
            open.add(new Open(bounds.start(), 0));
            while (open.size() < width) { // all captions begin alike
                open.add(new Open(bounds.start(), Double.NEGATIVE_INFINITY));
            }
        }

        /** @param row the first of the picture's rows in {@code ranked} */
        void goOn(Ranked ranked, int row) {
            List<Candidate> best = candidates(ranked, row);
            List<Open> next = new ArrayList<>();
            int[] from = new int[width];
            for (int rank = 0; rank < best.size() && next.size() < width; rank++) {
                Candidate c = best.get(rank);
                int[] tokens = extended(open.get(c.beam()).tokens(), c.token());
                if (!bounds.ends(c.token())) {
                    from[next.size()] = c.beam();
                    next.add(new Open(tokens, c.logProb()));
                } else if (rank < width) {
                    add(tokens, c.logProb());
                }
            }
            while (next.size() < width) { // the vocabulary is too small to fill the beam
                from[next.size()] = 0;
                next.add(new Open(extended(open.get(0).tokens(), 0), Double.NEGATIVE_INFINITY));
            }
            int length = next.get(0).tokens().length;
            open = next;
            parents = from;
            done = results.size() >= width
                    && results.get(results.size() - 1).score()
                            >= score(best.get(0).logProb(), length - bounds.start().length);
            if (length == bounds.maxLength() && !done) {
                open.forEach(o -> add(o.tokens(), o.logProb()));
                done = true;
            }
        }

        /** The likeliest continuations of all captions, so many that {@code width} of them go on even if each caption could end. */
        private List<Candidate> candidates(Ranked ranked, int row) {
            List<Candidate> all = new ArrayList<>();
            for (int beam = 0; beam < width; beam++) {
                double before = open.get(beam).logProb();
                for (int i = (row + beam) * ranked.count(); i < (row + beam + 1) * ranked.count(); i++) {
                    if (before > Double.NEGATIVE_INFINITY) {
                        all.add(new Candidate(beam, ranked.tokens()[i], before + ranked.logProbs()[i]));
                    }
                }
            }
            all.sort(Candidate.BEST_FIRST);
            return all.subList(0, Math.min(candidatesEach(), all.size()));
        }

        /** Keeps the {@code width} best results, best first. */
        private void add(int[] tokens, double logProb) {
            results.add(new Result(tokens, score(logProb, tokens.length - bounds.start().length)));
            results.sort(Comparator.comparingDouble((Result r) -> -r.score())); // stable: of equal ones the first stays
            if (results.size() > width) {
                results.remove(results.size() - 1);
            }
        }

        int[] best() {
            return results.get(0).tokens();
        }
    }

    private double score(double logProb, int length) {
        return logProb / Math.pow(length, lengthPenalty);
    }

    /** So many that {@code width} go on although each of the others may end. */
    private int candidatesEach() {
        return width * (1 + bounds.stop().length);
    }

    private static int[] extended(int[] tokens, int token) {
        int[] longer = Arrays.copyOf(tokens, tokens.length + 1);
        longer[tokens.length] = token;
        return longer;
    }

    /**
     * The best caption of each picture.
     *
     * @param imageFeatures [B, P, W]
     */
    int[][] write(NDArray imageFeatures) {
        int start = bounds.start().length;
        List<Search> all = IntStream.range(0, (int) imageFeatures.getShape().get(0))
                .mapToObj(picture -> new Search())
                .toList();
        if (bounds.maxLength() <= start) {
            return all.stream().map(search -> bounds.start()).toArray(int[][]::new);
        }
        List<Search> searches = all; // that are not done
        int count = Math.min(candidatesEach(), model.settings().vocabulary());
        try (CaptionStream stream = model.captionStream(imageFeatures, width, bounds.maxLength())) {
            stream.begin(bounds.start());
            while (true) {
                Ranked ranked = stream.ranked(count);
                for (int i = 0; i < searches.size(); i++) {
                    searches.get(i).goOn(ranked, i * width);
                }
                List<Search> before = searches;
                int[] left = IntStream.range(0, before.size())
                        .filter(i -> !before.get(i).done)
                        .toArray();
                if (left.length == 0) {
                    break;
                }
                searches = Arrays.stream(left).mapToObj(before::get).toList();
                stream.keep(Arrays.stream(left)
                        .flatMap(i -> Arrays.stream(before.get(i).parents).map(parent -> i * width + parent))
                        .toArray());
                stream.read(searches.stream()
                        .flatMapToInt(s -> s.open.stream().mapToInt(o -> o.tokens()[o.tokens().length - 1]))
                        .toArray());
            }
        }
        return all.stream().map(Search::best).toArray(int[][]::new);
    }
}
