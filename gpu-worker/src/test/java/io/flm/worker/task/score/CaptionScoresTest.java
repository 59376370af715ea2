package io.flm.worker.task.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.flm.worker.task.score.CaptionScores.Caption;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

class CaptionScoresTest {

    @Test
    void twoSentencesInAnotherOrderHaveTheKnownFigures() {
        CaptionScores scores = CaptionScores.of(List.of(
                new Caption("i am a boy", List.of("am i a boy ?")),
                new Caption("she is a girl", List.of("is she a girl ?"))));
        assertThat(scores.bleu().get(0).all()).isCloseTo(1.0, within(1e-4));
        assertThat(scores.bleu().get(1).all()).isCloseTo(0.5774, within(1e-4));
        assertThat(scores.rougeL().all()).isCloseTo(0.75, within(1e-4));
        assertThat(scores.cider().all()).isCloseTo(3.3333, within(1e-4));
        assertThat(scores.exact().all()).isZero();
    }

    @Test
    void exactMatchesAreOfWordsNotOfSigns() {
        CaptionScores scores = CaptionScores.of(List.of(
                new Caption("A red kite.", List.of("a kite", "a red kite")),
                new Caption("red kite", List.of("a red kite"))));
        assertThat(scores.exact().each()).containsExactly(1.0, 0.0);
        assertThat(scores.exact().mean()).isEqualTo(new Mean(0.5, 0.5, 2));
    }

    @Test
    void bleuTakesTheReferenceOfTheClosestLengthAndOfTwoTheShorterOne() {
        // 4 words; references of 3 and 5 are equally close: the one of 3 costs nothing, that of 5 would cost exp(1 -
        // 5/4).
        CaptionScores scores = CaptionScores.of(List.of(new Caption("a b c d", List.of("a b c d e", "a b c"))));
        assertThat(scores.bleu().get(0).all()).isCloseTo(1, within(1e-8));
        CaptionScores shorter = CaptionScores.of(List.of(new Caption("a b c d", List.of("a b c d e"))));
        assertThat(shorter.bleu().get(0).all()).isCloseTo(Math.exp(-0.25), within(1e-8));
    }

    @Test
    void emptyCaptionsHaveNoScoreAndNoError() {
        CaptionScores scores = CaptionScores.of(List.of(
                new Caption("", List.of("a dog")),
                new Caption("...", List.of("!")),
                new Caption("a cat", List.of("a cat"))));
        assertThat(scores.bleu().get(0).each().get(0)).isZero();
        assertThat(scores.rougeL().each()).containsExactly(0.0, 1.0, 1.0);
        assertThat(scores.cider().each().subList(0, 2)).containsExactly(0.0, 0.0);
    }

    @Test
    void aPictureWithoutReferencesIsRefused() {
        assertThatThrownBy(() -> new Caption("a dog", List.of())).hasMessage("a caption without reference: a dog");
    }

    @Test
    void captionsOfAnyLengthAreCut() {
        for (String part : List.of(
                "a", "é", "1", ".", "a.", "a!", "a-", "a'", "a/", "<a ", "-", "1,", "a@", "é\u0301", "'", "(",
                "http://")) {
            String caption = part.repeat(8_192 / part.length());
            Assertions.assertTimeout(
                    Duration.ofSeconds(30),
                    () -> assertThat(CaptionTokenizer.words(caption)).isNotNull(),
                    part);
        }
    }
}
