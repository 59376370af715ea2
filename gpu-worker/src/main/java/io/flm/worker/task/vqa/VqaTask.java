package io.flm.worker.task.vqa;

import com.typesafe.config.Config;
import io.flm.data.Examples;
import io.flm.data.PictureSource;
import io.flm.data.UserException;
import io.flm.data.annotation.VqaFiles;
import io.flm.data.annotation.VqaQuestion;
import io.flm.worker.model.ModelParts.Classifier;
import io.flm.worker.objective.Head;
import io.flm.worker.objective.Head.Predicts;
import io.flm.worker.objective.Objective;
import io.flm.worker.task.Chosen;
import io.flm.worker.task.ClassObjective;
import io.flm.worker.task.ClassObjective.Shape;
import io.flm.worker.task.ScoredExamples;
import io.flm.worker.task.Task;
import io.flm.worker.task.TaskFigure;
import io.flm.worker.task.TaskModel;
import io.flm.worker.task.ScoringProgress;
import io.flm.worker.task.TaskReport;
import io.flm.worker.task.TaskReport.Predictions;
import io.flm.worker.task.TaskReport.Shown;
import io.flm.worker.task.score.Score;
import io.flm.worker.task.score.VqaAccuracy;
import io.flm.worker.task.score.VqaAccuracy.Answered;
import io.flm.worker.task.score.VqaAnswers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.IntFunction;

/**
 * Questions about pictures, VQA v2 (Goyal et al. 2017). The head gives each answer of a fixed list a score; it is trained with
 * binary cross entropy against how many people gave the answer, summed over the answers.
 */
public final class VqaTask implements Task {
    private static final String ACCURACY = "accuracy";

    private final List<String> answers;
    private final long leastAnswers;

    private VqaTask(List<String> answers, long leastAnswers) {
        this.answers = answers.stream().map(VqaAnswers::normal).toList(); // as they are compared, and collected
        this.leastAnswers = leastAnswers;
    }

    /** @param task {@code flm.task} */
    public static VqaTask from(Config task) {
        return new VqaTask(task.getStringList("answers"), task.getLong("least-answers"));
    }

    @Override
    public String key() {
        return "vqa";
    }

    @Override
    public String files() {
        return "VQA v2's questions and annotations, two JSON files";
    }

    @Override
    public List<String> classes() {
        return answers;
    }

    @Override
    public Objective objective(Objective pretrained) {
        return new ClassObjective(
                key(),
                pretrained,
                Shape.ONE,
                new Head(key(), Predicts.SCORE, 1),
                new Classifier("vqa_classifier.", true, 1, Math.max(1, answers.size())));
    }

    /** The answers that are the commonest ones of at least so many questions, the commonest first. */
    @Override
    public Map<String, Object> settings(List<Path> annotations, Consumer<String> note) {
        if (!answers.isEmpty()) {
            return Map.of();
        }
        Map<String, Integer> counts = new TreeMap<>();
        List<VqaQuestion> questions = read(annotations);
        for (VqaQuestion question : questions) {
            commonest(question).ifPresent(answer -> counts.merge(answer, 1, Integer::sum));
        }
        if (counts.isEmpty()) {
            throw new UserException(
                    annotations + ": questions without answers; give the file of their annotations, too");
        }
        List<String> kept = counts.entrySet().stream()
                .filter(entry -> entry.getValue() >= leastAnswers)
                .sorted(Comparator.comparing((Map.Entry<String, Integer> entry) -> -entry.getValue())
                        .thenComparing(Map.Entry::getKey))
                .map(Map.Entry::getKey)
                .toList();
        if (kept.size() < 2) {
            throw new UserException(annotations + ": " + kept.size() + " answers are the commonest ones of at least "
                    + leastAnswers + " questions, of " + counts.size()
                    + "; lower flm.task.least-answers, or give answers with --answers");
        }
        note.accept(String.format(
                Locale.ROOT,
                "vqa: %,d answers to choose among, the commonest ones of %d questions or more (%,d answers in all)",
                kept.size(),
                leastAnswers,
                counts.size()));
        return Map.of("flm.task.answers", kept);
    }

    private static Optional<String> commonest(VqaQuestion question) {
        Map<String, Integer> counts = counts(question);
        return counts.entrySet().stream()
                .max(Map.Entry.<String, Integer>comparingByValue()
                        .thenComparing(Map.Entry.comparingByKey(Comparator.reverseOrder())))
                .map(Map.Entry::getKey);
    }

    /** How many people gave each answer, in its normal form. */
    private static Map<String, Integer> counts(VqaQuestion question) {
        Map<String, Integer> counts = new TreeMap<>();
        question.answers().forEach(answer -> counts.merge(VqaAnswers.normal(answer), 1, Integer::sum));
        return counts;
    }

    private List<VqaQuestion> read(List<Path> annotations) {
        if (annotations.isEmpty()) {
            throw new UserException("vqa: no annotation file; give " + files());
        }
        return VqaFiles.read(annotations);
    }

    @Override
    public Examples trained(List<Path> annotations, PictureSource pictures, Consumer<String> note) {
        List<VqaQuestion> all = read(annotations);
        AnswerScores scores = new AnswerScores(answers);
        List<VqaQuestion> answerable = answerable(all, scores, "they are not trained on", note);
        if (answerable.isEmpty()) {
            throw new UserException(annotations + ": no question has an answer among the " + answers.size()
                    + " to choose from; give other --answers");
        }
        return VqaExamples.of(answerable, pictures, scores);
    }

    @Override
    public ScoredExamples scored(List<Path> annotations, PictureSource pictures, Consumer<String> note) {
        List<VqaQuestion> all = read(annotations);
        AnswerScores scores = new AnswerScores(answers);
        answerable(all, scores, "they count as wrong", note);
        return new Scored(VqaExamples.of(all, pictures, scores));
    }

    /** Questions with an answer to choose; tells how many others there are, and what becomes of them. */
    private List<VqaQuestion> answerable(
            List<VqaQuestion> all, AnswerScores scores, String others, Consumer<String> note) {
        List<VqaQuestion> answerable =
                all.stream().filter(q -> scores.canBeRight(counts(q))).toList();
        if (answerable.size() < all.size()
                && all.stream().anyMatch(q -> !q.answers().isEmpty())) {
            note.accept(String.format(
                    Locale.ROOT,
                    "vqa: %,d of %,d questions have no answer among the %,d to choose from; %s",
                    all.size() - answerable.size(),
                    all.size(),
                    answers.size(),
                    others));
        }
        long alone = all.stream().filter(q -> q.answers().size() == 1).count();
        if (alone > 0) {
            note.accept(String.format(
                    Locale.ROOT,
                    "vqa: %,d of %,d questions have the answer of one person, and leaving that one out leaves none: every"
                            + " answer to them counts as wrong; give each the answers of ten people",
                    alone,
                    all.size()));
        }
        return answerable;
    }

    /** Scores of a question's answers, by the answers to choose among. */
    static final class AnswerScores {
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
    }

    // ---- scoring

    private final class Scored implements ScoredExamples {
        private final VqaExamples examples;

        Scored(VqaExamples examples) {
            this.examples = examples;
        }

        @Override
        public Examples examples() {
            return examples;
        }

        @Override
        public TaskReport score(TaskModel model, ScoringProgress progress) {
            return VqaTask.this.score(examples.questions(), Chosen.of(model, examples, progress));
        }
    }

    private TaskReport score(List<VqaQuestion> all, Chosen chosen) {
        List<TaskFigure> figures = new ArrayList<>();
        boolean answered = all.stream().noneMatch(q -> q.answers().isEmpty());
        if (answered) {
            figures(all, chosen, figures);
        }
        List<String> notes =
                answered ? List.of() : List.of("the questions have no answers: there is nothing to score by");
        TaskReport report =
                new TaskReport(key(), all.size(), figures, shown(all, chosen), predictions(all, chosen), notes);
        return answered
                ? report.withItems(Map.of(
                        ACCURACY,
                        accuracy(all, i -> answers.get(chosen.own()[i])).all().each()))
                : report;
    }

    private void figures(List<VqaQuestion> all, Chosen chosen, List<TaskFigure> figures) {
        VqaAccuracy own = accuracy(all, i -> answers.get(chosen.own()[i]));
        VqaAccuracy texts = accuracy(all, i -> answers.get(chosen.textOnly()[i]));
        figures.add(figure(ACCURACY, "Accuracy", own.all(), texts.all(), constant(all)));
        own.ofType().forEach((type, score) -> {
            List<VqaQuestion> ofType =
                    all.stream().filter(q -> q.answerType().equals(type)).toList();
            figures.add(figure(
                    ACCURACY + "." + type.replaceAll("[^A-Za-z0-9]+", "-"),
                    "Accuracy, " + (type.isEmpty() ? "no type" : type),
                    score,
                    texts.ofType().getOrDefault(type, score),
                    constant(ofType)));
        });
    }

    private static VqaAccuracy accuracy(List<VqaQuestion> all, IntFunction<String> answer) {
        List<Answered> answered = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            answered.add(new Answered(
                    answer.apply(i), all.get(i).answers(), all.get(i).answerType()));
        }
        return VqaAccuracy.of(answered);
    }

    /** What the best of the answers to choose among gets that is given to all questions: right is one only where people gave it. */
    private double constant(List<VqaQuestion> all) {
        Set<String> choices = new HashSet<>(answers);
        Map<String, Double> sums = new HashMap<>();
        for (VqaQuestion question : all) {
            for (String answer : counts(question).keySet()) {
                if (choices.contains(answer)) {
                    double accuracy = new Answered(answer, question.answers(), question.answerType()).accuracy();
                    sums.merge(answer, accuracy, Double::sum);
                }
            }
        }
        return sums.values().stream().mapToDouble(sum -> sum / all.size()).max().orElse(0);
    }

    private static TaskFigure figure(String key, String title, Score own, Score texts, double constant) {
        return new TaskFigure(
                key,
                title,
                TaskFigure.Unit.SHARE,
                own.all(),
                own.mean().standardError(),
                texts.all(),
                constant,
                own.each().size());
    }

    private List<Shown> shown(List<VqaQuestion> all, Chosen chosen) {
        List<Shown> shown = new ArrayList<>();
        chosen.shown().forEach((i, sample) -> {
            VqaQuestion question = all.get(i);
            String given = answers.get(chosen.own()[i]);
            shown.add(new Shown(
                    question.id(),
                    sample.pictures(),
                    sample.texts().get(0),
                    question.question(),
                    commonest(question).orElse(""),
                    given,
                    chosen.shares()[i],
                    counts(question).getOrDefault(VqaAnswers.normal(given), 0) > 0));
        });
        return shown;
    }

    private Predictions predictions(List<VqaQuestion> all, Chosen chosen) {
        return Predictions.ofJson(
                "VQA v2's results",
                "question_id",
                all.stream().map(VqaQuestion::id).toList(),
                "answer",
                Arrays.stream(chosen.own()).mapToObj(answers::get).toList());
    }
}
