package io.flm.worker.task.retrieval;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.typesafe.config.Config;
import io.flm.data.ClassTargets;
import io.flm.data.Examples;
import io.flm.data.PictureSource;
import io.flm.data.Sample;
import io.flm.data.TextBatch;
import io.flm.worker.model.ModelParts.Classifier;
import io.flm.worker.objective.Head;
import io.flm.worker.objective.Head.Predicts;
import io.flm.worker.objective.Objective;
import io.flm.worker.task.CaptionData;
import io.flm.worker.task.ClassObjective;
import io.flm.worker.task.ClassObjective.Shape;
import io.flm.worker.task.Task;
import io.flm.worker.task.TaskFigure;
import io.flm.worker.task.TaskModel;
import io.flm.worker.task.TaskProgress;
import io.flm.worker.task.TaskReport;
import io.flm.worker.task.TaskReport.Shown;
import io.flm.worker.task.score.Recalls;
import io.flm.worker.task.score.Score;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * Finding the texts of a picture and the picture of a text; FLM (arXiv 2303.14038) §4.2. The head scores a picture with a text; it
 * is trained to score the true text above K false ones, by cross entropy over the 1 + K scores. Each text brings its own query ids,
 * where the official code gives the false ones those of the true one.
 *
 * <p>N pictures and M texts are N * M pairs, each of which is read: the pictures are encoded once, the texts go in blocks.
 */
public final class RetrievalTask implements Task {
    private static final int SHOWN = 24;
    private static final int BLOCK = 256; // texts at a time, of about the same length

    private final int falseTexts;
    private final int candidates;

    private RetrievalTask(int falseTexts, int candidates) {
        this.falseTexts = falseTexts;
        this.candidates = Math.max(falseTexts, candidates);
    }

    /** @param task {@code flm.task} */
    public static RetrievalTask from(Config task) {
        return new RetrievalTask(task.getInt("false-texts"), task.getInt("false-text-candidates"));
    }

    @Override
    public String key() {
        return "retrieval";
    }

    @Override
    public String files() {
        return CaptionData.FILES;
    }

    @Override
    public Objective objective(Objective pretrained) {
        return new ClassObjective(
                key(),
                pretrained,
                Shape.RANKED,
                new Head("rank", Predicts.CLASS, 1),
                new Classifier("rank_output.", false, 1, 1),
                1 + falseTexts);
    }

    @Override
    public boolean needsAnnotations() {
        return false;
    }

    @Override
    public Examples examples(List<Path> annotations, PictureSource pictures, boolean training, Consumer<String> note) {
        Examples examples = CaptionData.read(key(), annotations, pictures, training, note);
        return training ? examples.withFalseTexts(falseTexts, candidates) : examples;
    }

    /** A text of the search, and whose it is. */
    private record Text(String text, int[] row, int picture) {}

    @Override
    public TaskReport score(TaskModel model, List<Path> annotations, Examples examples, TaskProgress progress) {
        long[] scored = CaptionData.scored(examples.size(), model.samples(), model.seed());
        List<Sample> samples = new ArrayList<>();
        List<Text> texts = new ArrayList<>();
        for (int i = 0; i < scored.length; i++) {
            Sample sample = model.read(examples, scored[i], scored[i] + 1).get(0);
            samples.add(new Sample(sample.key(), sample.pictures(), List.of(), sample.labels()));
            List<String> words = model.texts(examples, scored[i]);
            for (int t = 0; t < words.size(); t++) {
                texts.add(new Text(words.get(t), sample.texts().get(t), i));
            }
        }
        float[][] scores = scores(model, samples, texts, progress);
        Recalls recalls = Recalls.of(
                samples.size(),
                texts.stream().mapToInt(Text::picture).toArray(),
                (picture, text) -> scores[picture][text]);
        List<TaskFigure> figures = new ArrayList<>();
        figures(figures, "text", "Text of a picture", recalls.textOfPicture(), texts.size());
        figures(figures, "image", "Picture of a text", recalls.pictureOfText(), samples.size());
        String note = String.format(
                Locale.ROOT,
                "%,d pictures and %,d texts: %,d pairs",
                samples.size(),
                texts.size(),
                (long) samples.size() * texts.size());
        return new TaskReport(key(), samples.size(), figures, shown(samples, texts, scores), null, List.of(note));
    }

    /** [N][M]. */
    private static float[][] scores(TaskModel model, List<Sample> samples, List<Text> texts, TaskProgress progress) {
        List<Integer> byLength = IntStream.range(0, texts.size())
                .boxed()
                .sorted(Comparator.comparingInt(t -> texts.get(t).row().length))
                .toList();
        List<TextBatch> blocks = new ArrayList<>();
        for (int from = 0; from < byLength.size(); from += BLOCK) {
            List<int[]> rows = byLength.subList(from, Math.min(byLength.size(), from + BLOCK)).stream()
                    .map(t -> texts.get(t).row())
                    .toList();
            int[] all = IntStream.range(0, rows.size()).toArray();
            blocks.add(model.objective()
                    .whole(rows, model.layout())
                    .withHeads(List.of(new ClassTargets(all, new int[rows.size()]))));
        }
        float[][] scores = new float[samples.size()][texts.size()];
        for (int picture = 0; picture < samples.size(); picture++) {
            progress.at((double) picture / samples.size(), "pairs");
            try (NDManager scope = model.model().newScope()) {
                NDArray features =
                        model.model().imageFeatures(scope, TaskModel.pixels(samples.subList(picture, picture + 1)), 1);
                int at = 0;
                for (TextBatch block : blocks) {
                    for (float[] score : model.model().classify(block, features).get(0)) {
                        scores[picture][byLength.get(at++)] = score[0];
                    }
                }
            }
        }
        return scores;
    }

    /** Beside chance: a model that knows nothing finds {@code rank} of {@code candidates}. */
    private static void figures(
            List<TaskFigure> figures, String key, String title, List<Score> recalls, int candidates) {
        for (int i = 0; i < Recalls.RANKS.size(); i++) {
            int rank = Recalls.RANKS.get(i);
            Score score = recalls.get(i);
            figures.add(new TaskFigure(
                    key + "RetrievalR" + rank,
                    title + ", R@" + rank,
                    TaskFigure.Unit.SHARE,
                    score.all(),
                    score.mean().standardError(),
                    Double.NaN,
                    Math.min(1, (double) rank / candidates),
                    score.each().size()));
        }
    }

    private static List<Shown> shown(List<Sample> samples, List<Text> texts, float[][] scores) {
        List<Shown> shown = new ArrayList<>();
        for (int picture : TaskModel.spread(samples.size(), SHOWN)) {
            int best = TaskModel.best(scores[picture]);
            int own = picture;
            String expected = texts.stream()
                    .filter(t -> t.picture() == own)
                    .map(Text::text)
                    .findFirst()
                    .orElse("");
            shown.add(new Shown(
                    samples.get(picture).key(),
                    samples.get(picture).pictures(),
                    "",
                    expected,
                    texts.get(best).text(),
                    TaskModel.share(scores[picture], best),
                    texts.get(best).picture() == picture));
        }
        return shown;
    }
}
