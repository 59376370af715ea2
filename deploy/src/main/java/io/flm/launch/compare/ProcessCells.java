package io.flm.launch.compare;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.Config;
import io.flm.data.FileErrors;
import io.flm.data.FileTree;
import io.flm.data.UserException;
import io.flm.data.WriteErrors;
import io.flm.launch.compare.Cell.Calibrate;
import io.flm.launch.compare.Cell.Finetune;
import io.flm.launch.compare.Cell.Pretrain;
import io.flm.launch.compare.Cell.Score;
import io.flm.launch.config.Configuration;
import io.flm.launch.run.MetricsReader;
import io.flm.launch.run.RunFiles;
import io.flm.launch.run.RunLock;
import io.flm.worker.checkpoint.CheckpointStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs each cell as {@code flm pretrain}, {@code flm finetune} or {@code flm evaluate} in a process of its own: one that crashes or runs
 * out of memory takes no other with it. They end with this process, however that ends.
 */
final class ProcessCells implements CellRunner {
    private static final Logger LOG = LoggerFactory.getLogger(ProcessCells.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int LOCK_POLLS = 100;
    private static final int LOCK_POLL_MS = 100;

    private final Experiment experiment;
    private final CellCommands commands;
    private final Tuning tuning;
    private final CellProcesses processes = new CellProcesses();

    ProcessCells(Experiment experiment, CellCommands commands, Tuning tuning) {
        this.experiment = experiment;
        this.commands = commands;
        this.tuning = tuning;
    }

    @Override
    public Map<String, @Nullable Object> run(Cell cell, Results results, int slot)
            throws CellFailure, InterruptedException {
        Path folder = results.folder(cell.key());
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw WriteErrors.of(folder, e, "make room, or give another --out");
        }
        if (cell instanceof Calibrate calibrate) {
            return calibrate(calibrate, results, slot);
        }
        if (cell instanceof Pretrain pretrain) {
            return pretrain(pretrain, results, slot);
        }
        if (cell instanceof Finetune finetune) {
            return finetune(finetune, results, slot);
        }
        return score((Score) cell, results, slot);
    }

    private Map<String, @Nullable Object> calibrate(Calibrate cell, Results results, int slot)
            throws CellFailure, InterruptedException {
        Path begun = commands.run(cell);
        awaitLock(begun);
        endOnCluster(cell, begun, slot, results);
        delete(begun); // what was begun before may have been timed beside something else
        Path run = commands.run(cell);
        JsonNode said = flm(cell, commands.calibrate(cell, slot), results);
        Map<String, @Nullable Object> result = new LinkedHashMap<>();
        result.put("cost", cost(run(said, run)).toMap());
        return result;
    }

    private Map<String, @Nullable Object> pretrain(Pretrain cell, Results results, int slot)
            throws CellFailure, InterruptedException {
        Trial trial = cell.trial() == null
                ? tuning.best(cell.variant(), results)
                : Trial.grid(cell.variant(), experiment.trials()).get(cell.trial());
        long steps = commands.steps(cell);
        try {
            Experiment.requireSteps(
                    cell.trial() == null
                            ? cell.variant().name()
                            : "tuning " + cell.variant().name(),
                    experiment.configuration().config(),
                    steps,
                    cell.points());
        } catch (UserException e) {
            throw new CellFailure(String.valueOf(e.getMessage()));
        }
        Path run = commands.run(cell);
        awaitLock(run);
        endOnCluster(cell, run, slot, results);
        JsonNode said = flm(cell, commands.pretrain(cell, trial, steps, slot), results);
        if (said.path("steps").asLong() != steps) {
            throw new CellFailure("it ended at step " + said.path("steps").asLong() + " of " + steps);
        }
        Path folder = checkpoints(said, run);
        List<Map<String, Object>> points = new ArrayList<>();
        for (long step : Plan.points(steps, cell.points())) {
            Path checkpoint = folder.resolve(CheckpointStore.name(step));
            if (!Files.isDirectory(checkpoint)) {
                throw new CellFailure(checkpoint
                        + ": is not there; a cluster's nodes and this machine must share a file system, and its path");
            }
            Map<String, Object> point = new LinkedHashMap<>();
            point.put("step", step);
            point.put("checkpoint", checkpoint.toString());
            points.add(point);
        }
        Path trained = run(said, run);
        List<JsonNode> metrics = metrics(trained);
        Map<String, @Nullable Object> result = new LinkedHashMap<>();
        result.put("steps", steps);
        result.putAll(trial.toMap(experiment.learningRate()));
        result.put("points", points);
        result.put("cost", cost(trained).toMap());
        result.put("trainingSeconds", StepCost.trainingSeconds(metrics));
        for (String measured : List.of("predictionRate", "corruptionRate")) {
            StepCost.measured(metrics, measured).ifPresent(value -> result.put("measured." + measured, value));
        }
        result.put("weightsSha256", said.path("weightsSha256").asText());
        return result;
    }

    private Map<String, @Nullable Object> finetune(Finetune cell, Results results, int slot)
            throws CellFailure, InterruptedException {
        Path run = commands.run(cell);
        awaitLock(run);
        endOnCluster(cell, run, slot, results);
        JsonNode said =
                flm(cell, commands.finetune(cell, results.checkpoint(cell.pretrained(), cell.point()), slot), results);
        Map<String, @Nullable Object> result = new LinkedHashMap<>();
        result.put("checkpoint", said.path("checkpoint").asText());
        result.put("weightsSha256", said.path("weightsSha256").asText());
        return result;
    }

    private Map<String, @Nullable Object> score(Score cell, Results results, int slot)
            throws CellFailure, InterruptedException {
        Path from = cell.finetuned() == null
                ? results.checkpoint(cell.pretrained(), cell.point())
                : results.checkpoint(cell.finetuned());
        JsonNode evaluation = flm(cell, commands.score(cell, from, slot), results);
        Map<String, @Nullable Object> scores = new LinkedHashMap<>();
        Map<String, @Nullable Object> priors = new LinkedHashMap<>();
        for (Measure measure : cell.task().measures()) {
            measure.in(evaluation).ifPresent(value -> scores.put(measure.key(), value));
            measure.in(evaluation.path("prior")).ifPresent(value -> priors.put(measure.key(), value));
        }
        if (scores.isEmpty() && cell.finetuned() != null) {
            throw new CellFailure("its evaluation tells none of "
                    + cell.task().measures().stream().map(Measure::of).toList());
        }
        Map<String, @Nullable Object> result = new LinkedHashMap<>();
        result.put("scores", scores);
        result.put("priors", priors);
        result.put("evaluation", JSON.convertValue(evaluation, Object.class));
        return result;
    }

    @Override
    public String lastSaid(Cell cell) {
        return processes.lastSaid(cell.key());
    }

    @Override
    public void kept(Cell cell, Results results) {
        if (cell instanceof Score score) {
            if (score.finetuned() != null) {
                forget(results.checkpoint(score.finetuned()).getParent());
            }
            if (score.pretrained().trial() != null) {
                forget(results.checkpoint(score.pretrained(), score.point()).getParent());
            }
        }
    }

    /** Checkpoints that nothing else needs go: each holds three times the parameters. */
    private static void forget(@Nullable Path checkpoints) {
        if (checkpoints != null && checkpoints.endsWith(CheckpointStore.FOLDER)) {
            try {
                FileTree.delete(checkpoints);
            } catch (IOException e) { // they take room, no more
                LOG.warn("{}: cannot be deleted", checkpoints, e);
            }
        }
    }

    /** Where a run's checkpoints are: a cluster's node says where it wrote them. */
    private static Path checkpoints(JsonNode said, Path run) {
        String newest = said.path("checkpoint").asText("");
        Path parent = newest.isEmpty() ? null : Path.of(newest).getParent();
        return parent == null ? run.resolve(CheckpointStore.FOLDER) : parent;
    }

    /** The folder with its metrics. */
    private static Path run(JsonNode said, Path run) {
        Path parent = checkpoints(said, run).getParent();
        return parent != null && Files.exists(RunFiles.metricsOf(parent)) ? parent : run;
    }

    private static StepCost cost(Path run) throws CellFailure {
        Config config = Configuration.builder()
                .run(RunFiles.configurationOf(run), note -> {})
                .build()
                .config();
        return StepCost.of(metrics(run), config);
    }

    static List<JsonNode> metrics(Path run) throws CellFailure {
        Path file = RunFiles.metricsOf(run);
        try {
            return MetricsReader.steps(file);
        } catch (IOException e) {
            throw new CellFailure(file + ": cannot be read (" + FileErrors.reason(e) + ")");
        }
    }

    private static void delete(Path folder) throws CellFailure {
        try {
            FileTree.delete(folder);
        } catch (IOException e) {
            throw new CellFailure(folder + ": cannot be deleted (" + FileErrors.reason(e) + ")");
        }
    }

    /** The process of an interrupted comparison may be about to end. */
    private void awaitLock(Path run) throws InterruptedException {
        for (int poll = 0; poll < LOCK_POLLS && RunLock.isHeld(run) && !processes.stopped(); poll++) {
            Thread.sleep(LOCK_POLL_MS);
        }
    }

    /** A cluster goes on with a run whose command was killed, and takes no other order to train: the run ends with a checkpoint. */
    private void endOnCluster(Cell cell, Path run, int slot, Results results) throws CellFailure, InterruptedException {
        Optional<List<String>> status = RunFiles.isRun(run) ? commands.ofCluster(slot, "status") : Optional.empty();
        if (status.isEmpty()
                || !flm(cell, status.get(), results).path("run").asText().equals(String.valueOf(run.getFileName()))) {
            return;
        }
        try {
            flm(cell, commands.ofCluster(slot, "stop").orElseThrow(), results);
        } catch (CellFailure e) {
            LOG.info("{}: is over already, or will be: {}", run, e.getMessage());
        }
        flm(cell, commands.ofCluster(slot, "status", "--watch").orElseThrow(), results);
    }

    private JsonNode flm(Cell cell, List<String> arguments, Results results) throws CellFailure, InterruptedException {
        return processes.run(cell.key(), arguments, results.folder(cell.key()).resolve("log"));
    }

    @Override
    public void stop() {
        processes.stop();
    }
}
