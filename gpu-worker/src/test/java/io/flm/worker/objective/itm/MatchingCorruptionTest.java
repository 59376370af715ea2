package io.flm.worker.objective.itm;

import static org.assertj.core.api.Assertions.assertThat;

import io.flm.data.ClassTargets;
import io.flm.data.RandomStream;
import io.flm.data.RandomStream.Purpose;
import io.flm.data.Reconstruction;
import io.flm.data.Sample;
import io.flm.data.Streams;
import io.flm.data.TextBatch;
import io.flm.data.TextLayout;
import io.flm.data.TokenizerKind;
import io.flm.data.Vocabulary;
import io.flm.data.Words;
import io.flm.worker.objective.Objective;
import io.flm.worker.objective.flm.FreeLanguageModeling;
import io.flm.worker.objective.mlm.MaskedLanguageModeling;
import io.flm.worker.objective.prefix.PrefixLanguageModeling;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class MatchingCorruptionTest {
    private static final int MASK = 4;
    private static final TextLayout LAYOUT =
            new TextLayout(new Vocabulary(100, TokenizerKind.ROBERTA, 0, 1, 2, MASK, 5, Words.each(100)), false);

    private static Sample sample(int key, int... words) {
        int[] row = new int[words.length + 2];
        System.arraycopy(words, 0, row, 1, words.length);
        row[row.length - 1] = 2;
        return Sample.captioned("a:" + key, new byte[0], row);
    }

    private static List<Sample> samples(int count) {
        return IntStream.range(0, count).mapToObj(i -> sample(i, 10 + i, 30)).toList();
    }

    private static int[] drawn(List<Sample> samples, long seed) {
        return FalsePictures.draw(samples, RandomStream.of(seed, Purpose.CORRUPT));
    }

    private static TextBatch plan(Objective base, List<Sample> samples) {
        return new ImageTextMatching(base, 8).corruption(LAYOUT).plan(samples, RandomStream.of(1, Purpose.CORRUPT));
    }

    @Test
    void halfTheTextsKeepTheirPicturesRoundedDown() {
        for (int count : new int[] {2, 3, 8, 9}) {
            int[] seen = drawn(samples(count), count);
            assertThat(IntStream.range(0, count).filter(row -> seen[row] == row))
                    .hasSize(count / 2);
        }
    }

    @Test
    void everyOtherPictureMayComeAndEveryRowMayKeepItsOwn() {
        int[][] met = new int[6][6];
        for (int seed = 0; seed < 3000; seed++) {
            int[] seen = drawn(samples(6), seed);
            for (int row = 0; row < 6; row++) {
                met[row][seen[row]]++;
            }
        }
        for (int row = 0; row < 6; row++) {
            for (int picture = 0; picture < 6; picture++) { // a picture after one's own comes for it, too
                int expected = row == picture ? 1500 : picture == (row + 1) % 6 ? 500 : 250;
                assertThat(met[row][picture])
                        .as("%d of %d", picture, row)
                        .isBetween(expected * 3 / 4, expected * 5 / 4);
            }
        }
    }

    @Test
    void aPictureWithTheSameWordsOrOfTheSameSampleIsNotFalse() {
        List<Sample> samples = List.of(sample(1, 10), sample(2, 10), sample(1, 20), sample(3, 10), sample(4, 30));
        int falsePictures = 0;
        for (int seed = 0; seed < 200; seed++) {
            int[] seen = drawn(samples, seed);
            for (int row = 0; row < seen.length; row++) {
                falsePictures += seen[row] == row ? 0 : 1;
                boolean words = Arrays.equals(
                        samples.get(row).texts().get(0),
                        samples.get(seen[row]).texts().get(0));
                boolean picture =
                        samples.get(row).key().equals(samples.get(seen[row]).key());
                assertThat(seen[row] == row || (!words && !picture)).isTrue();
            }
        }
        assertThat(falsePictures).isEqualTo(3 * 200);
    }

    @Test
    void whereAllWordsAreTheSameAllTextsMatch() {
        assertThat(drawn(List.of(sample(1, 10), sample(2, 10), sample(3, 10)), 1))
                .containsExactly(0, 1, 2);
        assertThat(drawn(samples(1), 1)).containsExactly(0);
    }

    @Test
    void theTextsComeOnceMoreBelowTheCorruptedOnesAsWholes() {
        TextBatch batch = plan(new MaskedLanguageModeling(0.9, false), List.of(sample(1, 10, 11, 12), sample(2, 20)));
        assertThat(batch.rows()).isEqualTo(4);
        assertThat(batch.streams()).isEqualTo(Streams.BIDIRECTIONAL);
        assertThat(Arrays.copyOfRange(batch.ids(), 10, 20)).containsExactly(0, 10, 11, 12, 2, 0, 20, 2, 1, 1);
        assertThat(batch.lengths()).containsExactly(5, 3, 5, 3);
        assertThat(Arrays.stream(batch.tokens(0).positions())).allMatch(position -> position < 10);
        ClassTargets matching = (ClassTargets) batch.heads().get(1);
        assertThat(matching.rows()).containsExactly(2, 3);
        int[] seen = batch.pictures().ofRow();
        assertThat(Arrays.copyOf(seen, 2)).containsExactly(0, 1);
        assertThat(batch.pictures().count()).isEqualTo(2);
        List<Integer> classes = new ArrayList<>();
        for (int row = 0; row < 2; row++) {
            classes.add(seen[2 + row] == row ? 1 : 0);
        }
        assertThat(matching.classes()).containsExactly(classes.get(0), classes.get(1));
        assertThat(classes).containsExactlyInAnyOrder(0, 1);
    }

    @Test
    void aWholeTextIsReadAsTheObjectiveReadsOne() {
        List<Sample> samples = List.of(sample(1, 10, 11, 12), sample(2, 20));
        Reconstruction both = (Reconstruction)
                plan(new FreeLanguageModeling(0.9, 1, 1), samples).streams();
        assertThat(Arrays.copyOfRange(both.queryIds(), 10, 20))
                .containsExactly(0, MASK, MASK, MASK, 2, 0, MASK, 2, 0, 0);
        assertThat(Arrays.copyOfRange(both.left(), 10, 20)).containsOnly(0);
        assertThat(Arrays.copyOfRange(both.right(), 10, 20)).containsOnly(0);
        Streams.Prefix prefix =
                (Streams.Prefix) plan(new PrefixLanguageModeling(), samples).streams();
        assertThat(Arrays.copyOfRange(prefix.lengths(), 2, 4)).containsExactly(5, 3);
    }
}
