package io.flm.worker.task.caption;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.typesafe.config.Config;
import io.flm.data.Examples;
import io.flm.data.PictureSource;
import io.flm.data.Sample;
import io.flm.data.TextForm;
import io.flm.worker.decode.CaptionBounds;
import io.flm.worker.decode.Decoder;
import io.flm.worker.decode.Decoding;
import io.flm.worker.objective.Objective;
import io.flm.worker.task.CaptionData;
import io.flm.worker.task.ScoredExamples;
import io.flm.worker.task.ScoringProgress;
import io.flm.worker.task.Task;
import io.flm.worker.task.TaskFigure;
import io.flm.worker.task.TaskModel;
import io.flm.worker.task.TaskReport;
import io.flm.worker.task.TaskReport.Predictions;
import io.flm.worker.task.TaskReport.Shown;
import io.flm.worker.task.score.CaptionScores;
import io.flm.worker.task.score.CaptionScores.Caption;
import io.flm.worker.task.score.Score;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.IntFunction;

/** Writing what a picture shows; FLM (arXiv 2303.14038) §4.2. Scored as COCO's captions are, by greedy and by beam search. */
public final class CaptionTask implements Task {
    private static final int SHOWN = 48;

    private final int beam;

    private CaptionTask(int beam) {
        this.beam = beam;
    }

    /** @param task {@code flm.task} */
    public static CaptionTask from(Config task) {
        return new CaptionTask(task.getInt("beam"));
    }

    @Override
    public String key() {
        return "caption";
    }

    @Override
    public String files() {
        return CaptionData.FILES;
    }

    @Override
    public TextForm textForm() {
        return TextForm.CAPTION;
    }

    @Override
    public boolean needsAnnotations() {
        return false;
    }

    @Override
    public MainScore mainScore() {
        return new MainScore("cider", "CIDEr-D", List.of("cider"), false);
    }

    @Override
    public Objective objective(Objective pretrained) {
        return new CaptionObjective(pretrained);
    }

    @Override
    public Examples trained(List<Path> annotations, PictureSource pictures, Consumer<String> note) {
        return CaptionData.read(key(), annotations, pictures, true, note);
    }

    @Override
    public ScoredExamples scored(List<Path> annotations, PictureSource pictures, Consumer<String> note) {
        return CaptionData.scored(CaptionData.read(key(), annotations, pictures, false, note), this::score);
    }

    private TaskReport score(TaskModel model, Examples examples, ScoringProgress progress) {
        long[] scored = CaptionData.scored(examples.size(), model.samples(), model.seed());
        List<String> keys = new ArrayList<>();
        List<List<String>> references = new ArrayList<>();
        List<int[]> greedy = new ArrayList<>();
        List<int[]> searched = new ArrayList<>();
        int[] spread = TaskModel.spread(scored.length, SHOWN);
        SortedMap<Integer, Sample> pictured = new TreeMap<>();
        for (int from = 0; from < scored.length; from += model.batch()) {
            int to = Math.min(scored.length, from + model.batch());
            progress.at((double) from / scored.length, "captions");
            List<Sample> block = new ArrayList<>();
            for (int i = from; i < to; i++) {
                Sample sample = model.read(examples, scored[i], scored[i] + 1).get(0);
                block.add(sample);
                if (Arrays.binarySearch(spread, i) >= 0) {
                    pictured.put(i, sample);
                }
                keys.add(examples.name(scored[i]));
                references.add(model.texts(examples, scored[i]));
            }
            greedy.addAll(written(model, block, new Decoding.Greedy()));
            if (beam > 1) {
                progress.at((from + (to - from) / (1.0 + beam)) / scored.length, "captions, by a beam");
                searched.addAll(written(model, block, new Decoding.Beam(beam, 1)));
            }
        }
        progress.at(1, "scores of captions");
        List<TaskFigure> figures = new ArrayList<>();
        Map<String, List<Double>> each = new HashMap<>();
        List<int[]> rows = greedy;
        List<String> best = words(model, greedy);
        CaptionScores scores = figures(figures, each, "", "", best, references);
        if (beam > 1) {
            rows = searched;
            best = words(model, searched);
            progress.at(1, "scores of captions, by a beam");
            scores = figures(figures, each, "beam.", "Beam " + beam + ", ", best, references);
        }
        List<Shown> shown = new ArrayList<>();
        for (Map.Entry<Integer, Sample> of : pictured.entrySet()) {
            int i = of.getKey();
            shown.add(new Shown(
                    of.getValue().key(),
                    of.getValue().pictures(),
                    rows.get(i),
                    "",
                    references.get(i).get(0),
                    best.get(i),
                    Double.NaN,
                    scores.exact().each().get(i) == 1));
        }
        return new TaskReport(
                        key(),
                        scored.length,
                        figures,
                        shown,
                        predictions(keys, best),
                        CaptionData.notes(examples.size(), scored.length))
                .withItems(each);
    }

    /** Tokens of each caption. */
    private static List<int[]> written(TaskModel model, List<Sample> samples, Decoding decoding) {
        CaptionBounds bounds = CaptionBounds.of(model.layout(), CaptionBounds.DEFAULT_MAX_LENGTH);
        try (NDManager scope = model.model().newScope()) {
            NDArray features = model.model().imageFeatures(scope, Sample.pixels(samples), samples.size());
            return List.of(new Decoder(model.model(), bounds).write(features, decoding, new long[samples.size()]));
        }
    }

    private static List<String> words(TaskModel model, List<int[]> rows) {
        return rows.stream()
                .map(row -> model.layout().read(row, model.tokenizer()::decode))
                .toList();
    }

    /** Beside the caption of a picture half-way on, and the commonest one of all references. Neighbours often show nearly the same. */
    private static CaptionScores figures(
            List<TaskFigure> figures,
            Map<String, List<Double>> each,
            String key,
            String title,
            List<String> captions,
            List<List<String>> references) {
        int n = captions.size();
        String constant = commonest(references);
        CaptionScores own = scores(captions::get, references);
        CaptionScores other = scores(i -> captions.get((i + n / 2) % n), references);
        CaptionScores same = scores(i -> constant, references);
        figures.add(figure(
                key + "cider", title + "CIDEr-D", TaskFigure.Unit.NUMBER, own.cider(), other.cider(), same.cider()));
        for (int k = 0; k < own.bleu().size(); k++) {
            figures.add(figure(
                    key + "bleu" + (k + 1),
                    title + "BLEU-" + (k + 1),
                    TaskFigure.Unit.SHARE,
                    own.bleu().get(k),
                    other.bleu().get(k),
                    same.bleu().get(k)));
        }
        figures.add(figure(
                key + "rougeL", title + "ROUGE-L", TaskFigure.Unit.SHARE, own.rougeL(), other.rougeL(), same.rougeL()));
        figures.add(figure(
                key + "exactMatch",
                title + "Exact match",
                TaskFigure.Unit.SHARE,
                own.exact(),
                other.exact(),
                same.exact()));
        each.put(key + "cider", own.cider().each()); // BLEU is not the captions' mean
        each.put(key + "rougeL", own.rougeL().each());
        each.put(key + "exactMatch", own.exact().each());
        return own;
    }

    private static CaptionScores scores(IntFunction<String> caption, List<List<String>> references) {
        List<Caption> captions = new ArrayList<>();
        for (int i = 0; i < references.size(); i++) {
            captions.add(new Caption(caption.apply(i), references.get(i)));
        }
        return CaptionScores.of(captions);
    }

    private static TaskFigure figure(
            String key, String title, TaskFigure.Unit unit, Score own, Score other, Score constant) {
        return new TaskFigure(
                key,
                title,
                unit,
                own.all(),
                own.mean().standardError(),
                other.all(),
                constant.all(),
                own.each().size());
    }

    private static String commonest(List<List<String>> references) {
        Map<String, Integer> counts = new HashMap<>();
        references.forEach(of -> of.forEach(text -> counts.merge(text, 1, Integer::sum)));
        return counts.entrySet().stream()
                .max(Map.Entry.<String, Integer>comparingByValue().thenComparing(Map.Entry.comparingByKey()))
                .orElseThrow()
                .getKey();
    }

    private static Predictions predictions(List<String> keys, List<String> captions) {
        return Predictions.ofJson("COCO's captions", "image_id", keys, "caption", captions);
    }
}
