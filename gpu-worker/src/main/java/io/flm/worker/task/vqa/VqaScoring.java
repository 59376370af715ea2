package io.flm.worker.task.vqa;

import io.flm.data.annotation.VqaQuestion;
import io.flm.worker.task.Chosen;
import io.flm.worker.task.TaskFigure;
import io.flm.worker.task.TaskReport;
import io.flm.worker.task.TaskReport.Predictions;
import io.flm.worker.task.TaskReport.Shown;
import io.flm.worker.task.score.Groups;
import io.flm.worker.task.score.Score;
import io.flm.worker.task.score.VqaAccuracy;
import io.flm.worker.task.score.VqaAccuracy.Answered;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntFunction;

/** What answers to questions are worth, beside those of the text alone and the best one that is given to all. */
final class VqaScoring {
    private static final String ACCURACY = "accuracy";

    private final String task;
    private final List<String> answers;
    private final List<VqaQuestion> all;

    /**
     * Of questions, with the answers that people gave to all of them or to none.
     *
     * @param task its key
     * @param answers to choose among
     */
    VqaScoring(String task, List<String> answers, List<VqaQuestion> questions) {
        this.task = task;
        this.answers = answers;
        this.all = questions;
    }

    /** All of it. */
    TaskReport of(Chosen chosen) {
        List<TaskFigure> figures = new ArrayList<>();
        boolean answered = all.stream().noneMatch(q -> q.answers().isEmpty());
        if (answered) {
            figures(chosen, figures);
        }
        List<String> notes =
                answered ? List.of() : List.of("the questions have no answers: there is nothing to score by");
        TaskReport report = new TaskReport(task, all.size(), figures, shown(chosen), predictions(chosen), notes);
        return answered
                ? report.withItems(Map.of(
                        ACCURACY,
                        accuracy(i -> answers.get(chosen.own()[i])).all().each(),
                        TaskReport.GROUP,
                        groups(all).asItems()))
                : report;
    }

    private void figures(Chosen chosen, List<TaskFigure> figures) {
        VqaAccuracy own = accuracy(i -> answers.get(chosen.own()[i]));
        VqaAccuracy texts = accuracy(i -> answers.get(chosen.textOnly()[i]));
        figures.add(figure(ACCURACY, "Accuracy", own.all(), texts.all(), all));
        Set<String> keys = new HashSet<>();
        own.ofType().forEach((type, score) -> {
            List<VqaQuestion> ofType =
                    all.stream().filter(q -> q.answerType().equals(type)).toList();
            figures.add(figure(
                    key(type, keys),
                    "Accuracy, " + (type.isEmpty() ? "no type" : type),
                    score,
                    texts.ofType().getOrDefault(type, score),
                    ofType));
        });
    }

    /** {@code accuracy.yes-no}; types that look alike so have a number behind. */
    private static String key(String type, Set<String> taken) {
        String key = ACCURACY + "." + type.replaceAll("[^\\p{L}\\p{N}]+", "-");
        String own = key;
        for (int number = 2; !taken.add(own); number++) {
            own = key + "-" + number;
        }
        return own;
    }

    private VqaAccuracy accuracy(IntFunction<String> answer) {
        List<Answered> answered = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            answered.add(answered(all.get(i), answer.apply(i)));
        }
        return VqaAccuracy.of(answered);
    }

    private static Answered answered(VqaQuestion question, String answer) {
        return new Answered(answer, question.answers(), question.answerType());
    }

    /** What the best of the answers to choose among gets that is given to all questions: right is one only where people gave it. */
    private double constant(List<VqaQuestion> of) {
        Set<String> choices = new HashSet<>(answers);
        Map<String, Double> sums = new HashMap<>();
        for (VqaQuestion question : of) {
            for (String answer : AnswerScores.counts(question).keySet()) {
                if (choices.contains(answer)) {
                    double accuracy = answered(question, answer).accuracy();
                    sums.merge(answer, accuracy, Double::sum);
                }
            }
        }
        return sums.values().stream().mapToDouble(sum -> sum / of.size()).max().orElse(0);
    }

    /** Questions about one picture are not drawn one by one. */
    private static Groups groups(List<VqaQuestion> questions) {
        return Groups.of(questions.stream().map(VqaQuestion::picture).toList());
    }

    private TaskFigure figure(String key, String title, Score own, Score texts, List<VqaQuestion> of) {
        return new TaskFigure(
                key,
                title,
                TaskFigure.Unit.SHARE,
                own.all(),
                groups(of).mean(own.each()).standardError(),
                texts.all(),
                constant(of),
                own.each().size());
    }

    private List<Shown> shown(Chosen chosen) {
        List<Shown> shown = new ArrayList<>();
        chosen.shown().forEach((i, sample) -> {
            VqaQuestion question = all.get(i);
            String given = answers.get(chosen.own()[i]);
            shown.add(new Shown(
                    question.id(),
                    sample.pictures(),
                    sample.texts().get(0),
                    question.question(),
                    AnswerScores.commonest(question).orElse(""),
                    given,
                    chosen.shares()[i],
                    !question.answers().isEmpty() && answered(question, given).accuracy() > 0));
        });
        return shown;
    }

    private Predictions predictions(Chosen chosen) {
        return Predictions.ofJson(
                "VQA v2's results",
                "question_id",
                all.stream().map(VqaQuestion::id).toList(),
                "answer",
                Arrays.stream(chosen.own()).mapToObj(answers::get).toList());
    }
}
