package io.flm.data.annotation;

import java.util.List;

/**
 * A question about a picture, and what people answered.
 *
 * @param id as the file has it, a number mostly
 * @param picture its key
 * @param questionType by how it begins, such as {@code is this}; empty if the file does not say
 * @param answerType {@code yes/no}, {@code number}, {@code other}; empty if the file does not say
 * @param answers of each person, as written; none where the answers are not published
 */
public record VqaQuestion(
        String id, String picture, String question, String questionType, String answerType, List<String> answers) {
    public VqaQuestion {
        answers = List.copyOf(answers);
    }
}
