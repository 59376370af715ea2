package io.flm.launch.compare;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.flm.launch.compare.Cell.Calibrate;
import io.flm.launch.compare.Cell.Finetune;
import io.flm.launch.compare.Cell.Pretrain;
import io.flm.launch.compare.Cell.Score;
import io.flm.worker.task.TaskReport;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * What the results of a comparison's cells say, as far as they are there: score over pretraining for each measure and objective, and how
 * much sooner the first objective reaches what each other one ends with.
 */
final class Findings {
    private static final String ITEMS = "items"; // of an evaluation: the score of each example by measure

    /**
     * The seeds of an objective of which all checkpoints are scored by a measure.
     *
     * @param seeds of these runs
     * @param steps of the checkpoints
     */
    record Scored(Variant variant, List<Integer> seeds, List<Long> steps, List<SpeedUp.Run> runs) {}

    private final Experiment experiment;
    private final Plan plan;
    private final Results results;
    private final Tuning tuning;

    Findings(Experiment experiment, Plan plan, Results results) {
        this.experiment = experiment;
        this.plan = plan;
        this.results = results;
        this.tuning = new Tuning(experiment, plan.tuningTask());
    }

    /** All of it, for programs; the page is drawn from the same. */
    Map<String, @Nullable Object> toMap() {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("experiment", experiment.toMap());
        map.put("unit", experiment.budget().unit().word());
        map.put("unitTitle", experiment.budget().unit().title());
        map.put("cellsDone", results.done().size());
        map.put("cellsAll", plan.cells().size());
        map.put(
                "objectives",
                experiment.variants().stream().map(this::objective).toList());
        List<Map<String, @Nullable Object>> measures = new ArrayList<>();
        for (Task task : experiment.tasks()) {
            for (Measure measure : task.measures()) {
                measures.add(measure(task, measure));
            }
        }
        map.put("measures", measures);
        map.put("cells", plan.cells().stream().map(this::cell).toList());
        map.put("limits", limits());
        return map;
    }

    // ---- objectives

    private Map<String, @Nullable Object> objective(Variant variant) {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("name", variant.name());
        List<JsonNode> runs = runs(variant);
        for (String key : List.of("learningRate", "corruptionRate", "steps")) {
            map.put(key, runs.isEmpty() ? null : plain(runs.get(0).path(key)));
        }
        cost(variant).ifPresent(cost -> map.put("stepCost", cost.toMap()));
        map.put(
                "trainingSeconds",
                runs.stream().map(run -> run.path("trainingSeconds").asDouble()).toList());
        for (String measured : List.of("predictionRate", "corruptionRate")) {
            OptionalDouble mean = runs.stream()
                    .map(run -> run.path("measured." + measured))
                    .filter(JsonNode::isNumber)
                    .mapToDouble(JsonNode::asDouble)
                    .average();
            map.put("measured." + measured, mean.isPresent() ? mean.getAsDouble() : null);
        }
        tuning.measure(variant, results)
                .ifPresent(measure -> map.put("tunedBy", plan.tuningTask().name() + ": " + measure.title()));
        List<Map<String, @Nullable Object>> trials = new ArrayList<>();
        for (Tuning.Outcome outcome : tuning.outcomes(variant, results)) {
            Map<String, @Nullable Object> trial = outcome.trial().toMap(experiment.learningRate());
            trial.put("score", outcome.score().isPresent() ? outcome.score().getAsDouble() : null);
            trials.add(trial);
        }
        map.put("trials", trials);
        return map;
    }

    /** The results of the pretrainings that are done, by seed. */
    private List<JsonNode> runs(Variant variant) {
        List<JsonNode> runs = new ArrayList<>();
        for (int seed = 1; seed <= experiment.seeds(); seed++) {
            results.find(pretrain(variant, seed).key()).ifPresent(runs::add);
        }
        return runs;
    }

    private Pretrain pretrain(Variant variant, int seed) {
        return new Pretrain(variant, null, seed, experiment.points(), List.of());
    }

    /** What a step of an objective takes: as it was calibrated, else the mean over its runs. */
    private Optional<StepCost> cost(Variant variant) {
        Optional<JsonNode> calibrated = results.find(new Calibrate(variant).key());
        if (calibrated.isPresent()) {
            return calibrated.map(result -> StepCost.read(result.path("cost")));
        }
        List<StepCost> costs = runs(variant).stream()
                .map(run -> StepCost.read(run.path("cost")))
                .toList();
        return costs.isEmpty() ? Optional.empty() : Optional.of(StepCost.mean(costs));
    }

    // ---- measures

    private Map<String, @Nullable Object> measure(Task task, Measure measure) {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("task", task.name());
        map.put("key", measure.key());
        map.put("title", measure.title());
        map.put("percent", measure.percent());
        List<Scored> all = new ArrayList<>();
        experiment.variants().forEach(variant -> scored(variant, task, measure).ifPresent(all::add));
        map.put(
                "curves",
                all.stream().map(scored -> curve(scored, task, measure)).toList());
        List<Map<String, @Nullable Object>> speedUps = new ArrayList<>();
        if (!all.isEmpty() && all.get(0).variant().equals(experiment.variants().get(0))) {
            all.subList(1, all.size()).forEach(baseline -> speedUps.addAll(speedUps(all.get(0), baseline)));
        }
        map.put("speedUps", speedUps);
        return map;
    }

    Optional<Scored> scored(Variant variant, Task task, Measure measure) {
        List<Integer> seeds = new ArrayList<>();
        List<SpeedUp.Run> runs = new ArrayList<>();
        List<Long> steps = new ArrayList<>();
        for (int seed = 1; seed <= experiment.seeds(); seed++) {
            Pretrain pretrain = pretrain(variant, seed);
            Optional<JsonNode> pretrained = results.find(pretrain.key());
            if (pretrained.isEmpty()) {
                continue;
            }
            List<Long> at = StreamSupport.stream(pretrained.get().path("points").spliterator(), false)
                    .map(point -> point.path("step").asLong())
                    .toList();
            List<Double> scores = new ArrayList<>();
            List<double[]> items = new ArrayList<>();
            List<Integer> groups = List.of();
            for (int point = 0; point < at.size(); point++) {
                JsonNode result =
                        results.find(score(pretrain, point, task).key()).orElse(MissingNode.getInstance());
                JsonNode value = result.path("scores").path(measure.key());
                if (value.isNumber()) {
                    scores.add(value.asDouble());
                    items(result, measure).ifPresent(items::add);
                    groups = items(result, TaskReport.GROUP)
                            .map(numbers -> Arrays.stream(numbers)
                                    .mapToObj(number -> (int) number)
                                    .toList())
                            .orElse(List.of());
                }
            }
            double unit = cost(variant)
                    .map(cost -> cost.in(experiment.budget().unit()))
                    .orElse(1.0);
            if (!at.isEmpty() && scores.size() == at.size()) {
                seeds.add(seed);
                steps = at;
                runs.add(new SpeedUp.Run(
                        new Curve(at.stream().map(step -> step * unit).toList(), scores),
                        items.size() == at.size() ? items : List.of(),
                        groups));
            }
        }
        return runs.isEmpty() ? Optional.empty() : Optional.of(new Scored(variant, seeds, steps, runs));
    }

    static Score score(Pretrain pretrain, int point, Task task) {
        return new Score(pretrain, point, task, task.fineTuned() ? new Finetune(pretrain, point, task) : null);
    }

    /**
     * The score of each item, so that their mean is the measure's: where that is the mean of several figures, the items of one after
     * those of the other, each weighed as its figure is.
     */
    static Optional<double[]> items(JsonNode result, Measure measure) {
        List<double[]> figures = measure.of().stream()
                .flatMap(figure -> items(result, figure).stream())
                .toList();
        if (figures.size() < measure.of().size()) {
            return Optional.empty();
        }
        double all = figures.stream().mapToInt(each -> each.length).sum();
        return Optional.of(figures.stream()
                .flatMapToDouble(
                        each -> Arrays.stream(each).map(score -> score * all / (figures.size() * (double) each.length)))
                .toArray());
    }

    private static Optional<double[]> items(JsonNode result, String key) {
        JsonNode items = result.path("evaluation").path(ITEMS).path(key);
        return items.isArray() && !items.isEmpty()
                ? Optional.of(StreamSupport.stream(items.spliterator(), false)
                        .mapToDouble(JsonNode::asDouble)
                        .toArray())
                : Optional.empty();
    }

    /** What the text alone, the commonest answer or chance gives, whichever is more, by the last checkpoints. */
    private OptionalDouble prior(Scored scored, Task task, Measure measure) {
        return scored.seeds().stream()
                .map(seed -> results.get(score(pretrain(scored.variant(), seed), experiment.points() - 1, task)
                        .key()))
                .map(result -> DoubleStream.concat(
                        Stream.of(result.path("priors").path(measure.key()))
                                .filter(JsonNode::isNumber)
                                .mapToDouble(JsonNode::asDouble),
                        measure.in(result.path("evaluation").path("majority")).stream()))
                .flatMap(known -> known.max().stream().boxed())
                .mapToDouble(most -> most)
                .average();
    }

    /** What is to be said of an objective that ends no better than without the picture. */
    private Optional<String> atChance(Scored scored, Task task, Measure measure) {
        double last = Curve.mean(scored.runs().stream().map(SpeedUp.Run::curve).toList())
                .lastScore();
        OptionalDouble prior = prior(scored, task, measure);
        return prior.isPresent() && last <= prior.getAsDouble()
                ? Optional.of(measure.title() + " (" + task.name() + "): "
                        + scored.variant().name()
                        + " ends no higher than what chance, the commonest answer or the text alone gives, so a"
                        + " factor to its score"
                        + " says nothing.")
                : Optional.empty();
    }

    private Map<String, @Nullable Object> curve(Scored scored, Task task, Measure measure) {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("objective", scored.variant().name());
        map.put("seeds", scored.seeds());
        OptionalDouble prior = prior(scored, task, measure);
        map.put("prior", prior.isPresent() ? prior.getAsDouble() : null);
        List<Map<String, Object>> points = new ArrayList<>();
        for (int i = 0; i < scored.steps().size(); i++) {
            int at = i;
            double[] scores = scored.runs().stream()
                    .mapToDouble(run -> run.curve().scores().get(at))
                    .sorted()
                    .toArray();
            Map<String, Object> point = new LinkedHashMap<>();
            point.put("step", scored.steps().get(i));
            point.put("amount", scored.runs().get(0).curve().times().get(i));
            point.put("mean", Arrays.stream(scores).average().orElseThrow());
            point.put("low", scores[0]);
            point.put("high", scores[scores.length - 1]);
            point.put(
                    "scores",
                    scored.runs().stream()
                            .map(run -> run.curve().scores().get(at))
                            .toList());
            points.add(point);
        }
        map.put("points", points);
        return map;
    }

    /** In the budget's unit first, then in the others. */
    private List<Map<String, @Nullable Object>> speedUps(Scored challenger, Scored baseline) {
        SpeedUp measured = SpeedUp.of(challenger.runs(), baseline.runs());
        List<Map<String, @Nullable Object>> all = new ArrayList<>();
        Budget.Unit own = experiment.budget().unit();
        all.add(speedUp(challenger, baseline, own, measured));
        Optional<StepCost> challengers = cost(challenger.variant());
        Optional<StepCost> baselines = cost(baseline.variant());
        if (challengers.isEmpty() || baselines.isEmpty()) {
            return all;
        }
        for (Budget.Unit unit : Budget.Unit.values()) {
            double each = challengers.get().in(unit) / challengers.get().in(own);
            double other = baselines.get().in(unit) / baselines.get().in(own);
            if (unit != own && each > 0 && other > 0) {
                all.add(speedUp(challenger, baseline, unit, measured.in(each, other)));
            }
        }
        return all;
    }

    private static Map<String, @Nullable Object> speedUp(
            Scored challenger, Scored baseline, Budget.Unit unit, SpeedUp speedUp) {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("objective", challenger.variant().name());
        map.put("baseline", baseline.variant().name());
        map.put("unit", unit.word());
        map.put("unitTitle", unit.title());
        map.putAll(speedUp.toMap());
        map.put("seeds", Math.min(challenger.seeds().size(), baseline.seeds().size()));
        Range interval = speedUp.interval();
        map.put("text", interval == null ? "none: one seed" : speedUp.factor().toString());
        map.put("intervalText", interval == null ? "" : interval.toString());
        return map;
    }

    // ---- cells

    private Map<String, @Nullable Object> cell(Cell cell) {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("key", cell.key());
        map.put("kind", cell.kind().word());
        Optional<JsonNode> result = results.find(cell.key());
        map.put("done", result.isPresent());
        map.put("seconds", result.map(node -> plain(node.path("seconds"))).orElse(null));
        map.put("steps", result.map(node -> plain(node.path("steps"))).orElse(null));
        map.put("scores", result.map(node -> plain(node.path("scores"))).orElse(null));
        return map;
    }

    private static @Nullable Object plain(JsonNode value) {
        return value.isMissingNode() || value.isNull() ? null : value;
    }

    // ---- what it does not say

    private List<String> limits() {
        List<String> limits = new ArrayList<>();
        for (Task task : experiment.tasks()) {
            for (Measure measure : task.measures()) {
                experiment
                        .variants()
                        .forEach(variant -> scored(variant, task, measure)
                                .flatMap(scored -> atChance(scored, task, measure))
                                .ifPresent(limits::add));
            }
        }
        int seeds = experiment.seeds();
        limits.add(
                seeds == 1
                        ? "One seed: how much another one would differ is not known. A factor is given where the"
                                + " scores of single examples are known, with an interval that tells of these alone."
                        : String.format(
                                Locale.ROOT,
                                "%d seeds: the bands go from the lowest to the highest of them. An interval that comes"
                                        + " of drawing %d seeds anew is rather too narrow than too wide.",
                                seeds,
                                seeds));
        limits.add("A budget of " + experiment.budget()
                + " an objective. A factor changes with the budget: what is true of short"
                + " runs need not be of long ones.");
        if (experiment.trials() > 0 && plan.tuningTask().fineTuned()) {
            limits.add("The grid was scored on data of " + plan.tuningTask().name()
                    + " that are reported, too: these scores are a little high, of all objectives alike.");
        }
        limits.add(
                experiment.trials() == 0
                        ? "Nothing was tuned: all objectives had the learning rate and corruption rate of the"
                                + " configuration."
                        : String.format(
                                Locale.ROOT,
                                "Each objective was tuned on %d points, each with %.0f %% of the budget and one seed"
                                        + " of its own. The best settings of a short run need not be those of a long one.",
                                experiment.trials(),
                                100 * experiment.tuneShare()));
        if (plan.cells().size() > results.done().size()) {
            limits.add((plan.cells().size() - results.done().size()) + " of "
                    + plan.cells().size()
                    + " cells are not done: curves of seeds whose checkpoints are not all scored are left out.");
        }
        return limits;
    }
}
