package io.flm.launch.command;

import io.flm.data.PlainText;
import io.flm.data.UserException;
import io.flm.launch.console.Failure;
import io.flm.launch.console.Json;
import io.flm.launch.console.Version;
import io.flm.worker.decode.Decoding;
import io.flm.worker.evaluate.PictureCaptions.Caption;
import io.flm.worker.evaluate.TrainedModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code flm caption}: a caption for each picture. */
@Command(
        name = "caption",
        description = {
            "Writes a caption for each picture, token by token with the l2r stream.",
            "It takes the likeliest token again and again; with --beam the best of several captions; with --temperature"
                    + " or --top-p tokens that are drawn."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false)
final class CaptionCommand implements Callable<Integer> {
    /** A caption as JSON. */
    private record CaptionJson(String image, String caption, double logProbability) {}

    private final Environment environment;

    @Mixin
    private final ModelOptions model = new ModelOptions();

    @Mixin
    private final DecodingOptions decoding = new DecodingOptions();

    @Parameters(paramLabel = "IMAGE", arity = "1..*", description = "PNG, JPEG, WebP, GIF, BMP or TIFF files.")
    private List<Path> images = List.of();

    @Option(names = "--json", description = "Prints one JSON object a picture.")
    private boolean json;

    CaptionCommand(Environment environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() {
        Decoding how = decoding.decoding();
        int maxTokens = decoding.maxTokens();
        List<Path> files = images.stream().map(environment::resolve).toList();
        try (TrainedModel trained =
                TrainedModel.load(model.from(environment), model.overrides(environment), environment::say)) {
            List<UserException> unreadable = new ArrayList<>();
            trained.caption(files, how, maxTokens, this::print, e -> {
                unreadable.add(e);
                environment.warn(String.valueOf(e.getMessage()));
            });
            return unreadable.isEmpty()
                    ? Failure.OK
                    : unreadable.size() < files.size() ? Failure.FAILED : Failure.REFUSED;
        }
    }

    private void print(Caption caption) {
        environment
                .out()
                .println(
                        json
                                ? Json.line(new CaptionJson(
                                        caption.image().toString(), caption.text(), caption.logProbability()))
                                : PlainText.of(line(caption)));
    }

    private static String line(Caption caption) {
        return String.format(
                Locale.ROOT,
                "%s: %s (probability %.2g)",
                caption.image(),
                caption.text(),
                Math.exp(caption.logProbability()));
    }
}
