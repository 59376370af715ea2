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
import io.flm.worker.task.ScoringProgress;
import io.flm.worker.task.Task;
import io.flm.worker.task.TaskModel;
import io.flm.worker.task.TaskReport;
import io.flm.worker.task.score.VqaAnswers;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * Questions about pictures, VQA v2 (Goyal et al. 2017). The head gives each answer of a fixed list a score; it is trained with
 * binary cross entropy against how many people gave the answer, summed over the answers.
 */
public final class VqaTask implements Task {
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
            AnswerScores.commonest(question).ifPresent(answer -> counts.merge(answer, 1, Integer::sum));
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
        List<VqaQuestion> answerable = all.stream()
                .filter(q -> scores.canBeRight(AnswerScores.counts(q)))
                .toList();
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
            return new VqaScoring(key(), answers, examples.questions()).of(Chosen.of(model, examples, progress));
        }
    }
}
