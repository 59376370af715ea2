package io.flm.worker.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.flm.data.UserException;
import io.flm.worker.objective.Objective;
import io.flm.worker.objective.ar.AutoregressiveModeling;
import io.flm.worker.objective.flm.FreeLanguageModeling;
import io.flm.worker.objective.mlm.MaskedLanguageModeling;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EvaluationTest {
    private static final EvaluationSettings SETTINGS = new EvaluationSettings(0, 0.3, 20, 2, 30, 7, 1);
    private static final Objective FLM = new FreeLanguageModeling(0.3, 1, 1);
    private static final HeldOut HELD_OUT = KnownScorer.heldOut(50);

    private static Report evaluate(Objective objective, boolean sees) {
        KnownScorer model = new KnownScorer(objective, HELD_OUT, sees);
        return new Evaluation(model, KnownScorer.format(), SETTINGS).run(HELD_OUT, (share, doing) -> {});
    }

    @Test
    void aPerfectModelIsRightEverywhere() {
        Report report = evaluate(FLM, true);
        assertThat(report.scores()).containsOnlyKeys(Score.values());
        report.scores()
                .forEach((score, value) ->
                        assertThat(value).as(score.key()).isEqualTo(score == Score.TOKEN_LOSS ? 0.0 : 1.0));
        assertThat(report.gallery()).hasSize(20).allSatisfy(shown -> {
            assertThat(shown.caption()).isEqualTo(shown.example().name());
            assertThat(shown.best().get(0).right()).isTrue();
        });
        assertThat(report.searches()).isNotEmpty().allSatisfy(search -> {
            assertThat(search.rank()).isEqualTo(1);
            assertThat(search.best().get(0)).isSameAs(search.example());
        });
    }

    @Test
    void theWrongPicturesMakeAPerfectModelWrong() {
        Map<Score, Double> priors = evaluate(FLM, true).priors();
        assertThat(priors.get(Score.TOKEN_LOSS)).isGreaterThan(1);
        assertThat(priors.get(Score.CLOZE_ACCURACY)).isLessThan(0.5);
        assertThat(priors.get(Score.CAPTION_EXACT_MATCH)).isZero();
        assertThat(priors.get(Score.TEXT_RETRIEVAL_R5)).isEqualTo(5.0 / 20);
    }

    @Test
    void aModelThatSeesNothingIsAtChance() {
        Map<Score, Double> scores = evaluate(FLM, false).scores();
        for (String way : List.of("TEXT", "IMAGE")) {
            for (int k : new int[] {1, 5, 10}) {
                Score score = Score.valueOf(way + "_RETRIEVAL_R" + k);
                assertThat(scores.get(score)).as(score.key()).isCloseTo(k / 20.0, within(1e-9));
            }
        }
        assertThat(scores.get(Score.TOKEN_LOSS)).isCloseTo(Math.log(1000), within(1e-5));
        assertThat(scores.get(Score.CLOZE_ACCURACY)).isZero();
        assertThat(scores.get(Score.CAPTION_EXACT_MATCH)).isZero();
    }

    @Test
    void aModelOfMasksNamesWhatItCannotDo() {
        Report report = evaluate(new MaskedLanguageModeling(0.4, false), true);
        assertThat(report.scores()).containsOnlyKeys(Score.TOKEN_LOSS, Score.TOKEN_ACCURACY, Score.CLOZE_ACCURACY);
        assertThat(report.scores().get(Score.CLOZE_ACCURACY)).isEqualTo(1);
        assertThat(report.absent())
                .hasSize(8)
                .containsEntry(Score.CAPTION_F1, "a model of objective mlm has no l2r stream to write captions with");
        assertThat(report.toMap()).containsEntry("captionF1", null);
    }

    @Test
    void anAutoregressiveModelHasNoReconstructor() {
        Report report = evaluate(new AutoregressiveModeling(), true);
        assertThat(report.absent()).containsOnlyKeys(Score.TOKEN_LOSS, Score.TOKEN_ACCURACY, Score.CLOZE_ACCURACY);
        assertThat(report.scores().get(Score.IMAGE_RETRIEVAL_R1)).isEqualTo(1);
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
        assertThat(report.priors().get(Score.TEXT_RETRIEVAL_R10)).isEqualTo(1);
    }

    @Test
    void aSampleIsNeverComparedWithItself() {
        HeldOut three = KnownScorer.heldOut(3); // six words, of which the next sample has one in the same place
        EvaluationSettings settings = new EvaluationSettings(0, 0.3, 20, 2, 1, 2, 1);
        Report report = new Evaluation(new KnownScorer(FLM, three, true), KnownScorer.format(), settings)
                .run(three, (share, doing) -> {});
        assertThat(report.scores().get(Score.CLOZE_ACCURACY)).isEqualTo(1);
        assertThat(report.priors().get(Score.CLOZE_ACCURACY)).isCloseTo(1.0 / 6, within(1e-12));
        assertThat(report.absent()).containsEntry(Score.CAPTION_F1, "flm.evaluate.caption-samples = 1");
        assertThatThrownBy(() -> new EvaluationSettings(0, 0.3, 20, 2, 30, 1, 1))
                .hasMessage("flm.evaluate.batch = 1: give at least 2");
    }

    @Test
    void settingsOutOfRangeAreRefusedByName() {
        Config bad = ConfigFactory.parseString("flm.evaluate.span-rate = 1.0").withFallback(ConfigFactory.load());
        assertThatThrownBy(() -> EvaluationSettings.from(bad))
                .isInstanceOf(UserException.class)
                .hasMessage("flm.evaluate.span-rate = 1.0: give a rate in [0, 1)");
    }
}
