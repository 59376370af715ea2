package io.flm.worker.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.flm.data.CorruptionCounts;
import io.flm.data.RandomStream;
import io.flm.data.RandomStream.Purpose;
import io.flm.data.Reconstruction;
import io.flm.data.Sample;
import io.flm.data.Streams;
import io.flm.data.TextBatch;
import io.flm.data.TextLayout;
import io.flm.data.TokenTargets;
import io.flm.data.TokenizerKind;
import io.flm.data.UserException;
import io.flm.data.Vocabulary;
import io.flm.data.Words;
import io.flm.worker.objective.ar.AutoregressiveModeling;
import io.flm.worker.objective.flm.FreeLanguageModeling;
import io.flm.worker.objective.mlm.MaskedLanguageModeling;
import io.flm.worker.objective.prefix.PrefixLanguageModeling;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CorruptionTest {
    private static final int MASK = 4;
    private static final Vocabulary WORDS = new Vocabulary(100, TokenizerKind.ROBERTA, 0, 1, 2, MASK, 5, pairs());

    /** WordPiece's words: even ids begin one, odd ids go on. */
    private static Words pairs() {
        Map<String, Integer> ids = new HashMap<>();
        IntStream.range(0, 100).forEach(id -> ids.put((id % 2 == 0 ? "" : "##") + id, id));
        ObjectNode json = new ObjectMapper().createObjectNode();
        json.putObject("model").put("type", "WordPiece").put("continuing_subword_prefix", "##");
        return Words.of(json, ids, Set.of());
    }

    private static TextBatch plan(Objective objective, boolean beginToken, int[]... rows) {
        return objective
                .corruption(new TextLayout(WORDS, beginToken))
                .plan(Sample.ofTexts(List.of(rows)), RandomStream.of(1, Purpose.CORRUPT));
    }

    private static Objective flm(double spanRate) {
        return new FreeLanguageModeling(spanRate, 1, 1);
    }

    private static Objective mlm(double maskRate, boolean wholeWord) {
        return new MaskedLanguageModeling(maskRate, wholeWord);
    }

    @Test
    void everyTokenIsPredictedAndPadsAreNot() {
        TextBatch batch = plan(flm(0), false, new int[] {0, 10, 11, 12, 2}, new int[] {0, 20, 2});
        assertThat(batch.length()).isEqualTo(5);
        assertThat(batch.ids()).containsExactly(0, 10, 11, 12, 2, 0, 20, 2, 1, 1);
        assertThat(reconstruction(batch).queryIds()).containsExactly(0, MASK, MASK, MASK, 2, 0, MASK, 2, 0, 0);
        assertThat(reconstruction(batch).left()).containsOnly(0);
        assertThat(batch.tokens(0)).satisfies(h -> targets(h, "1:10 2:11 3:12 4:2 6:20 7:2"));
        assertThat(batch.tokens(1)).satisfies(h -> targets(h, "1:11 2:12 3:2 6:2"));
        assertThat(batch.tokens(2)).satisfies(h -> targets(h, "2:10 3:11 4:12 7:20"));
    }

    @Test
    void withABeginTokenTheFirstWordIsPredictedFromThePictureAndTheTokenItselfNever() {
        TextBatch batch = plan(flm(0), true, new int[] {0, 2, 10, 11, 2});
        assertThat(batch.tokens(0)).satisfies(h -> targets(h, "2:10 3:11 4:2"));
        assertThat(batch.tokens(1)).satisfies(h -> targets(h, "1:10 2:11 3:2"));
        assertThat(batch.tokens(2)).satisfies(h -> targets(h, "3:10 4:11"));
        TextBatch ar = plan(new AutoregressiveModeling(), true, new int[] {0, 2, 10, 11, 2});
        assertThat(ar.heads()).hasSize(1);
        assertThat(ar.tokens(0)).satisfies(h -> targets(h, "1:10 2:11 3:2"));
    }

    private static Reconstruction reconstruction(TextBatch batch) {
        return Objects.requireNonNull(batch.reconstruction());
    }

    private static void targets(TokenTargets head, String expected) {
        List<String> found = new ArrayList<>();
        for (int k = 0; k < head.count(); k++) {
            found.add(head.positions()[k] + ":" + head.ids()[k]);
        }
        assertThat(String.join(" ", found)).isEqualTo(expected);
    }

    @Test
    void whatIsPredictedAndHiddenIsCountedHeadByHead() {
        int[] row = {0, 10, 11, 12, 2}; // each of four tokens could see four, itself among them
        TextBatch flm = plan(flm(0), false, row);
        assertThat(flm.tokens(0).corruption()).isEqualTo(new CorruptionCounts(4, 4, 16, 4));
        assertThat(flm.tokens(1).corruption()).isEqualTo(new CorruptionCounts(4, 3, 12, 3 + 2 + 1));
        assertThat(flm.tokens(2).corruption()).isEqualTo(new CorruptionCounts(4, 3, 12, 1 + 2 + 3));
        int[] begun = {0, 2, 10, 11, 2};
        assertThat(plan(new AutoregressiveModeling(), true, begun).tokens(0).corruption())
                .isEqualTo(new CorruptionCounts(3, 3, 12, 3 + 2 + 1));
        assertThat(plan(new PrefixLanguageModeling(), false, new int[] {0, 10, 2}, new int[] {0, 2})
                        .tokens(0)
                        .corruption())
                .isEqualTo(new CorruptionCounts(2 + 1, 1, 2, 1));
        CorruptionCounts all = plan(mlm(1, false), false, row).tokens(0).corruption();
        assertThat(all).isEqualTo(new CorruptionCounts(4, 3, 12, 3 * 3)); // </s> is seen
    }

    @Test
    void theMeasuredRatesAreNearThoseThatWereAskedForInLongTexts() {
        CorruptionCounts copies = planCopies(0.3, 0.8).tokens(0).corruption();
        assertThat(copies.predictionRate()).isCloseTo(0.8 * 48 / 49, within(0.012));
        assertThat(copies.corruptionRate())
                .isCloseTo((1 + 47 * 0.3) / 49, within(0.01)); // a token's own is masked for certain
        int[][] rows = Collections.nCopies(400, fiftyTokens()).toArray(int[][]::new);
        CorruptionCounts spans = plan(flm(0.5), false, rows).tokens(0).corruption();
        assertThat(spans.predictionRate()).isEqualTo(1);
        assertThat(spans.corruptionRate()).isBetween(0.38, 0.5); // spans end with the text
        CorruptionCounts prefixes =
                plan(new PrefixLanguageModeling(), false, rows).tokens(0).corruption();
        assertThat(prefixes.predictionRate()).isCloseTo(0.5, within(0.06)); // 4 standard errors
    }

    @Test
    void thePrefixIsCutUniformlyAndTheRestPredictedFromTheColumnBefore() {
        int[] row = {0, 2, 10, 11, 12, 2};
        int[][] rows = Collections.nCopies(4000, row).toArray(int[][]::new);
        TextBatch batch = plan(new PrefixLanguageModeling(), true, rows);
        int[] prefixes = ((Streams.Prefix) batch.streams()).lengths();
        int[] cuts = new int[6];
        List<String> expected = new ArrayList<>();
        for (int r = 0; r < prefixes.length; r++) {
            cuts[prefixes[r]]++;
            for (int i = prefixes[r]; i < 6; i++) {
                expected.add((r * 6 + i - 1) + ":" + row[i]);
            }
        }
        for (int prefix = 2; prefix < 6; prefix++) {
            assertThat(cuts[prefix]).isBetween(890, 1110); // 4 standard errors
        }
        assertThat(cuts[0] + cuts[1]).isZero();
        targets(batch.tokens(0), String.join(" ", expected));
    }

    @Test
    void aPrefixLeavesATokenToBePredictedUnlessTheTextIsEmpty() {
        TextBatch batch = plan(new PrefixLanguageModeling(), false, new int[] {0, 10, 2}, new int[] {0, 2});
        targets(batch.tokens(0), "1:2");
    }

    @Test
    void masksAreChosenAtTheRateAndReplacedEightyTenTen() {
        int[] row = fiftyTokens();
        int[][] rows = Collections.nCopies(400, row).toArray(int[][]::new);
        TextBatch batch = plan(mlm(0.4, false), false, rows);
        TokenTargets head = batch.tokens(0);
        double words = 400 * 48;
        assertThat(head.count() / words).isCloseTo(0.4, within(0.015)); // 4 standard errors
        assertThat(head.ids()).containsOnly(50);
        long masked = Arrays.stream(head.positions())
                .filter(p -> batch.ids()[p] == MASK)
                .count();
        long kept = Arrays.stream(head.positions())
                .filter(p -> batch.ids()[p] == 50)
                .count();
        assertThat((double) masked / head.count()).isCloseTo(0.8, within(0.02));
        assertThat((double) kept / head.count()).isCloseTo(0.1, within(0.015));
        long changedElsewhere = IntStream.range(0, batch.ids().length)
                .filter(p -> batch.ids()[p] != row[p % 50])
                .filter(p -> Arrays.binarySearch(head.positions(), p) < 0)
                .count();
        assertThat(changedElsewhere).isZero();
    }

    private static int[] fiftyTokens() {
        int[] row = new int[50];
        Arrays.fill(row, 50);
        row[0] = 0;
        row[49] = 2;
        return row;
    }

    /** 400 texts of 48 words. */
    private static TextBatch planCopies(double maskRate, double predictionRate) {
        int[][] rows = Collections.nCopies(400, fiftyTokens()).toArray(int[][]::new);
        return plan(new MaskedLanguageModeling(maskRate, predictionRate, false), false, rows);
    }

    /** Of the words of all rows; replaced by another word or by {@code <mask>}, which 90 % of the masked ones are. */
    private static double replaced(TextBatch batch) {
        long replaced = IntStream.range(0, batch.ids().length)
                .filter(p -> p % 50 > 0 && p % 50 < 49 && batch.ids()[p] != 50)
                .count();
        return replaced / (48.0 * batch.rows());
    }

    @Test
    void copiesOfATextPredictDisjointPartsOfItAndEachMasksAtTheMaskRate() {
        TextBatch batch = planCopies(0.3, 0.8);
        assertThat(batch.rows()).isEqualTo(3 * 400); // of 48 words some are predicted in each copy
        assertThat(batch.pictures().count()).isEqualTo(400);
        assertThat(batch.pictures().ofRow())
                .isEqualTo(IntStream.range(0, 1200).map(row -> row / 3).toArray());
        assertThat(batch.tokens(0).count() / (48.0 * 400)).isCloseTo(0.8, within(0.012)); // 4 standard errors
        Set<Integer> seen = new HashSet<>();
        for (int p : batch.tokens(0).positions()) {
            assertThat(seen.add(p / 150 * 50 + p % 50))
                    .as("word %d of text %d", p % 50, p / 150)
                    .isTrue();
        }
        assertThat(replaced(batch)).isCloseTo(0.9 * 0.3, within(0.01));
        int[] inFirst = Arrays.stream(batch.tokens(0).positions())
                .filter(p -> p / 50 % 3 == 0)
                .toArray();
        assertThat(inFirst.length / (48.0 * 400)).isCloseTo(0.8 / 3, within(0.015));
    }

    @Test
    void belowTheMaskRateSomeOfWhatIsMaskedIsPredicted() {
        TextBatch batch = planCopies(0.6, 0.2);
        assertThat(batch.rows()).isEqualTo(400);
        assertThat(batch.pictures().isOneEach()).isTrue();
        assertThat(batch.tokens(0).count() / (48.0 * 400)).isCloseTo(0.2, within(0.012));
        assertThat(replaced(batch)).isCloseTo(0.9 * 0.6, within(0.015));
    }

    @Test
    void aPredictionRateThatIsTheMaskRateChangesNothing() {
        TextBatch plain = plan(mlm(0.4, true), false, fiftyTokens());
        TextBatch same = plan(new MaskedLanguageModeling(0.4, 0.4, true), false, fiftyTokens());
        assertThat(same.ids()).isEqualTo(plain.ids());
        assertThat(same.tokens(0).positions()).isEqualTo(plain.tokens(0).positions());
        assertThat(new MaskedLanguageModeling(0.15, 0.45, false).rowsPerText()).isEqualTo(3); // 0.45 / 0.15 is above 3
    }

    @Test
    void wholeWordsArePredictedInOneCopyEachAndCopiesWithNothingToPredictAreLeftOut() {
        int[][] rows =
                Collections.nCopies(200, new int[] {0, 10, 11, 13, 20, 21, 2}).toArray(int[][]::new);
        TextBatch batch = plan(new MaskedLanguageModeling(0.25, 1, true), false, rows);
        assertThat(batch.rows())
                .isBetween(300, 399); // two words, which share one of four copies in a quarter of all texts
        assertThat(batch.tokens(0).count()).isEqualTo(5 * 200);
        Set<Integer> withPredictions = new HashSet<>();
        boolean[] predicted = new boolean[batch.rows() * 7];
        for (int p : batch.tokens(0).positions()) {
            predicted[p] = true;
            withPredictions.add(p / 7);
        }
        assertThat(withPredictions).hasSize(batch.rows());
        for (int at = 0; at < predicted.length; at += 7) {
            assertThat(predicted[at + 2]).isEqualTo(predicted[at + 1]);
            assertThat(predicted[at + 3]).isEqualTo(predicted[at + 1]);
            assertThat(predicted[at + 5]).isEqualTo(predicted[at + 4]);
        }
    }

    @Test
    void ratesThatTakeTooManyCopiesOrAreNoneAreRefused() {
        assertThatThrownBy(() -> new MaskedLanguageModeling(0.005, 1, false))
                .isInstanceOf(UserException.class)
                .hasMessage(
                        "flm.train.prediction-rate = 1.0 with flm.train.mask-rate = 0.005: takes more than 100 copies of"
                                + " each text; raise the mask rate");
        assertThatThrownBy(() -> new MaskedLanguageModeling(0.4, 1.5, false))
                .isInstanceOf(UserException.class)
                .hasMessage(
                        "flm.train.prediction-rate = 1.5: give a rate in (0, 1], or 0 for that of flm.train.mask-rate");
    }

    @Test
    void aShortRowHasAtLeastOneMask() {
        int[][] rows = Collections.nCopies(50, new int[] {0, 2, 10, 2}).toArray(int[][]::new);
        assertThat(plan(mlm(0.15, false), true, rows).heads().get(0).count()).isEqualTo(50);
    }

    @Test
    void aWholeWordIsMaskedOrNoneOfIt() {
        int[][] rows =
                Collections.nCopies(200, new int[] {0, 10, 11, 13, 20, 21, 2}).toArray(int[][]::new);
        boolean[] predicted = new boolean[200 * 7];
        for (int p : plan(mlm(0.4, true), false, rows).tokens(0).positions()) {
            predicted[p] = true;
        }
        int both = 0;
        for (int at = 0; at < predicted.length; at += 7) {
            assertThat(predicted[at + 2]).isEqualTo(predicted[at + 1]);
            assertThat(predicted[at + 3]).isEqualTo(predicted[at + 1]);
            assertThat(predicted[at + 5]).isEqualTo(predicted[at + 4]);
            both += predicted[at + 1] && predicted[at + 4] ? 1 : 0;
        }
        assertThat(both).isBetween(10, 80);
    }

    @Test
    void theSameStreamGivesTheSameBatch() {
        int[] row = {0, 10, 11, 12, 13, 14, 15, 16, 17, 2};
        assertThat(reconstruction(plan(flm(0.5), false, row)).left())
                .isEqualTo(reconstruction(plan(flm(0.5), false, row)).left());
    }

    @Test
    void aMaskRateOfNothingIsRefusedByKey() {
        assertThatThrownBy(() -> mlm(0, false))
                .isInstanceOf(UserException.class)
                .hasMessage("flm.train.mask-rate = 0.0: give a rate in (0, 1]");
    }
}
