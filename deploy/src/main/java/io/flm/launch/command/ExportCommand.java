package io.flm.launch.command;

import io.flm.data.PlainText;
import io.flm.launch.config.Configuration;
import io.flm.launch.console.Failure;
import io.flm.launch.console.Json;
import io.flm.launch.console.Version;
import io.flm.launch.export.Export;
import io.flm.launch.export.Export.Format;
import io.flm.launch.export.Export.Written;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code flm export}: a trained model as other programs read it. */
@Command(
        name = "export",
        description = {
            "Writes a trained model as other programs read it.",
            "official: the weights by the names of the official implementation, as safetensors. hf: a folder in the style of"
                    + " Hugging Face with a Python file that runs the model on plain PyTorch. torchscript: archives for servers that have"
                    + " libtorch alone."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false)
final class ExportCommand implements Callable<Integer> {
    private static final String PYTHON = "deploy/python/modeling_flm.py";

    /** What was written, as JSON. */
    private record ExportJson(
            String format, String folder, String checkpoint, long step, String weightsSha256, List<Written> files) {}

    private final Environment environment;

    @Option(
            names = "--from",
            required = true,
            paramLabel = "RUN_OR_CHECKPOINT",
            description = "A run's folder, of which the newest whole checkpoint is taken, or a checkpoint's folder.")
    private Path from = Path.of("");

    @Option(names = "--format", required = true, paramLabel = "FORMAT", description = "official, hf or torchscript.")
    private Format format = Format.HF;

    @Parameters(paramLabel = "DIR", description = "The folder that is written: one that is not there yet, or empty.")
    private Path folder = Path.of("");

    @Option(
            names = "--tokenizer",
            paramLabel = "F",
            description = "hf, torchscript: the tokenizer.json, where it was moved.")
    private @Nullable Path tokenizer;

    @Option(
            names = "--force",
            description = "Replaces an earlier export. A folder that holds anything else is never replaced.")
    private boolean force;

    @Option(names = "--json", description = "Prints one JSON object as the last line of standard output.")
    private boolean json;

    ExportCommand(Environment environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() {
        Path into = environment.resolve(folder);
        Export.requireFree(into, force);
        Configuration.Builder layers = Configuration.builder();
        if (tokenizer != null) {
            layers.option("flm.data.tokenizer", tokenizer.toString(), "--tokenizer", environment.folder());
        }
        Export export = Export.open(environment.resolve(from), layers.build().given(), environment::say);
        List<Written> files =
                export.write(format, into, force, environment.home().resolve(PYTHON));
        if (json) {
            environment
                    .out()
                    .println(Json.line(new ExportJson(
                            format.name().toLowerCase(Locale.ROOT),
                            into.toString(),
                            export.checkpoint().folder().toString(),
                            export.checkpoint().step(),
                            export.checkpoint().weightsSha256(),
                            files)));
        } else {
            files.forEach(file -> environment
                    .out()
                    .println(PlainText.of(
                            String.format(Locale.ROOT, "%s  %,d bytes", into.resolve(file.name()), file.bytes()))));
        }
        return Failure.OK;
    }
}
