package io.flm.worker.decode;

import static io.flm.worker.decode.TinyModel.BEGIN;
import static io.flm.worker.decode.TinyModel.END;
import static io.flm.worker.decode.TinyModel.START;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import io.flm.data.TokenizerKind;
import io.flm.worker.decode.Decoding.Beam;
import io.flm.worker.decode.Decoding.Sampling;
import io.flm.worker.model.CaptionStream;
import io.flm.worker.torch.Torch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class DecoderTest {
    private static final int[] STOP = {END};

    @BeforeEach
    void prepare() {
        Torch.prepareThread(1);
    }

    private static long[] keys(int from, int to) {
        long[] keys = new long[to - from];
        Arrays.setAll(keys, i -> 100 + from + i);
        return keys;
    }

    // ---- greedy

    @ParameterizedTest
    @CsvSource({"1, false", "2, true", "3, true"})
    void greedyTakesWhatReadingTheWholeTextTakes(long seed, boolean beginToken) {
        int[] start = beginToken ? BEGIN : new int[] {START};
        int pictures = 12;
        try (TinyModel tiny = new TinyModel(7, pictures, seed)) {
            int[][] captions = new Decoder(tiny.model, new CaptionBounds(start, STOP, 20)).greedy(tiny.features);
            Set<Integer> lengths = new HashSet<>();
            for (int picture = 0; picture < pictures; picture++) {
                assertThat(captions[picture]).isEqualTo(tiny.greedy(picture, start, 20));
                lengths.add(captions[picture].length);
            }
            assertThat(lengths).as("some end before others").hasSizeGreaterThan(1);
        }
    }

    /** Pads in the middle of a caption take no position with RoBERTa's rule, and one with BERT's. */
    @ParameterizedTest
    @EnumSource(TokenizerKind.class)
    void tokensAreCountedAsReadingTheWholeTextCountsThem(TokenizerKind kind) {
        int[] text = {START, END, 3, 1, 4, 1, 1, 5};
        try (TinyModel tiny = new TinyModel(7, 1, 4, kind.positions(1));
                CaptionStream stream = tiny.model.captionStream(tiny.features, 1, text.length + 1)) {
            stream.begin(BEGIN);
            for (int column = BEGIN.length; column < text.length; column++) {
                stream.read(new int[] {text[column]});
                assertThat(logSoftmax(stream.logits()))
                        .usingComparatorWithPrecision(1e-4)
                        .containsExactly(tiny.next(0, Arrays.copyOf(text, column + 1)));
            }
        }
    }

    private static double[] logSoftmax(float[] logits) {
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit);
        }
        double logSum = Math.log(sum);
        double[] logProbs = new double[logits.length];
        Arrays.setAll(logProbs, i -> logits[i] - logSum);
        return logProbs;
    }

    @Test
    void aCaptionIsAsLongAsItMayBeAtMost() {
        try (TinyModel tiny = new TinyModel(7, 3, 1)) {
            for (Decoding how : List.of(new Decoding.Greedy(), new Beam(3, 1), new Sampling(1, 1, 1))) {
                for (int longest = 2; longest < 5; longest++) {
                    int[][] captions = new Decoder(tiny.model, new CaptionBounds(BEGIN, new int[0], longest))
                            .write(tiny.features, how, keys(0, 3));
                    assertThat(captions).hasDimensions(3, longest);
                }
            }
        }
    }

    // ---- beam

    private record Scored(int[] tokens, double score) {}

    /** Every caption that there is. */
    private static void enumerate(
            TinyModel tiny,
            int picture,
            int[] tokens,
            double logProb,
            int maxLength,
            double penalty,
            List<Scored> into) {
        boolean ended = tokens.length > BEGIN.length && tokens[tokens.length - 1] == END;
        if (ended || tokens.length == maxLength) {
            into.add(new Scored(tokens, logProb / Math.pow(tokens.length - BEGIN.length, penalty)));
            return;
        }
        double[] next = tiny.next(picture, tokens);
        for (int token = 0; token < next.length; token++) {
            int[] longer = Arrays.copyOf(tokens, tokens.length + 1);
            longer[tokens.length] = token;
            enumerate(tiny, picture, longer, logProb + next[token], maxLength, penalty, into);
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 1, 2.5, -1})
    void aBeamAsWideAsAllCaptionsFindsTheBestOfThem(double penalty) {
        int maxLength = BEGIN.length + 4;
        int pictures = 4;
        try (TinyModel tiny = new TinyModel(6, pictures, 5)) {
            int[][] found = new Decoder(tiny.model, new CaptionBounds(BEGIN, STOP, maxLength))
                    .write(tiny.features, new Beam(5 * 5 * 5 * 6, penalty), keys(0, pictures));
            for (int picture = 0; picture < pictures; picture++) {
                List<Scored> all = new ArrayList<>();
                enumerate(tiny, picture, BEGIN, 0, maxLength, penalty, all);
                assertThat(all).hasSize(1 + 5 + 25 + 5 * 5 * 5 * 6);
                Scored best = all.stream()
                        .max(Comparator.comparingDouble(Scored::score))
                        .orElseThrow();
                assertThat(found[picture]).isEqualTo(best.tokens());
            }
        }
    }

    /** Beam search without caches: every caption is read from its start at every token. */
    private static int[] plainBeam(TinyModel tiny, int picture, int width, double penalty, int maxLength) {
        List<Scored> open = List.of(new Scored(BEGIN, 0));
        List<Scored> results = new ArrayList<>();
        for (int length = 1; BEGIN.length + length <= maxLength; length++) {
            List<Scored> all = new ArrayList<>();
            for (Scored caption : open) {
                double[] next = tiny.next(picture, caption.tokens());
                for (int token = 0; token < next.length; token++) {
                    int[] longer = Arrays.copyOf(caption.tokens(), caption.tokens().length + 1);
                    longer[longer.length - 1] = token;
                    all.add(new Scored(longer, caption.score() + next[token]));
                }
            }
            all.sort(Comparator.comparingDouble((Scored s) -> -s.score()));
            List<Scored> goOn = new ArrayList<>();
            for (int rank = 0; rank < all.size() && goOn.size() < width; rank++) {
                Scored caption = all.get(rank);
                if (caption.tokens()[caption.tokens().length - 1] != END) {
                    goOn.add(caption);
                } else if (rank < width) {
                    results.add(new Scored(caption.tokens(), caption.score() / Math.pow(length, penalty)));
                }
            }
            results.sort(Comparator.comparingDouble((Scored s) -> -s.score()));
            double attainable = all.get(0).score() / Math.pow(length, penalty);
            if (results.size() >= width && results.get(width - 1).score() >= attainable) {
                return results.get(0).tokens();
            }
            open = goOn;
        }
        open.forEach(o -> results.add(new Scored(o.tokens(), o.score() / Math.pow(maxLength - BEGIN.length, penalty))));
        results.sort(Comparator.comparingDouble((Scored s) -> -s.score()));
        return results.get(0).tokens();
    }

    @ParameterizedTest
    @CsvSource({"2, 1", "3, 0", "4, 2", "5, -1"})
    void aNarrowBeamGoesTheWayOfOneThatReadsEachCaptionFromItsStart(int width, double penalty) {
        int pictures = 10;
        try (TinyModel tiny = new TinyModel(8, pictures, 3)) {
            int[][] found = new Decoder(tiny.model, new CaptionBounds(BEGIN, STOP, 12))
                    .write(tiny.features, new Beam(width, penalty), keys(0, pictures));
            Set<Integer> lengths = new HashSet<>();
            int other = 0;
            for (int picture = 0; picture < pictures; picture++) {
                assertThat(found[picture])
                        .as("picture %d", picture)
                        .isEqualTo(plainBeam(tiny, picture, width, penalty, 12));
                lengths.add(found[picture].length);
                other += Arrays.equals(found[picture], tiny.greedy(picture, BEGIN, 12)) ? 0 : 1;
            }
            assertThat(lengths).hasSizeGreaterThan(1);
            assertThat(other).as("captions that greedy does not find").isPositive();
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 1, 3})
    void aBeamOfOneIsGreedy(double penalty) {
        try (TinyModel tiny = new TinyModel(8, 10, 6)) {
            Decoder decoder = new Decoder(tiny.model, new CaptionBounds(BEGIN, STOP, 15));
            assertThat(decoder.write(tiny.features, new Beam(1, penalty), keys(0, 10)))
                    .isDeepEqualTo(decoder.greedy(tiny.features));
        }
    }

    // ---- sampling

    @Test
    void aDrawnCaptionFollowsFromSeedAndPictureWhateverIsBesideIt() {
        int pictures = 9;
        Sampling sampling = new Sampling(1.2, 0.95, 17);
        try (TinyModel tiny = new TinyModel(8, pictures, 6)) {
            Decoder decoder = new Decoder(tiny.model, new CaptionBounds(BEGIN, STOP, 15));
            int[][] together = decoder.write(tiny.features, sampling, keys(0, pictures));
            for (int picture = 0; picture < pictures; picture++) {
                int[][] alone =
                        decoder.write(tiny.pictures(picture, picture + 1), sampling, keys(picture, picture + 1));
                assertThat(alone[0]).isEqualTo(together[picture]);
            }
            assertThat(decoder.write(tiny.features, new Sampling(1.2, 0.95, 18), keys(0, pictures)))
                    .isNotEqualTo(together);
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "0.5, 1", "2, 1", "1, 0.6", "1.5, 0.8"})
    void tokensAreDrawnAsOftenAsTheirProbabilitySays(double temperature, double topP) {
        try (TinyModel tiny = new TinyModel(6, 1, 7);
                CaptionStream stream = tiny.model.captionStream(tiny.features, 1, 10)) {
            stream.begin(BEGIN);
            double[] expected = nucleus(tiny.next(0, BEGIN), temperature, topP);
            double[] found = new double[expected.length];
            int draws = 2000;
            for (int i = 0; i < draws; i++) {
                found[stream.drawn(new double[] {(i + 0.5) / draws}, temperature, topP)[0]] += 1.0 / draws;
            }
            assertThat(found).usingComparatorWithPrecision(2.0 / draws).containsExactly(expected);
            if (topP < 1) {
                assertThat(Arrays.stream(expected).filter(p -> p == 0).count()).isPositive();
            }
        }
    }

    /** The probabilities of the likeliest tokens that together have {@code topP}. */
    private static double[] nucleus(double[] logProbs, double temperature, double topP) {
        double[] p = Arrays.stream(logProbs).map(l -> Math.exp(l / temperature)).toArray();
        double sum = Arrays.stream(p).sum();
        Integer[] order = new Integer[p.length];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, Comparator.comparingDouble((Integer i) -> -p[i]));
        double[] kept = new double[p.length];
        double before = 0;
        for (int token : order) {
            kept[token] = before < topP ? p[token] / sum : 0;
            before += p[token] / sum;
        }
        double keptSum = Arrays.stream(kept).sum();
        return Arrays.stream(kept).map(k -> k / keptSum).toArray();
    }

    @Test
    void anAlmostEmptyNucleusAndAColdDrawAreGreedy() {
        try (TinyModel tiny = new TinyModel(8, 10, 6)) {
            Decoder decoder = new Decoder(tiny.model, new CaptionBounds(BEGIN, STOP, 15));
            int[][] greedy = decoder.greedy(tiny.features);
            assertThat(decoder.write(tiny.features, new Sampling(1, 1e-9, 1), keys(0, 10)))
                    .isDeepEqualTo(greedy);
            assertThat(decoder.write(tiny.features, new Sampling(1e-4, 1, 1), keys(0, 10)))
                    .isDeepEqualTo(greedy);
        }
    }

    // ---- memory

    @Test
    void nothingOfACaptionOutlivesIt() {
        try (TinyModel tiny = new TinyModel(8, 10, 6);
                NDManager scope = tiny.model.newScope()) {
            NDManager owner = scope.getParentManager();
            Decoder decoder = new Decoder(tiny.model, new CaptionBounds(BEGIN, STOP, 15));
            int before = owner.getManagedArrays().size();
            decoder.greedy(tiny.features);
            decoder.write(tiny.features, new Beam(3, 1), keys(0, 10));
            decoder.write(tiny.features, new Sampling(1, 0.9, 1), keys(0, 10));
            assertThat(owner.getManagedArrays()).hasSize(before);
        }
    }
}
