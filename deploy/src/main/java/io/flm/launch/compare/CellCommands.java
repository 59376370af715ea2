package io.flm.launch.compare;

import com.fasterxml.jackson.databind.JsonNode;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigRenderOptions;
import io.flm.data.WriteErrors;
import io.flm.launch.compare.Cell.Calibrate;
import io.flm.launch.compare.Cell.Finetune;
import io.flm.launch.compare.Cell.Pretrain;
import io.flm.launch.compare.Cell.Score;
import io.flm.launch.run.RunFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The command lines that cells are, such as {@code flm pretrain --config base.conf --objective mlm --seed 1 --steps 4000 ...}.
 *
 * <p>A run that trains evaluates itself at its end. Here it is to take no time for that, so it gets two samples; the cells that score
 * ask for what the configuration says.
 */
final class CellCommands {
    /** Steps of a calibration; the later half counts. Two windows of twenty steps, whose texts are of all lengths. */
    static final int CALIBRATION_STEPS = 80;

    private static final List<String> EVALUATION =
            List.of("samples", "span-rate", "pool-size", "pools", "caption-samples", "seed");

    private static final String EVAL_PATHS = "flm.data.eval-paths"; // pictures, where --val names none

    private final Experiment experiment;
    private final Results results;
    private final Path base;
    private final Places places;

    /**
     * Where cells that train are trained.
     *
     * @param clusters the value of {@code --cluster} for each of the cells that run at once; none: in processes of this machine
     * @param access the options by which their nodes are asked: a token, whom to trust; none: they want none
     * @param parallel cells that run at once
     * @param stamp unlike that of any other start: of the names of runs that a cluster is to begin
     */
    record Places(List<String> clusters, List<String> access, int parallel, String stamp) {
        Places {
            clusters = List.copyOf(clusters);
            access = List.copyOf(access);
        }
    }

    /** @param base holds the experiment's configuration */
    CellCommands(Experiment experiment, Results results, Path base, Places places) {
        this.experiment = experiment;
        this.results = results;
        this.base = base;
        this.places = places;
    }

    /**
     * The folder of the run that a cell trains: one that was begun, or a new one. A cluster keeps all its runs by their names, those of
     * other comparisons too, and those that are done again: there a new one has a name that none had.
     */
    Path run(Cell cell) {
        Path folder = results.folder(cell.key());
        if (places.clusters().isEmpty()) {
            return folder.resolve("run");
        }
        try (Stream<Path> begun = Files.isDirectory(folder) ? Files.list(folder) : Stream.empty()) {
            return begun.filter(RunFiles::isRun)
                    .findFirst()
                    .orElse(folder.resolve(cell.key().replaceAll("[^A-Za-z0-9_.-]", "-") + "-" + places.stamp()));
        } catch (IOException e) {
            throw WriteErrors.of(folder, e, "make it readable, or give another --out");
        }
    }

    List<String> calibrate(Calibrate cell, int slot) {
        List<String> command = training(cell, slot);
        command.addAll(List.of("--objective", cell.variant().objective()));
        List<Double> rates = cell.variant().tried(); // the highest predicts, and so takes, the most
        if (!rates.isEmpty()) {
            command.addAll(set(cell.variant().rateKey(), rates.get(rates.size() - 1)));
        }
        command.addAll(List.of("--seed", "0", "--steps", String.valueOf(CALIBRATION_STEPS)));
        command.addAll(set("flm.train.warmup-steps", 0));
        command.addAll(set("flm.checkpoint.every-steps", CALIBRATION_STEPS));
        return command;
    }

    List<String> pretrain(Pretrain cell, Trial trial, long steps, int slot) {
        List<String> command = training(cell, slot);
        command.addAll(List.of("--objective", cell.variant().objective()));
        if (trial.corruptionRate() != null) {
            command.addAll(set(cell.variant().rateKey(), trial.corruptionRate()));
        }
        command.addAll(set("flm.train.learning-rate", trial.learningRate(experiment.learningRate())));
        command.addAll(List.of("--seed", String.valueOf(cell.seed()), "--steps", String.valueOf(steps)));
        command.addAll(set("flm.checkpoint.keep-at", list(Plan.points(steps, cell.points()))));
        command.addAll(set("flm.checkpoint.keep", 1));
        command.addAll(set("flm.checkpoint.keep-every", 0));
        return command;
    }

    /**
     * Fine-tunes; what comes of it is scored by another cell, so it gets no held-out data.
     *
     * @param checkpoint that is fine-tuned
     */
    List<String> finetune(Finetune cell, Path checkpoint, int slot) {
        List<String> command = new ArrayList<>(List.of("finetune"));
        begin(command, cell, slot);
        if (!RunFiles.isRun(run(cell))) {
            command.addAll(List.of("--task", cell.task().name(), "--from", checkpoint.toString()));
        }
        cell.task().train().forEach(file -> command.addAll(List.of("--train", file.toString())));
        command.addAll(List.of(
                "--steps",
                String.valueOf(experiment.fineTuning()),
                "--seed",
                String.valueOf(cell.pretrained().seed())));
        command.addAll(set(EVAL_PATHS, "[]"));
        command.addAll(set("flm.checkpoint.keep-at", "[]"));
        command.addAll(set("flm.checkpoint.keep", 1));
        experiment.fineTuningSettings().forEach(setting -> command.addAll(List.of("--set", setting)));
        return command;
    }

    /**
     * Scores what is there.
     *
     * @param from a checkpoint, or the run of a fine-tuning
     */
    List<String> score(Score cell, Path from, int slot) {
        List<String> command = new ArrayList<>(List.of("evaluate", "--from", from.toString(), "--json"));
        if (cell.finetuned() != null) {
            command.addAll(List.of("--task", cell.task().name(), "--items"));
            cell.task().validation().forEach(file -> command.addAll(List.of("--val", file.toString())));
            Config all = experiment.configuration().config();
            command.addAll(set(EVAL_PATHS, all.getValue(EVAL_PATHS).render(ConfigRenderOptions.concise())));
        }
        Config config = experiment.configuration().config().getConfig("flm.evaluate");
        for (String key : EVALUATION) {
            command.addAll(set("flm.evaluate." + key, asked(cell, key, config)));
        }
        device(command, slot);
        if (hasPage(cell)) {
            command.addAll(List.of("--html", page(cell).toString()));
        }
        return command;
    }

    private Object asked(Score cell, String key, Config config) {
        if (key.equals("seed") && cell.pretrained().trial() != null) {
            return config.getLong(key) + 1; // trials are chosen by other draws than those that are reported
        }
        if (key.equals("caption-samples") && !hasPage(cell)) {
            return 0; // no measure reads them
        }
        return config.getValue(key).unwrapped();
    }

    /** Whether pictures of it are shown: those of the last checkpoint of the first seed. */
    boolean hasPage(Score cell) {
        return cell.pretrained().trial() == null
                && cell.pretrained().seed() == 1
                && cell.point() == experiment.points() - 1;
    }

    Path page(Score cell) {
        return results.folder(cell.key()).resolve("page.html");
    }

    /** The steps that the budget pays for. */
    long steps(Pretrain cell) {
        Budget budget =
                cell.trial() == null ? experiment.budget() : experiment.budget().times(experiment.tuneShare());
        if (budget.unit() == Budget.Unit.STEPS) {
            return (long) budget.amount();
        }
        JsonNode calibrated = results.get(new Calibrate(cell.variant()).key());
        return budget.steps(StepCost.read(calibrated.path("cost")));
    }

    /**
     * Asks the cluster of a slot, or orders something; empty: cells train on this machine.
     *
     * @param order such as {@code status}, with its options
     */
    Optional<List<String>> ofCluster(int slot, String... order) {
        if (places.clusters().isEmpty()) {
            return Optional.empty();
        }
        List<String> command = new ArrayList<>(List.of(order));
        for (String node : places.clusters().get(slot).split(",", -1)) {
            command.addAll(List.of("--node", node));
        }
        command.add("--json");
        command.addAll(places.access());
        return Optional.of(command);
    }

    private List<String> training(Cell cell, int slot) {
        List<String> command = new ArrayList<>(List.of("pretrain"));
        begin(command, cell, slot);
        command.addAll(List.of("--config", base.toString()));
        return command;
    }

    private void begin(List<String> command, Cell cell, int slot) {
        Path run = run(cell);
        command.addAll(List.of("--run", run.toString(), "--json"));
        if (RunFiles.isRun(run)) {
            command.add("--resume");
        }
        for (String key : List.of("caption-samples", "pools", "every")) {
            command.addAll(set("flm.evaluate." + key, 0));
        }
        command.addAll(set("flm.evaluate.samples", 2));
        if (places.clusters().isEmpty()) {
            device(command, slot);
        } else {
            command.addAll(List.of("--cluster", places.clusters().get(slot)));
            command.addAll(places.access());
        }
    }

    /** Of as many devices as there are cells at once each gets its own. */
    private void device(List<String> command, int slot) {
        String[] devices = experiment
                .configuration()
                .config()
                .getString("flm.worker.devices")
                .split(",", -1);
        if (places.parallel() > 1 && devices.length == places.parallel()) {
            command.addAll(List.of("--devices", devices[slot]));
        }
    }

    private static List<String> set(String key, Object value) {
        return List.of("--set", key + "=" + value);
    }

    private static String list(List<Long> steps) {
        return steps.stream().map(String::valueOf).collect(Collectors.joining(",", "[", "]"));
    }

    /** What {@code --config} of the cells reads. */
    static String render(Config config) {
        return config.withOnlyPath("flm").root().render(ConfigRenderOptions.concise());
    }
}
