package io.flm.worker.task.retrieval;

import com.typesafe.config.Config;
import io.flm.data.Examples;
import io.flm.data.PictureSource;
import io.flm.data.Sample;
import io.flm.data.TextForm;
import io.flm.data.UserException;
import io.flm.worker.model.ModelParts.Classifier;
import io.flm.worker.objective.Head;
import io.flm.worker.objective.Head.Predicts;
import io.flm.worker.objective.Objective;
import io.flm.worker.task.CaptionData;
import io.flm.worker.task.ClassObjective;
import io.flm.worker.task.ClassObjective.Shape;
import io.flm.worker.task.ScoredExamples;
import io.flm.worker.task.ScoringProgress;
import io.flm.worker.task.Task;
import io.flm.worker.task.TaskFigure;
import io.flm.worker.task.TaskModel;
import io.flm.worker.task.TaskReport;
import io.flm.worker.task.TaskReport.Shown;
import io.flm.worker.task.score.Groups;
import io.flm.worker.task.score.Likelihoods;
import io.flm.worker.task.score.Recalls;
import io.flm.worker.task.score.Score;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.DoubleConsumer;
import java.util.function.IntConsumer;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * Finding the texts of a picture and the picture of a text; FLM (arXiv 2303.14038) §4.2. The head scores a picture with a text; it
 * is trained to score the true text above K false ones, by cross entropy over the 1 + K scores. Each text brings its own query ids,
 * where the official code gives the false ones those of the true one.
 *
 * <p>N pictures and M texts are N * M pairs. In one stage the head reads each of them; in two, the l2r stream of another model finds
 * for each picture and each text the likeliest {@code best}, and the head reads only these: {@link Candidates}.
 */
public final class RetrievalTask implements Task {
    private static final int SHOWN = 24;
    private static final int TRUE_TEXT = 0; // the class of a sample's texts: the true one comes first

    private final int falseTexts;
    private final int falseTextCandidates;
    private final int best;
    private final boolean allPairs;

    private RetrievalTask(int falseTexts, int falseTextCandidates, int best, boolean allPairs) {
        this.falseTexts = falseTexts;
        this.falseTextCandidates = Math.max(falseTexts, falseTextCandidates);
        this.best = best;
        this.allPairs = allPairs;
    }

    /** @param task {@code flm.task} */
    public static RetrievalTask from(Config task) {
        return new RetrievalTask(
                task.getInt("false-texts"),
                task.getInt("false-text-candidates"),
                task.getInt("best"),
                task.getBoolean("all-pairs"));
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
    public MainScore mainScore() {
        return new MainScore("retrievalR1", "R@1", List.of("textRetrievalR1", "imageRetrievalR1"), true);
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
    public TextForm textForm() {
        return TextForm.CAPTION;
    }

    @Override
    public boolean needsAnnotations() {
        return false;
    }

    @Override
    public Examples trained(List<Path> annotations, PictureSource pictures, Consumer<String> note) {
        return CaptionData.read(key(), annotations, pictures, true, note)
                .withFalseTexts(falseTexts, falseTextCandidates);
    }

    @Override
    public ScoredExamples scored(List<Path> annotations, PictureSource pictures, Consumer<String> note) {
        return CaptionData.scored(CaptionData.read(key(), annotations, pictures, false, note), this::score);
    }

    /** Each with the texts of the next examples that show other pictures and say other things; after the last comes the first. */
    @Override
    public List<Sample> asTrained(List<Sample> scored) {
        List<Sample> all = new ArrayList<>();
        for (int i = 0; i < scored.size(); i++) {
            Sample own = scored.get(i);
            List<int[]> texts = new ArrayList<>(own.texts());
            for (int by = 1; by < scored.size() && texts.size() <= falseTexts; by++) {
                Sample other = scored.get((i + by) % scored.size());
                int[] text = other.texts().get(0);
                boolean known = texts.stream().anyMatch(one -> Arrays.equals(one, text));
                if (!known
                        && !Arrays.equals(
                                other.pictures().get(0), own.pictures().get(0))) {
                    texts.add(text);
                }
            }
            if (texts.size() <= falseTexts) {
                throw new UserException("flm.task.false-texts = " + falseTexts + ", but of the " + scored.size()
                        + " examples that flm.evaluate.every asks about, not so many say something else; raise"
                        + " flm.evaluate.every-samples, or set flm.evaluate.every to 0");
            }
            all.add(new Sample(own.key(), own.pictures(), texts, new float[] {TRUE_TEXT}));
        }
        return all;
    }

    @Override
    public boolean takesFirstStage() {
        return true;
    }

    private TaskReport score(TaskModel model, Examples examples, ScoringProgress progress) {
        long[] scored = CaptionData.scored(examples.size(), model.samples(), model.seed());
        IntConsumer read = count -> progress.at(0, "reading, " + count + " of " + scored.length + " pictures");
        Search search = Search.read(model, examples, scored, read);
        TaskModel first = model.firstStage();
        return first == null
                ? inOneStage(model, search, progress)
                : inTwoStages(model, search, first, Search.read(first, examples, scored, read), progress);
    }

    private TaskReport inOneStage(TaskModel model, Search search, ScoringProgress progress) {
        float[][] scores = scores(model, search, share -> progress.at(share, "pairs"));
        progress.at(1, "ranking");
        List<TaskFigure> figures = new ArrayList<>();
        Map<String, List<Double>> each = new HashMap<>();
        figures(figures, each, Way.HEAD, recalls(search, scores), search.chance(), search);
        each.put(TaskReport.GROUP, groups(search));
        return new TaskReport(
                        key(),
                        search.pictures().size(),
                        figures,
                        shown(search, picture -> wide(scores[picture]), true),
                        null,
                        List.of(sizes(search)))
                .withItems(each);
    }

    /** Both searches read their own pictures, and are timed with what they encode. */
    private TaskReport inTwoStages(
            TaskModel model, Search search, TaskModel first, Search likely, ScoringProgress progress) {
        int pictures = search.pictures().size();
        int texts = search.texts().size();
        int parts = allPairs ? 3 : 2; // of the progress
        Recalls chance = search.chance();
        Timer firstTimer = new Timer();
        double[][] logProbs = new double[pictures][texts];
        PairReader.byLikelihood(first, likely)
                .all(
                        (picture, text, rate) -> logProbs[picture][text] = rate,
                        share -> progress.at(share / parts, "likelihoods"));
        Likelihoods likelihoods = new Likelihoods(logProbs);
        double likelihoodSeconds = firstTimer.seconds();
        progress.at(1.0 / parts, "ranking");
        Timer secondTimer = new Timer();
        Candidates candidates = new Candidates(likelihoods, pictures, texts, best);
        PairReader.byHead(model, search)
                .some(candidates::texts, candidates::score, share -> progress.at((1 + share) / parts, "candidates"));
        double bothSeconds = likelihoodSeconds + secondTimer.seconds();
        List<TaskFigure> figures = new ArrayList<>();
        Map<String, List<Double>> each = new HashMap<>();
        List<Shown> shown;
        if (allPairs) {
            Timer allTimer = new Timer();
            float[][] scores = scores(model, search, share -> progress.at((2 + share) / parts, "pairs"));
            double allSeconds = allTimer.seconds();
            shown = shown(search, picture -> wide(scores[picture]), true);
            figures(figures, each, Way.HEAD, recalls(search, scores), chance, search);
            figures.add(time(Way.HEAD, allSeconds, search.pairs()));
        } else {
            shown = shown(search, candidates::ofTexts, false); // those that were not read have no share
        }
        progress.at(1, "ranking");
        figures(
                figures,
                each,
                Way.TWO_STAGES,
                Recalls.of(pictures, search.pictureOfText(), candidates::ofTexts, candidates::ofPictures),
                chance,
                search);
        figures.add(time(Way.TWO_STAGES, bothSeconds, candidates.pairs()));
        figures(
                figures,
                each,
                Way.LIKELIHOOD,
                Recalls.of(pictures, search.pictureOfText(), likelihoods::texts, likelihoods::pictures),
                chance,
                search);
        figures.add(time(Way.LIKELIHOOD, likelihoodSeconds, search.pairs()));
        each.put(TaskReport.GROUP, groups(search));
        String note = String.format(
                Locale.ROOT,
                "two stages: the likelihood of all pairs by a model of %s; then the head on %,d pairs, the best %,d of each"
                        + " picture and of each text",
                first.objective().key(),
                candidates.pairs(),
                best);
        return new TaskReport(key(), pictures, figures, shown, null, List.of(sizes(search), note)).withItems(each);
    }

    /** The number of its picture of each picture, and then of each text: they are drawn together. */
    private static List<Double> groups(Search search) {
        return IntStream.concat(IntStream.range(0, search.pictures().size()), Arrays.stream(search.pictureOfText()))
                .mapToObj(picture -> (double) picture)
                .toList();
    }

    /** Since when something is done. */
    private static final class Timer {
        private final long startedAt = System.nanoTime();

        double seconds() {
            return (System.nanoTime() - startedAt) / 1e9;
        }
    }

    /** What the head says of every text beside every picture [N][M]. */
    private static float[][] scores(TaskModel model, Search search, DoubleConsumer progress) {
        float[][] scores = new float[search.pictures().size()][search.texts().size()];
        PairReader.byHead(model, search).all((picture, text, rate) -> scores[picture][text] = (float) rate, progress);
        return scores;
    }

    private static Recalls recalls(Search search, float[][] scores) {
        return Recalls.of(search.pictures().size(), search.pictureOfText(), (picture, text) -> scores[picture][text]);
    }

    private static String sizes(Search search) {
        return String.format(
                Locale.ROOT,
                "%,d pictures and %,d texts: %,d pairs",
                search.pictures().size(),
                search.texts().size(),
                search.pairs());
    }

    /** By what texts and pictures are ordered. */
    private enum Way {
        HEAD("", "Text of a picture", "Picture of a text", "Time, all pairs"),
        TWO_STAGES("twoStage.", "Two stages, text", "Two stages, picture", "Two stages, time"),
        LIKELIHOOD("likelihood.", "Likelihood, text", "Likelihood, picture", "Likelihood, time");

        private final String key;
        private final String text;
        private final String picture;
        private final String time;

        Way(String key, String text, String picture, String time) {
            this.key = key;
            this.text = text;
            this.picture = picture;
            this.time = time;
        }
    }

    /** Beside chance, of a model to which all are alike. Texts of one picture are not drawn one by one. */
    private static void figures(
            List<TaskFigure> figures,
            Map<String, List<Double>> each,
            Way way,
            Recalls recalls,
            Recalls chance,
            Search search) {
        Groups pictures =
                Groups.of(IntStream.range(0, search.pictures().size()).boxed().toList());
        Groups texts = Groups.of(IntStream.of(search.pictureOfText()).boxed().toList());
        figures(figures, each, way.key + "text", way.text, recalls.textOfPicture(), chance.textOfPicture(), pictures);
        figures(figures, each, way.key + "image", way.picture, recalls.pictureOfText(), chance.pictureOfText(), texts);
    }

    /** @param pairs that the head read, or if it read none the l2r stream */
    private static TaskFigure time(Way way, double seconds, long pairs) {
        return new TaskFigure(
                way.key + "seconds",
                way.time,
                TaskFigure.Unit.SECONDS,
                seconds,
                Double.NaN,
                Double.NaN,
                Double.NaN,
                pairs);
    }

    private static void figures(
            List<TaskFigure> figures,
            Map<String, List<Double>> each,
            String key,
            String title,
            List<Score> recalls,
            List<Score> chance,
            Groups groups) {
        for (int i = 0; i < Recalls.RANKS.size(); i++) {
            int rank = Recalls.RANKS.get(i);
            Score score = recalls.get(i);
            each.put(key + "RetrievalR" + rank, score.each());
            figures.add(new TaskFigure(
                    key + "RetrievalR" + rank,
                    title + ", R@" + rank,
                    TaskFigure.Unit.SHARE,
                    score.all(),
                    groups.mean(score.each()).standardError(),
                    Double.NaN,
                    chance.get(i).all(),
                    score.each().size()));
        }
    }

    /**
     * @param rates how a picture rates the texts
     * @param all whether the rates of all are scores of the head
     */
    private static List<Shown> shown(Search search, IntFunction<double[]> rates, boolean all) {
        List<Shown> shown = new ArrayList<>();
        for (int picture : TaskModel.spread(search.pictures().size(), SHOWN)) {
            double[] of = rates.apply(picture);
            int first = Likelihoods.ranking(of).get(0);
            Search.Text best = search.texts().get(first);
            int own = picture;
            String expected = search.texts().stream()
                    .filter(t -> t.picture() == own)
                    .map(Search.Text::words)
                    .findFirst()
                    .orElse("");
            Sample sample = search.pictures().get(picture);
            shown.add(new Shown(
                    sample.key(),
                    sample.pictures(),
                    best.row(),
                    "",
                    expected,
                    best.words(),
                    all ? Math.exp(of[first] - Likelihoods.logSum(of)) : Double.NaN,
                    best.picture() == picture));
        }
        return shown;
    }

    private static double[] wide(float[] scores) {
        return IntStream.range(0, scores.length).mapToDouble(i -> scores[i]).toArray();
    }
}
