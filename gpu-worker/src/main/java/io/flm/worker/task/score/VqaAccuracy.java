package io.flm.worker.task.score;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The accuracy of answers to questions about pictures, from 0 to 1, as the official evaluation of VQA computes it.
 *
 * <p>Ten people answered each question. An answer that n of nine give is right by min(1, n / 3); its accuracy is the mean over the ten
 * ways to leave one person out. So of n of the ten that give it, n leave n - 1 and 10 - n leave n: 0, 0.3, 0.6, 0.9 for n from 0 to
 * 3, and 1 from 4 on, which is min(1, 0.3 n). Without leaving anyone out it would be min(1, n / 3), 0.033 n more for n up to 3.
 *
 * @param ofType by the kind of answer that the data say, such as {@code yes/no}, {@code number} and {@code other}
 */
public record VqaAccuracy(Score all, SortedMap<String, Score> ofType) {
    private static final double ENOUGH = 3;

    /**
     * A question that was answered.
     *
     * @param answer the model's
     * @param given what people answered, commonly ten
     * @param type the kind of answer
     */
    public record Answered(String answer, List<String> given, String type) {
        public Answered {
            given = List.copyOf(given);
            if (given.isEmpty()) {
                throw new IllegalArgumentException("a question without answers, of which the model answered " + answer);
            }
        }

        /**
         * From 0 to 1. Answers are compared as {@link VqaAnswers#normal} has them, but where all people gave the same one, as they are:
         * {@code a dog} is wrong then, if they said {@code dog}.
         */
        public double accuracy() {
            List<String> right = given.stream().map(VqaAnswers::trimmed).toList();
            String own = VqaAnswers.trimmed(answer);
            if (new HashSet<>(right).size() > 1) {
                right = right.stream().map(VqaAnswers::normal).toList();
                own = VqaAnswers.normal(own);
            }
            return leaveOneOut(Collections.frequency(right, own), right.size());
        }
    }

    public VqaAccuracy {
        ofType = Collections.unmodifiableSortedMap(new TreeMap<>(ofType));
    }

    /** Of one or more questions; what each reached is in their order. */
    public static VqaAccuracy of(List<Answered> questions) {
        if (questions.isEmpty()) {
            throw new IllegalArgumentException("no questions");
        }
        List<Double> all = new ArrayList<>();
        Map<String, List<Double>> ofType = new TreeMap<>();
        for (Answered question : questions) {
            double accuracy = question.accuracy();
            all.add(accuracy);
            ofType.computeIfAbsent(question.type(), type -> new ArrayList<>()).add(accuracy);
        }
        SortedMap<String, Score> scores = new TreeMap<>();
        ofType.forEach((type, each) -> scores.put(type, Score.mean(each)));
        return new VqaAccuracy(Score.mean(all), scores);
    }

    /** The accuracy of an answer that {@code count} of {@code people} give: the mean of min(1, n / 3) over leaving one out. */
    public static double leaveOneOut(int count, int people) {
        return (count * soft(count - 1) + (people - count) * soft(count)) / people;
    }

    /** min(1, {@code count} / 3): how right an answer is that {@code count} people gave, without leaving anyone out. */
    public static double soft(int count) {
        return Math.min(1, Math.max(0, count) / ENOUGH);
    }
}
