package io.flm.worker.task;

import io.flm.data.Examples;
import io.flm.data.PictureSource;
import io.flm.data.TextForm;
import io.flm.data.UserException;
import io.flm.data.annotation.AnnotatedExamples;
import io.flm.data.annotation.Statement;
import io.flm.data.annotation.StatementFiles;
import io.flm.worker.model.ModelParts.Classifier;
import io.flm.worker.objective.Head;
import io.flm.worker.objective.Head.Predicts;
import io.flm.worker.objective.Objective;
import io.flm.worker.task.ClassObjective.Shape;
import io.flm.worker.task.TaskReport.Predictions;
import io.flm.worker.task.TaskReport.Shown;
import io.flm.worker.task.score.Groups;
import io.flm.worker.task.score.Mean;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * A task of sentences about pictures, of which one class of a few is the case: true or false, entailed or not. One-hot cross
 * entropy on the class vector; FLM (arXiv 2303.14038) §4.2.
 */
public abstract class StatementTask implements Task {
    private static final String ACCURACY = "accuracy";

    private final String key;
    private final Shape shape;
    private final List<String> classes;

    /** @param classes their names, by number */
    protected StatementTask(String key, Shape shape, List<String> classes) {
        this.key = key;
        this.shape = shape;
        this.classes = List.copyOf(classes);
    }

    /** Reads the task's files. */
    protected abstract StatementFiles read(List<Path> annotations);

    /** The names of the head's parameters begin so. */
    protected abstract String prefix();

    /** Further figures; none in most. */
    protected List<TaskFigure> further(List<Statement> statements, Chosen chosen) {
        return List.of();
    }

    /** What the task's server takes; null if it has none. */
    protected abstract Predictions predictions(List<Statement> statements, Chosen chosen);

    @Override
    public String key() {
        return key;
    }

    @Override
    public List<String> classes() {
        return classes;
    }

    @Override
    public Objective objective(Objective pretrained) {
        int joined = shape == Shape.PAIR ? 2 : 1;
        return new ClassObjective(
                key,
                pretrained,
                shape,
                new Head(key, Predicts.CLASS, 1),
                new Classifier(prefix(), true, joined, classes.size()));
    }

    @Override
    public Examples trained(List<Path> annotations, PictureSource pictures, Consumer<String> note) {
        List<Statement> all = statements(annotations, note);
        all.stream().filter(s -> s.label() == Statement.UNLABELLED).findFirst().ifPresent(s -> {
            throw new UserException(
                    annotations + ": " + s.id() + " has no label to train on; give files with labels with --train");
        });
        return examples(all, pictures);
    }

    @Override
    public ScoredExamples scored(List<Path> annotations, PictureSource pictures, Consumer<String> note) {
        List<Statement> all = statements(annotations, note);
        return new Scored(all, examples(all, pictures));
    }

    private List<Statement> statements(List<Path> annotations, Consumer<String> note) {
        if (annotations.isEmpty()) {
            throw new UserException(key + ": no annotation file; give " + files());
        }
        StatementFiles files = read(annotations);
        if (files.leftOut() > 0) {
            note.accept(key + ": " + files.leftOut() + " examples without a label are left out");
        }
        return files.all();
    }

    private static Examples examples(List<Statement> all, PictureSource pictures) {
        return AnnotatedExamples.of(all.stream().map(Statement::annotated).toList(), pictures, TextForm.AS_IT_IS);
    }

    private final class Scored implements ScoredExamples {
        private final List<Statement> all;
        private final Examples examples;

        Scored(List<Statement> all, Examples examples) {
            this.all = all;
            this.examples = examples;
        }

        @Override
        public Examples examples() {
            return examples;
        }

        @Override
        public TaskReport score(TaskModel model, ScoringProgress progress) {
            return StatementTask.this.score(all, Chosen.of(model, examples, progress));
        }
    }

    private TaskReport score(List<Statement> all, Chosen chosen) {
        List<TaskFigure> figures = new ArrayList<>();
        boolean labelled = all.stream().noneMatch(s -> s.label() == Statement.UNLABELLED);
        if (labelled) {
            figures.add(accuracy(all, chosen));
            figures.addAll(further(all, chosen));
        }
        List<String> notes =
                labelled ? List.of() : List.of("the examples have no labels: there is nothing to score by");
        TaskReport report =
                new TaskReport(key, all.size(), figures, shown(all, chosen), predictions(all, chosen), notes);
        return labelled
                ? report.withItems(Map.of(
                        ACCURACY,
                        right(all, chosen.own()),
                        TaskReport.GROUP,
                        groups(all).asItems()))
                : report;
    }

    private TaskFigure accuracy(List<Statement> all, Chosen chosen) {
        int[] counts = new int[classes.size()];
        all.forEach(s -> counts[s.label()]++);
        int most = IntStream.range(0, counts.length).reduce(0, (a, b) -> counts[b] > counts[a] ? b : a);
        Mean own = groups(all).mean(right(all, chosen.own()));
        return new TaskFigure(
                ACCURACY,
                "Accuracy",
                TaskFigure.Unit.SHARE,
                own.mean(),
                own.standardError(),
                groups(all).mean(right(all, chosen.textOnly())).mean(),
                (double) counts[most] / all.size(),
                all.size());
    }

    /** 1 where the class of an example is the right one, 0 where it is not. */
    protected static List<Double> right(List<Statement> all, int[] classes) {
        return IntStream.range(0, all.size())
                .mapToObj(i -> classes[i] == all.get(i).label() ? 1.0 : 0.0)
                .toList();
    }

    /** Examples that are not drawn one by one. */
    protected static Groups groups(List<Statement> all) {
        return Groups.of(all.stream().map(Statement::group).toList());
    }

    private List<Shown> shown(List<Statement> all, Chosen chosen) {
        List<Shown> shown = new ArrayList<>();
        chosen.shown().forEach((i, sample) -> {
            Statement s = all.get(i);
            shown.add(new Shown(
                    s.id(),
                    sample.pictures(),
                    sample.texts().get(0),
                    s.sentence(),
                    s.label() == Statement.UNLABELLED ? "" : classes.get(s.label()),
                    classes.get(chosen.own()[i]),
                    chosen.shares()[i],
                    s.label() == chosen.own()[i]));
        });
        return shown;
    }

    /** One line an example: its id and the class. An id with a comma, a quote or a line break stands in quotes (RFC 4180). */
    protected static Predictions lines(String form, List<Statement> all, Chosen chosen, List<String> names) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < all.size(); i++) {
            text.append(quoted(all.get(i).id()))
                    .append(',')
                    .append(names.get(chosen.own()[i]))
                    .append('\n');
        }
        return new Predictions(form, text.toString());
    }

    private static String quoted(String id) {
        boolean plain = id.chars().noneMatch(letter -> ",\"\r\n".indexOf(letter) >= 0);
        return plain ? id : '"' + id.replace("\"", "\"\"") + '"';
    }
}
