package io.flm.launch.compare;

import com.fasterxml.jackson.databind.JsonNode;
import io.flm.launch.compare.Cell.Finetune;
import io.flm.launch.compare.Cell.Pretrain;
import io.flm.launch.compare.Cell.Score;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * The choice among an objective's trials: the highest score, by the first measure of the tuning task that its models give. Trials are
 * compared with trials of the same objective alone, so it need not be a measure that all objectives have.
 */
final class Tuning {
    /**
     * What a trial came to.
     *
     * @param score empty: not known yet
     */
    record Outcome(Trial trial, OptionalDouble score) {}

    private final Experiment experiment;
    private final Task task;

    Tuning(Experiment experiment, Task task) {
        this.experiment = experiment;
        this.task = task;
    }

    /** The first measure of which the evaluations of an objective's trials have values. */
    Optional<Measure> measure(Variant variant, Results results) {
        return task.measures().stream()
                .filter(measure -> scores(variant, results).stream()
                        .flatMap(Optional::stream)
                        .anyMatch(score -> score.path(measure.key()).isNumber()))
                .findFirst();
    }

    /** All trials of an objective, in the order of the grid. */
    List<Outcome> outcomes(Variant variant, Results results) {
        Optional<Measure> measure = measure(variant, results);
        List<Trial> grid = Trial.grid(variant, experiment.trials());
        List<Optional<JsonNode>> scores = scores(variant, results);
        List<Outcome> outcomes = new ArrayList<>();
        for (int i = 0; i < grid.size(); i++) {
            JsonNode value = scores.get(i)
                    .flatMap(score -> measure.map(m -> score.path(m.key())))
                    .orElse(null);
            outcomes.add(new Outcome(
                    grid.get(i),
                    value == null || !value.isNumber() ? OptionalDouble.empty() : OptionalDouble.of(value.asDouble())));
        }
        return outcomes;
    }

    /**
     * What an objective is pretrained with; of equal scores the first one's.
     *
     * @throws CellFailure where no trial has a score
     */
    Trial best(Variant variant, Results results) throws CellFailure {
        if (experiment.trials() == 0) {
            return Trial.untuned(variant, experiment.configuration().config());
        }
        Outcome best = null;
        for (Outcome outcome : outcomes(variant, results)) {
            if (outcome.score().isPresent()
                    && (best == null
                            || outcome.score().getAsDouble() > best.score().orElse(Double.NEGATIVE_INFINITY))) {
                best = outcome;
            }
        }
        if (best == null) {
            throw new CellFailure("no trial of " + variant.name() + " has a score of task " + task.name()
                    + ", so it cannot be tuned; give --trials 0 or another task");
        }
        return best.trial();
    }

    private List<Optional<JsonNode>> scores(Variant variant, Results results) {
        List<Optional<JsonNode>> scores = new ArrayList<>();
        for (int trial = 0; trial < experiment.trials(); trial++) {
            Pretrain pretrain = new Pretrain(variant, trial, Experiment.TUNE_SEED, 1, List.of());
            Finetune finetune = task.fineTuned() ? new Finetune(pretrain, 0, task) : null;
            scores.add(
                    results.find(new Score(pretrain, 0, task, finetune).key()).map(node -> node.path("scores")));
        }
        return scores;
    }
}
