package io.flm.worker.task.vqa;

import io.flm.data.UserException;
import io.flm.data.annotation.VqaQuestion;
import io.flm.worker.task.score.VqaAccuracy;
import io.flm.worker.task.score.VqaAnswers;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Scores of a question's answers, by the answers to choose among. */
final class AnswerScores {
    private final Map<String, Integer> places = new HashMap<>();

    /** @param answers in their normal form */
    AnswerScores(List<String> answers) {
        answers.forEach(answer -> places.putIfAbsent(answer, places.size()));
        if (places.size() < answers.size()) {
            throw new UserException("flm.task.answers: " + answers.size() + " answers are only " + places.size()
                    + " in their normal form; leave out the doubles");
        }
    }

    boolean canBeRight(Map<String, Integer> counts) {
        return counts.keySet().stream().anyMatch(places::containsKey);
    }

    /** min(1, n / 3) over leaving one person out, of each answer [A]. */
    float[] of(VqaQuestion question) {
        float[] scores = new float[places.size()];
        int people = question.answers().size();
        counts(question).forEach((answer, count) -> {
            Integer place = places.get(answer);
            if (place != null) {
                scores[place] = (float) VqaAccuracy.leaveOneOut(count, people);
            }
        });
        return scores;
    }

    /** How many people gave each answer, in its normal form. */
    static Map<String, Integer> counts(VqaQuestion question) {
        Map<String, Integer> counts = new TreeMap<>();
        question.answers().forEach(answer -> counts.merge(VqaAnswers.normal(answer), 1, Integer::sum));
        return counts;
    }

    /** What most people answered, in its normal form; of equal ones the first by name. Empty: nobody did. */
    static Optional<String> commonest(VqaQuestion question) {
        Map<String, Integer> counts = counts(question);
        return counts.entrySet().stream()
                .max(Map.Entry.<String, Integer>comparingByValue()
                        .thenComparing(Map.Entry.comparingByKey(Comparator.reverseOrder())))
                .map(Map.Entry::getKey);
    }
}
