package io.flm.worker.evaluate;

import io.flm.worker.evaluate.Figure.Absent;
import io.flm.worker.evaluate.Figure.Measured;
import io.flm.worker.evaluate.HeldOut.Example;
import io.flm.worker.evaluate.Report.Ranked;
import io.flm.worker.evaluate.Report.Search;
import io.flm.worker.evaluate.Report.Shown;
import io.flm.worker.evaluate.Retrieval.Pool;
import io.flm.worker.objective.HiddenTokens;
import io.flm.worker.task.ScoringProgress;
import io.flm.worker.task.score.Likelihoods;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Runs all measures of a model on held-out samples: hidden tokens, retrieval by caption likelihood, greedy captions. Each stands beside what chance or the text alone gives. A figure that an objective cannot give is left out and
 * the reason named.
 */
final class Evaluation {
    private static final int GALLERY = 24;
    private static final int SEARCHES = 8;
    private static final int SHOWN_BEST = 5;

    /** How much is done, in [0, 1], when all tokens are asked for, and when all pools are searched; captions come last. */
    private static final double TOKENS_END = 0.4;

    private static final double RETRIEVAL_END = 0.7;

    private final Scorer scorer;
    private final CaptionFormat format;
    private final EvaluationSettings settings;
    private final List<Figure> figures = new ArrayList<>();

    Evaluation(Scorer scorer, CaptionFormat format, EvaluationSettings settings) {
        this.scorer = scorer;
        this.format = format;
        this.settings = settings;
    }

    /** @param heldOut in random order, at least two examples */
    Report run(HeldOut heldOut, ScoringProgress progress) {
        List<Example> examples = heldOut.examples();
        tokens(examples, progress);
        List<List<Example>> pools = Retrieval.pools(examples, settings.poolSize(), settings.pools());
        List<Pool> searched = retrieval(pools, progress);
        List<Example> pictures = examples.subList(0, Math.min(settings.captionSamples(), examples.size()));
        int captions = captions(pictures, progress);
        List<Shown> gallery = searched.isEmpty() ? List.of() : gallery(searched.get(0), progress);
        List<Search> searches = searched.isEmpty() ? List.of() : searches(searched.get(0));
        progress.at(1, "evaluated");
        return new Report(
                scorer.objective(),
                examples.size(),
                settings.spanRate(),
                pools.isEmpty() ? 0 : pools.get(0).size(),
                searched.size(),
                captions,
                figures,
                gallery,
                searches);
    }

    private void tokens(List<Example> examples, ScoringProgress progress) {
        Optional<HiddenTokens> hidden = scorer.objective().hiddenTokens();
        if (hidden.isEmpty()) {
            String why = modelOf() + " predicts a token from what is to its left only";
            leaveOut(why, TokenMeasure.metrics(settings.spanRate()));
            return;
        }
        TokenMeasure measure = new TokenMeasure(scorer, hidden.get(), format.layout(), settings);
        int end;
        for (int from = 0; from < examples.size(); from = end) {
            int left = examples.size() - from - settings.batch();
            end = left < 2 ? examples.size() : from + settings.batch(); // one alone would have no other one's picture
            int first = from;
            int count = end - from;
            measure.add(
                    examples.subList(from, end),
                    from,
                    share -> progress.at(TOKENS_END * (first + share * count) / examples.size(), "tokens"));
        }
        figures.addAll(measure.figures());
    }

    private List<Pool> retrieval(List<List<Example>> pools, ScoringProgress progress) {
        String why = !scorer.objective().hasLeftToRightStream()
                ? modelOf() + " has no l2r stream, so no likelihood of a caption"
                : pools.isEmpty() ? "fewer than two names to choose from" : "";
        if (!why.isEmpty()) {
            leaveOut(why, Retrieval.METRICS);
            return List.of();
        }
        Retrieval retrieval = new Retrieval(scorer, format);
        List<Pool> searched = new ArrayList<>();
        for (List<Example> pool : pools) {
            int before = searched.size();
            searched.add(retrieval.score(
                    pool,
                    share -> progress.at(
                            TOKENS_END + (RETRIEVAL_END - TOKENS_END) * (before + share) / pools.size(), "retrieval")));
        }
        figures.addAll(Retrieval.figures(searched));
        return searched;
    }

    private String modelOf() {
        return "a model of objective " + scorer.objective().key();
    }

    /** The prior is the caption of the next picture: what captions of this data have in common. */
    private int captions(List<Example> pictures, ScoringProgress progress) {
        String why = whyNoCaptions();
        if (why == null && pictures.size() < 2) { // one has no other caption to be compared with
            why = "flm.evaluate.caption-samples = " + pictures.size();
        }
        if (why != null) {
            leaveOut(why, List.of(Captions.EXACT_MATCH, Captions.F1));
            return 0;
        }
        List<String> captions = Captions.of(
                scorer,
                format,
                pictures,
                settings.batch(),
                share -> progress.at(RETRIEVAL_END + (1 - RETRIEVAL_END) * share, "captions"));
        double[] sums = new double[4];
        for (int i = 0; i < pictures.size(); i++) {
            String name = pictures.get(i).name();
            String own = captions.get(i);
            String other = captions.get((i + 1) % captions.size());
            sums[0] += Captions.same(own, name) ? 1 : 0;
            sums[1] += Captions.same(other, name) ? 1 : 0;
            sums[2] += Captions.f1(own, name);
            sums[3] += Captions.f1(other, name);
        }
        int n = pictures.size();
        figures.add(new Measured(Captions.EXACT_MATCH, sums[0] / n, sums[1] / n));
        figures.add(new Measured(Captions.F1, sums[2] / n, sums[3] / n));
        return n;
    }

    private @Nullable String whyNoCaptions() {
        if (!scorer.objective().hasLeftToRightStream()) {
            return modelOf() + " has no l2r stream to write captions with";
        }
        return format.layout().beginToken()
                ? null
                : "trained without flm.data.begin-token, so the l2r stream never predicts a first word";
    }

    private List<Shown> gallery(Pool pool, ScoringProgress progress) {
        int count = Math.min(GALLERY, pool.size());
        List<String> captions = whyNoCaptions() == null
                ? Captions.of(
                        scorer,
                        format,
                        pool.examples().subList(0, count),
                        settings.batch(),
                        share -> progress.at(1, "captions to show"))
                : List.of();
        List<Shown> gallery = new ArrayList<>();
        for (int picture = 0; picture < count; picture++) {
            double[] names = pool.likelihoods().texts(picture);
            double all = Likelihoods.logSum(names);
            List<Ranked> best = new ArrayList<>();
            for (int name : Likelihoods.ranking(names).subList(0, Math.min(SHOWN_BEST, names.length))) {
                best.add(new Ranked(pool.examples().get(name).name(), Math.exp(names[name] - all), name == picture));
            }
            gallery.add(
                    new Shown(pool.examples().get(picture), captions.isEmpty() ? null : captions.get(picture), best));
        }
        return gallery;
    }

    private static List<Search> searches(Pool pool) {
        List<Search> searches = new ArrayList<>();
        for (int name = 0; name < Math.min(SEARCHES, pool.size()); name++) {
            List<Integer> ranking = Likelihoods.ranking(pool.likelihoods().pictures(name));
            List<Example> best = ranking.subList(0, Math.min(SHOWN_BEST, pool.size())).stream()
                    .map(pool.examples()::get)
                    .toList();
            searches.add(new Search(pool.examples().get(name), best, ranking.indexOf(name) + 1));
        }
        return searches;
    }

    private void leaveOut(String why, List<Metric> missing) {
        missing.forEach(metric -> figures.add(new Absent(metric, why)));
    }
}
