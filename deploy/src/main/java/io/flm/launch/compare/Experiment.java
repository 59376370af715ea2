package io.flm.launch.compare;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigValueFactory;
import io.flm.data.DataSettings;
import io.flm.data.UserException;
import io.flm.launch.config.Configuration;
import io.flm.launch.config.Presets;
import io.flm.worker.config.Key;
import io.flm.worker.config.Keys;
import io.flm.worker.train.TrainSettings;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * What is compared: everything that the figures depend on.
 *
 * @param variants the first one is compared with each of the others
 * @param seeds of pretraining, from 1
 * @param budget of each pretraining
 * @param trials points of the grid on which each objective is tuned; 0: none is tuned
 * @param tuneShare of the budget that a trial gets
 * @param points checkpoints of a pretraining that are scored
 * @param fineTuning steps of each fine-tuning
 * @param fineTuningSettings {@code key=value} of each fine-tuning, over those of its task; with a learning rate, so that what was tuned
 *     for pretraining changes no fine-tuning
 * @param configuration of pretraining, but for what differs between the cells
 */
record Experiment(
        List<Variant> variants,
        int seeds,
        Budget budget,
        List<Task> tasks,
        int trials,
        double tuneShare,
        int points,
        long fineTuning,
        List<String> fineTuningSettings,
        Configuration configuration) {
    /** Of tuning alone. */
    static final int TUNE_SEED = 0;

    private static final int MOST = 1000;
    private static final String RATE = "flm.train.learning-rate";
    private static final long MOST_STEPS = 1_000_000_000; // of a run: flm.train.steps

    /** What a comparison depends on though a run's identity does not. */
    private static final Set<String> MORE_KEYS = Set.of(
            "flm.data.paths",
            "flm.data.eval-paths",
            "flm.data.tokenizer",
            "flm.evaluate.samples",
            "flm.evaluate.span-rate",
            "flm.evaluate.pool-size",
            "flm.evaluate.pools",
            "flm.evaluate.seed");

    /** What the cells decide. */
    private static final Set<String> OF_CELLS = Set.of("flm.train.objective", "flm.train.seed", "flm.train.steps");

    Experiment {
        variants = List.copyOf(variants);
        tasks = List.copyOf(tasks);
        fineTuningSettings = tasks.stream().anyMatch(Task::fineTuned)
                ? withRate(fineTuningSettings, configuration.config())
                : List.copyOf(fineTuningSettings);
        Set<String> names = new HashSet<>();
        variants.forEach(variant -> {
            if (!names.add(variant.name())) {
                throw new UserException("--objectives: " + variant.name() + " is there twice; give it once");
            }
        });
        if (variants.isEmpty() || tasks.isEmpty()) {
            throw new UserException("nothing to compare: give --objectives and --tasks");
        }
        within("--seeds", seeds, 1);
        within("--trials", trials, 0);
        within("--points", points, 1);
        if (!(tuneShare > 0 && tuneShare <= 1)) {
            throw new UserException("--tune-share " + tuneShare + ": give a share above 0 and up to 1");
        }
        if (budget.unit() == Budget.Unit.STEPS) { // what other budgets pay for is measured first
            requireSteps("a pretraining", configuration.config(), (long) budget.amount(), points);
            if (trials > 0) {
                requireSteps(
                        "tuning (--tune-share " + tuneShare + ")",
                        configuration.config(),
                        (long) budget.times(tuneShare).amount(),
                        1);
            }
        }
    }

    /**
     * A fine-tuning takes its learning rate from that of the pretraining, which differs between the trials of a grid: here all have that
     * of the configuration.
     */
    private static List<String> withRate(List<String> given, Config config) {
        if (given.stream().anyMatch(setting -> setting.strip().startsWith(RATE))) {
            return List.copyOf(given);
        }
        List<String> all = new ArrayList<>();
        all.add(RATE + "=" + config.getDouble(RATE) * Presets.FINE_TUNING_RATE);
        all.addAll(given);
        return List.copyOf(all);
    }

    private static void within(String option, int value, int least) {
        if (value < least || value > MOST) {
            throw new UserException(option + " " + value + ": give a number from " + least + " to " + MOST);
        }
    }

    /** @throws UserException where so many steps are no more than the warm-up, too few for the checkpoints, or more than a run may have */
    static void requireSteps(String what, Config config, long steps, int points) {
        long warmup = TrainSettings.from(config.withValue("flm.train.steps", ConfigValueFactory.fromAnyRef(steps)))
                .warmupSteps();
        if (steps <= warmup) {
            throw new UserException("the budget of " + what + " is " + steps + " steps, and the warm-up alone takes "
                    + warmup + "; give a larger --budget, or fewer flm.train.warmup-steps");
        }
        if (steps > MOST_STEPS) {
            throw new UserException(String.format(
                    Locale.ROOT,
                    "the budget of %s is %,d steps, and a run has at most %,d; give a smaller --budget",
                    what,
                    steps,
                    MOST_STEPS));
        }
        if (steps < points) {
            throw new UserException("the budget of " + what + " is " + steps + " steps, too few for " + points
                    + " checkpoints; give a larger --budget, or fewer --points");
        }
    }

    /** The learning rate that the trials' factors multiply. */
    double learningRate() {
        return configuration.config().getDouble(RATE);
    }

    /** All of it, as the comparison's folder keeps it to know another one by. */
    Map<String, Object> toMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("objectives", variants.stream().map(Variant::name).toList());
        map.put("seeds", seeds);
        map.put("budget", budget.exact());
        Map<String, Object> ofTasks = new LinkedHashMap<>();
        tasks.forEach(task -> ofTasks.put(task.name(), task.toMap()));
        map.put("tasks", ofTasks);
        map.put("trials", trials);
        map.put("tuneShare", tuneShare);
        map.put("points", points);
        map.put("fineTuningSteps", fineTuning);
        map.put("fineTuningSettings", fineTuningSettings);
        Map<String, Object> keys = new LinkedHashMap<>();
        for (Key key : keys()) {
            Object meaning = key.domain().meaning(configuration.config().getValue(key.name()));
            keys.put(key.name(), meaning instanceof BigDecimal amount ? amount.toPlainString() : meaning);
        }
        map.put("configuration", keys);
        map.put("contents", Contents.of(dataFiles()));
        return map;
    }

    private List<Path> dataFiles() {
        DataSettings data = DataSettings.from(configuration.config());
        List<Path> files = new ArrayList<>(data.paths());
        files.addAll(data.evalPaths());
        files.add(data.tokenizer());
        return files;
    }

    private static List<Key> keys() {
        List<Key> keys = new ArrayList<>();
        for (Key key : Keys.known().byName().values()) {
            boolean decides = key.role() != Key.Role.OPERATIONAL || MORE_KEYS.contains(key.name());
            if (decides && !OF_CELLS.contains(key.name())) {
                keys.add(key);
            }
        }
        return keys;
    }
}
