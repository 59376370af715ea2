package io.flm.launch.command;

import com.typesafe.config.Config;
import io.flm.launch.console.Json;
import io.flm.launch.console.Program;
import io.flm.launch.files.PlainFile;
import io.flm.launch.report.HeldOutEvaluation;
import io.flm.launch.run.RunFiles;
import io.flm.launch.submit.RunRequest;
import io.flm.worker.evaluate.HeldOutData;
import io.flm.worker.evaluate.Report;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The evaluation that a finished run of {@code flm pretrain} ends with, as far as there are data for it. */
final class LastEvaluation {
    private LastEvaluation() {}

    /** Evaluates, and writes what came of it into the run's folder; else says in one line why there is none. */
    static Optional<Report> of(Environment environment, RunRequest request, Path checkpoint) {
        Config config = request.config();
        if (!Files.isDirectory(
                checkpoint)) { // a cluster's lies on the disk of one of its nodes, which may be another host
            environment.say("the checkpoint is on another host: evaluate it there with "
                    + Program.hint("evaluate", "--from", checkpoint.toString()));
            return Optional.empty();
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
            return Optional.of(report);
        } catch (HeldOutData.TooFew e) {
            if (request.configuration().asksForHoldOut()) {
                throw e;
            }
            environment.say("not evaluated: " + e.getMessage() + "; evaluate it on other data with "
                    + Program.hint("evaluate", "--from", checkpoint.toString(), "--data", "PATH"));
            return Optional.empty();
        }
    }
}
