package io.flm.launch.command;

import io.flm.data.UserException;
import io.flm.launch.console.Failure;
import io.flm.launch.console.Json;
import io.flm.launch.console.Version;
import io.flm.launch.files.NamedFile;
import io.flm.launch.report.HeldOutEvaluation;
import io.flm.worker.evaluate.HeldOutData;
import io.flm.worker.evaluate.Report;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code flm evaluate}: what a trained model says of pictures that it never saw. */
@Command(
        name = "evaluate",
        description = {
            "Evaluates a trained model on held-out data: single tokens, retrieval by caption likelihood, captions.",
            "Each figure stands beside what chance or the text alone gives."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false)
final class EvaluateCommand implements Callable<Integer> {
    private final Environment environment;

    @Mixin
    private final ModelOptions model = new ModelOptions();

    @Option(
            names = "--data",
            paramLabel = "PATH",
            description = "Held-out data: tar, tar.gz or a folder of them; repeat for more. Default: the run's own.")
    private List<Path> data = List.of();

    @Option(names = "--html", paramLabel = "F", description = "Writes a page with figures, curves and pictures.")
    private @Nullable Path html;

    @Option(names = "--json", description = "Prints one JSON object as the last line of standard output.")
    private boolean json;

    EvaluateCommand(Environment environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() {
        Report report;
        try {
            report = new HeldOutEvaluation(environment.screen(), environment.nanoTime())
                    .run(
                            model.from(environment),
                            model.overrides(environment),
                            data.stream().map(environment::resolve).toList(),
                            html == null ? null : environment.resolve(html),
                            NamedFile::write);
        } catch (HeldOutData.TooFew e) {
            throw new UserException(e.getMessage() + "; give other data with --data", e);
        }
        if (json) {
            environment.out().println(Json.line(report.toMap()));
        }
        return Failure.OK;
    }
}
