package io.flm.launch.command;

import com.typesafe.config.Config;
import io.flm.data.UserException;
import io.flm.launch.console.Json;
import io.flm.launch.console.Program;
import io.flm.launch.files.PlainFile;
import io.flm.launch.report.HeldOutEvaluation;
import io.flm.launch.report.TaskEvaluation;
import io.flm.launch.run.RunFiles;
import io.flm.launch.submit.RunRequest;
import io.flm.launch.tensorboard.HeldOutEvents;
import io.flm.worker.evaluate.HeldOutData;
import io.flm.worker.evaluate.Report;
import io.flm.worker.task.Task;
import io.flm.worker.task.TaskReport;
import io.flm.worker.train.RunData;
import io.flm.worker.train.Tasks;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The evaluation that a finished run of {@code flm pretrain} ends with, as far as there are data for it. */
final class LastEvaluation {
    private LastEvaluation() {}

    /**
     * Evaluates, and writes what came of it into the run's folder; else says in one line why there is none.
     *
     * @param steps that the checkpoint was trained for
     */
    static Optional<Map<String, @Nullable Object>> of(
            Environment environment, RunRequest request, Path checkpoint, long steps) {
        Config config = request.config();
        if (!Files.isDirectory(
                checkpoint)) { // a cluster's lies on the disk of one of its nodes, which may be another host
            environment.say("the checkpoint is on another host: evaluate it there with "
                    + Program.hint("evaluate", "--from", checkpoint.toString()));
            return Optional.empty();
        }
        if (Tasks.of(config).isPresent()) {
            return ofTask(environment, request, checkpoint);
        }
        if (!HeldOutData.exists(config)) {
            environment.say(
                    "not evaluated: no held-out data; give them with --eval-data, or hold out a share of your own"
                            + " with --hold-out 1%");
            return Optional.empty();
        }
        try {
            Report report = new HeldOutEvaluation(environment.screen(), environment.nanoTime())
                    .run(checkpoint, config, List.of(), request.run().resolve("held-out.html"), PlainFile::replace);
            RunFiles.write(request.run().resolve("held-out.json"), Json.line(report.toMap()) + System.lineSeparator());
            if (config.getBoolean("flm.run.tensorboard")) {
                writeEvents(environment, request.run(), steps, report);
            }
            return Optional.of(report.toMap());
        } catch (HeldOutData.TooFew e) {
            if (request.configuration().asksForHoldOut()) {
                throw e;
            }
            environment.say("not evaluated: " + e.getMessage() + "; evaluate it on other data with "
                    + Program.hint("evaluate", "--from", checkpoint.toString(), "--data", "PATH"));
            return Optional.empty();
        }
    }

    /** The evaluation stands in the run's folder already: it does not fail for want of its events. */
    private static void writeEvents(Environment environment, Path run, long steps, Report report) {
        try {
            HeldOutEvents.write(RunFiles.tensorBoardOf(run), steps, report, Clock.systemUTC());
        } catch (UserException e) {
            environment.warn("the evaluation is not shown in TensorBoard: " + e.getMessage());
        }
    }

    private static Optional<Map<String, @Nullable Object>> ofTask(
            Environment environment, RunRequest request, Path checkpoint) {
        Config config = request.config();
        Task task = Tasks.of(config).orElseThrow();
        if (!RunData.isScored(task, config)) {
            environment.say("not scored: no --val was given; score it with "
                    + Program.hint(EvaluateCommand.scoring(checkpoint.toString(), task)));
            return Optional.empty();
        }
        Path run = request.run();
        TaskReport report = new TaskEvaluation(environment.screen(), environment.nanoTime())
                .run(
                        checkpoint,
                        config,
                        List.of(),
                        List.of(),
                        new TaskEvaluation.Written(run.resolve("scores.html"), null, PlainFile::replace));
        RunFiles.write(run.resolve("scores.json"), Json.line(report.toMap()) + System.lineSeparator());
        return Optional.of(report.toMap());
    }
}
