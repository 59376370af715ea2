package io.flm.worker.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.flm.data.TextBatch;
import io.flm.worker.evaluate.HeldOut.Example;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class MeasuresTest {
    @Test
    void candidatesOfEqualScoreShareTheirPlaces() {
        double[] scores = {2, 1, 1, 1, 0};
        assertThat(Retrieval.within(scores, 0, 1)).isEqualTo(1);
        assertThat(Retrieval.within(scores, 1, 1)).isZero();
        assertThat(Retrieval.within(scores, 1, 2)).isCloseTo(1.0 / 3, within(1e-12));
        assertThat(Retrieval.within(scores, 1, 5)).isEqualTo(1);
        assertThat(Retrieval.within(scores, 4, 4)).isZero();
    }

    @Test
    void whatHasNoScoreIsNotFound() {
        double[] scores = {Double.NaN, 1, Double.NaN};
        assertThat(Retrieval.within(scores, 0, 1)).isZero();
        assertThat(Retrieval.within(scores, 0, 3)).isZero();
        assertThat(Retrieval.within(scores, 1, 1)).isEqualTo(1);
    }

    @Test
    void aNameThatIsLikelyForEveryPictureDoesNotWin() {
        List<Example> examples = KnownScorer.heldOut(2).examples();
        double[][] logProbs = {{-1.0, -5.0}, {-1.0, -3.0}};
        Retrieval.Pool pool = new Retrieval.Pool(examples, logProbs);
        assertThat(Retrieval.ranking(pool.names(1))).containsExactly(1, 0);
    }

    @Test
    void namesOfAPoolAreDistinctAndPoolsShareNoSample() {
        List<Example> twice = new ArrayList<>(KnownScorer.heldOut(30).examples());
        twice.addAll(KnownScorer.heldOut(30).examples());
        List<List<Example>> pools = Retrieval.pools(twice, 20, 3);
        assertThat(pools).hasSize(3);
        HashSet<Example> seen = new HashSet<>();
        for (List<Example> pool : pools) {
            assertThat(pool.stream().map(Example::name).distinct()).hasSize(20);
            assertThat(pool).allSatisfy(e -> assertThat(seen.add(e)).isTrue());
        }
    }

    @Test
    void clozeAsksForTheWordsAlone() {
        int[] row = {KnownScorer.START, KnownScorer.END, 8, 9, KnownScorer.PERIOD, KnownScorer.END};
        TextBatch streams = KnownScorer.texts().clozeOfStreams(List.of(row));
        assertThat(streams.heads().get(0).ids()).containsExactly(8, 9);
        assertThat(streams.queryIds())
                .containsExactly(
                        KnownScorer.START,
                        KnownScorer.MASK,
                        KnownScorer.MASK,
                        KnownScorer.MASK,
                        KnownScorer.MASK,
                        KnownScorer.END);
        TextBatch masks = KnownScorer.texts().clozeOfMasks(row);
        assertThat(masks.rows()).isEqualTo(2);
        assertThat(masks.heads().get(0).ids()).containsExactly(8, 9);
        assertThat(masks.ids()[2]).isEqualTo(KnownScorer.MASK);
        assertThat(masks.ids()[6 + 3]).isEqualTo(KnownScorer.MASK);
    }

    @Test
    void theLikelihoodOfANameCountsEveryTokenAfterTheStart() {
        int[] row = {KnownScorer.START, KnownScorer.END, 8, KnownScorer.PERIOD, KnownScorer.END};
        TextBatch batch = KnownScorer.texts().leftToRight(List.of(row));
        assertThat(batch.heads().get(0).positions()).containsExactly(1, 2, 3);
        assertThat(batch.heads().get(0).ids()).containsExactly(8, KnownScorer.PERIOD, KnownScorer.END);
    }

    @Test
    void captionsAreComparedByTheirWords() {
        assertThat(Captions.same("Waving hand: light skin tone", "waving hand light skin-tone"))
                .isTrue();
        assertThat(Captions.f1("red apple", "green apple")).isEqualTo(0.5);
        assertThat(Captions.f1("apple apple", "apple")).isCloseTo(2.0 / 3, within(1e-12));
        assertThat(Captions.f1("", "apple")).isZero();
    }
}
