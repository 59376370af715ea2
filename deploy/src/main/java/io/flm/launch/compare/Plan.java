package io.flm.launch.compare;

import io.flm.launch.compare.Cell.Calibrate;
import io.flm.launch.compare.Cell.Finetune;
import io.flm.launch.compare.Cell.Pretrain;
import io.flm.launch.compare.Cell.Score;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The cells of an experiment and their order. It decides; {@link Comparison} acts.
 *
 * <pre>
 * calibrate (one an objective) --> tune: pretrain --> [finetune] --> score    the grid, one task
 *                              --> pretrain (best of the grid, one a seed) --> [finetune] --> score   each point, each task
 * </pre>
 */
final class Plan {
    private static final double FIRST_SHARE = 1.0 / 16; // of the budget, at the first checkpoint that is scored

    private final Map<String, Cell> cells = new LinkedHashMap<>();
    private final Experiment experiment;

    private Plan(Experiment experiment) {
        this.experiment = experiment;
    }

    static Plan of(Experiment experiment) {
        Plan plan = new Plan(experiment);
        boolean calibrated = experiment.budget().unit() != Budget.Unit.STEPS;
        if (calibrated) {
            experiment.variants().forEach(variant -> plan.add(new Calibrate(variant)));
        }
        Map<Variant, List<String>> needs = new LinkedHashMap<>();
        for (Variant variant : experiment.variants()) {
            List<String> calibration = calibrated ? List.of(new Calibrate(variant).key()) : List.of();
            List<String> before = new ArrayList<>(calibration);
            for (int trial = 0; trial < experiment.trials(); trial++) {
                Pretrain pretrain = new Pretrain(variant, trial, Experiment.TUNE_SEED, 1, calibration);
                plan.add(pretrain);
                before.add(plan.addScore(pretrain, 0, plan.tuningTask()).key());
            }
            needs.put(variant, before);
        }
        for (int seed = 1; seed <= experiment.seeds(); seed++) { // seed by seed: a first answer comes early
            for (Variant variant : experiment.variants()) {
                Pretrain pretrain =
                        new Pretrain(variant, null, seed, experiment.points(), needs.getOrDefault(variant, List.of()));
                plan.add(pretrain);
                for (int point = 0; point < experiment.points(); point++) {
                    for (Task task : experiment.tasks()) {
                        plan.addScore(pretrain, point, task);
                    }
                }
            }
        }
        return plan;
    }

    private void add(Cell cell) {
        if (cells.put(cell.key(), cell) != null) {
            throw new IllegalStateException("two cells have the key " + cell.key());
        }
    }

    private Score addScore(Pretrain pretrain, int point, Task task) {
        Finetune finetune = task.fineTuned() ? new Finetune(pretrain, point, task) : null;
        if (finetune != null) {
            add(finetune);
        }
        Score score = new Score(pretrain, point, task, finetune);
        add(score);
        return score;
    }

    /** How many cells of each kind there are, in words. */
    String counts() {
        Map<Cell.Kind, Integer> counts = new EnumMap<>(Cell.Kind.class);
        cells.values().forEach(cell -> counts.merge(cell.kind(), 1, Integer::sum));
        return counts.entrySet().stream()
                .map(count -> count.getValue() + " " + count.getKey().word())
                .collect(Collectors.joining(", "));
    }

    /** What all pretrainings take together, trials included. */
    Budget pretraining() {
        return experiment
                .budget()
                .times(experiment.variants().size()
                        * (experiment.seeds() + experiment.trials() * experiment.tuneShare()));
    }

    /** The share of the budget that a trial gets. */
    double tuneShare() {
        return experiment.tuneShare();
    }

    /** The task whose main score chooses among trials: the first one that is fine-tuned, else the first one. */
    Task tuningTask() {
        return experiment.tasks().stream()
                .filter(Task::fineTuned)
                .findFirst()
                .orElse(experiment.tasks().get(0));
    }

    /** All cells, in the order in which they are begun. */
    List<Cell> cells() {
        return List.copyOf(cells.values());
    }

    /**
     * The cell to begin next; empty: none can begin now.
     *
     * @param done the keys of cells with a result
     * @param failed those that failed since the start: what needs them waits for the next start
     * @param running those that are under way
     */
    Optional<Cell> next(Set<String> done, Set<String> failed, Set<String> running) {
        boolean calibrating = running.stream().anyMatch(key -> cells.get(key) instanceof Calibrate);
        if (calibrating) {
            return Optional.empty();
        }
        for (Cell cell : cells.values()) {
            String key = cell.key();
            if (done.contains(key)
                    || failed.contains(key)
                    || running.contains(key)
                    || !done.containsAll(cell.needs())) {
                continue;
            }
            if (cell instanceof Calibrate && !running.isEmpty()) {
                return Optional.empty(); // it is measured alone
            }
            return Optional.of(cell);
        }
        return Optional.empty();
    }

    /** The steps after which a pretraining is scored: evenly in log time, from a sixteenth of the budget to all of it. */
    static List<Long> points(long steps, int count) {
        List<Long> points = new ArrayList<>();
        long last = 0;
        for (int i = 0; i < count; i++) {
            double share = count == 1 ? 1 : Math.pow(FIRST_SHARE, 1 - (double) i / (count - 1));
            long most = steps - (count - 1 - i); // room for those that follow
            last = Math.min(most, Math.max(last + 1, Math.round(steps * share)));
            points.add(last);
        }
        return points;
    }
}
