package io.flm.worker.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.flm.data.TextBatch;
import io.flm.worker.decode.CaptionBounds;
import io.flm.worker.evaluate.Figure.Absent;
import io.flm.worker.evaluate.Figure.Measured;
import io.flm.worker.model.TargetScores;
import io.flm.worker.objective.Objective;
import io.flm.worker.objective.ar.AutoregressiveModeling;
import io.flm.worker.objective.flm.FreeLanguageModeling;
import io.flm.worker.objective.mlm.MaskedLanguageModeling;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class EvaluationTest {
    private static final EvaluationSettings SETTINGS = new EvaluationSettings(0, 0.3, 20, 2, 30, 7, 1);
    private static final Objective FLM = new FreeLanguageModeling(0.3, 1, 1);
    private static final HeldOut HELD_OUT = KnownScorer.heldOut(50);

    private static Report evaluate(Objective objective, boolean sees) {
        KnownScorer model = new KnownScorer(objective, HELD_OUT, sees);
        return new Evaluation(model, KnownScorer.format(), SETTINGS).run(HELD_OUT, (share, doing) -> {});
    }

    private static Map<String, Measured> measured(Report report) {
        return report.figures().stream()
                .filter(Measured.class::isInstance)
                .map(Measured.class::cast)
                .collect(Collectors.toMap(m -> m.metric().key(), m -> m));
    }

    private static Measured of(Map<String, Measured> found, String key) {
        return Objects.requireNonNull(found.get(key), key);
    }

    private static Map<String, String> absent(Report report) {
        return report.figures().stream()
                .filter(Absent.class::isInstance)
                .map(Absent.class::cast)
                .collect(Collectors.toMap(a -> a.metric().key(), Absent::why));
    }

    @Test
    void aPerfectModelIsRightEverywhere() {
        Report report = evaluate(FLM, true);
        assertThat(measured(report)).hasSize(11);
        measured(report)
                .forEach((key, m) -> assertThat(m.value())
                        .as(key)
                        .isEqualTo(m.metric().better() == Metric.Direction.LOWER ? 0.0 : 1.0));
        assertThat(report.gallery()).hasSize(20).allSatisfy(shown -> {
            assertThat(shown.caption()).isEqualTo(shown.example().name());
            assertThat(shown.best().get(0).right()).isTrue();
        });
        assertThat(report.searches()).isNotEmpty().allSatisfy(search -> {
            assertThat(search.rank()).isEqualTo(1);
            assertThat(search.best().get(0)).isSameAs(search.example());
        });
    }

    /** A question of each kind takes seconds of a large model on a CPU. */
    @Test
    void progressIsToldBetweenAllQuestions() {
        int[] asked = {0};
        List<Double> shares = new ArrayList<>();
        Scorer model = new KnownScorer(FLM, HELD_OUT, true) {
            @Override
            public List<TargetScores> score(TextBatch batch, Seen seen) {
                asked[0]++;
                return super.score(batch, seen);
            }

            @Override
            public int[][] greedy(Seen seen, CaptionBounds bounds) {
                asked[0]++;
                return super.greedy(seen, bounds);
            }
        };
        new Evaluation(model, KnownScorer.format(), SETTINGS).run(HELD_OUT, (share, doing) -> {
            assertThat(asked[0]).as("questions before %s at %s", doing, share).isLessThanOrEqualTo(2);
            asked[0] = 0;
            shares.add(share);
        });
        assertThat(shares).isSorted().startsWith(0.0).endsWith(1.0);
    }

    @Test
    void theWrongPicturesMakeAPerfectModelWrong() {
        Map<String, Measured> found = measured(evaluate(FLM, true));
        assertThat(of(found, "tokenLoss").prior()).isGreaterThan(1);
        assertThat(of(found, "clozeAccuracy").prior()).isLessThan(0.5);
        assertThat(of(found, "captionExactMatch").prior()).isZero();
        assertThat(of(found, "textRetrievalR5").prior()).isEqualTo(5.0 / 20);
    }

    @Test
    void aModelThatSeesNothingIsAtChance() {
        Map<String, Measured> found = measured(evaluate(FLM, false));
        for (String way : List.of("text", "image")) {
            for (int k : new int[] {1, 5, 10}) {
                String key = way + "RetrievalR" + k;
                assertThat(of(found, key).value()).as(key).isCloseTo(k / 20.0, within(1e-9));
            }
        }
        assertThat(of(found, "tokenLoss").value()).isCloseTo(Math.log(1000), within(1e-5));
        assertThat(of(found, "clozeAccuracy").value()).isZero();
        assertThat(of(found, "captionExactMatch").value()).isZero();
    }

    @Test
    void aModelOfMasksNamesWhatItCannotDo() {
        Report report = evaluate(new MaskedLanguageModeling(0.4, false), true);
        assertThat(measured(report)).containsOnlyKeys("tokenLoss", "tokenAccuracy", "clozeAccuracy");
        assertThat(of(measured(report), "clozeAccuracy").value()).isEqualTo(1);
        assertThat(absent(report))
                .hasSize(8)
                .containsEntry("captionF1", "a model of objective mlm has no l2r stream to write captions with");
        assertThat(report.toMap()).containsEntry("captionF1", null);
    }

    @Test
    void anAutoregressiveModelHasNoReconstructor() {
        Report report = evaluate(new AutoregressiveModeling(), true);
        assertThat(absent(report))
                .containsOnlyKeys("tokenLoss", "tokenAccuracy", "clozeAccuracy")
                .containsEntry("tokenLoss", "a model of objective ar predicts a token from what is to its left only");
        assertThat(of(measured(report), "imageRetrievalR1").value()).isEqualTo(1);
    }

    @Test
    void theJsonKeysAreThoseOfTheManual() {
        assertThat(evaluate(FLM, true).toMap().keySet())
                .startsWith("samples")
                .contains(
                        "tokenLoss",
                        "tokenAccuracy",
                        "clozeAccuracy",
                        "textRetrievalR1",
                        "textRetrievalR5",
                        "textRetrievalR10",
                        "imageRetrievalR1",
                        "imageRetrievalR5",
                        "imageRetrievalR10",
                        "captionExactMatch",
                        "captionF1",
                        "prior",
                        "absent");
    }

    @Test
    void theSameModelAndSamplesGiveTheSameReport() {
        assertThat(evaluate(FLM, true).toMap()).isEqualTo(evaluate(FLM, true).toMap());
    }

    @Test
    void withFewSamplesThePoolIsSmallerAndSaysSo() {
        HeldOut few = KnownScorer.heldOut(5);
        Report report = new Evaluation(new KnownScorer(FLM, few, true), KnownScorer.format(), SETTINGS)
                .run(few, (share, doing) -> {});
        assertThat(report.poolSize()).isEqualTo(5);
        assertThat(of(measured(report), "textRetrievalR10").prior()).isEqualTo(1);
    }

    @Test
    void aSampleIsNeverComparedWithItself() {
        HeldOut three = KnownScorer.heldOut(3); // six words, of which the next sample has one in the same place
        EvaluationSettings settings = new EvaluationSettings(0, 0.3, 20, 2, 1, 2, 1);
        Report report = new Evaluation(new KnownScorer(FLM, three, true), KnownScorer.format(), settings)
                .run(three, (share, doing) -> {});
        assertThat(of(measured(report), "clozeAccuracy").value()).isEqualTo(1);
        assertThat(of(measured(report), "clozeAccuracy").prior()).isCloseTo(1.0 / 6, within(1e-12));
        assertThat(absent(report)).containsEntry("captionF1", "flm.evaluate.caption-samples = 1");
    }
}
