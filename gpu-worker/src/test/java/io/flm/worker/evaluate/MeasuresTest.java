package io.flm.worker.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.flm.data.TextBatch;
import io.flm.data.TextLayout;
import io.flm.worker.evaluate.HeldOut.Example;
import io.flm.worker.objective.HiddenTokens.Question;
import io.flm.worker.objective.flm.FreeLanguageModeling;
import io.flm.worker.objective.mlm.MaskedLanguageModeling;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class MeasuresTest {
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
        TextLayout layout = KnownScorer.format().layout();
        Question all = new FreeLanguageModeling(0.3, 1, 1)
                .eachWord(List.of(row), layout)
                .get(0);
        assertThat(all.picture()).isEqualTo(Question.EACH);
        assertThat(all.batch().tokens(0).ids()).containsExactly(8, 9);
        assertThat(Objects.requireNonNull(all.batch().reconstruction()).queryIds())
                .containsExactly(
                        KnownScorer.START,
                        KnownScorer.MASK,
                        KnownScorer.MASK,
                        KnownScorer.MASK,
                        KnownScorer.MASK,
                        KnownScorer.END);
        List<Question> each =
                new MaskedLanguageModeling(0.4, false).eachWord(List.of(new int[] {0, 2, 2}, row), layout);
        assertThat(each).extracting(Question::picture).containsExactly(0, 1);
        TextBatch masks = each.get(1).batch();
        assertThat(masks.rows()).isEqualTo(2);
        assertThat(masks.tokens(0).ids()).containsExactly(8, 9);
        assertThat(masks.ids()[2]).isEqualTo(KnownScorer.MASK);
        assertThat(masks.ids()[6 + 3]).isEqualTo(KnownScorer.MASK);
    }

    @Test
    void theLikelihoodOfANameCountsEveryTokenAfterTheStart() {
        int[] row = {KnownScorer.START, KnownScorer.END, 8, KnownScorer.PERIOD, KnownScorer.END};
        TextBatch batch = KnownScorer.format().leftToRight(List.of(row));
        assertThat(batch.tokens(0).positions()).containsExactly(1, 2, 3);
        assertThat(batch.tokens(0).ids()).containsExactly(8, KnownScorer.PERIOD, KnownScorer.END);
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
