package io.flm.launch.command;

import akka.actor.ActorSystem;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigValueFactory;
import io.flm.data.Corruption;
import io.flm.data.DataBench;
import io.flm.data.DataSettings;
import io.flm.data.StageCount;
import io.flm.data.TextLayout;
import io.flm.data.Tokenizer;
import io.flm.launch.console.Failure;
import io.flm.launch.console.Json;
import io.flm.launch.console.Version;
import io.flm.launch.console.Waiting;
import io.flm.worker.train.TrainSettings;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code flm data bench}: samples a second of each stage of the pipeline. */
@Command(
        name = "bench",
        description = "Measures each stage of the pipeline on 640 x 480 JPEGs that it makes.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false)
final class DataBenchCommand implements Callable<Integer> {
    private final Environment environment;

    @Mixin
    private final ConfigOptions options = new ConfigOptions();

    @Option(names = "--batches", paramLabel = "N", description = "How many batches of 32 are timed (30).")
    private int batches = 30;

    @Option(names = "--json", description = "Prints one JSON object.")
    private boolean json;

    DataBenchCommand(Environment environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() {
        Config config = options.layers(environment).build().config();
        DataSettings settings = DataSettings.from(config);
        ActorSystem system = ActorSystem.create(
                "flm-bench", config.withValue("akka.actor.provider", ConfigValueFactory.fromAnyRef("local")));
        try (Tokenizer tokenizer = Tokenizer.load(settings.tokenizer())) {
            DataBench bench = measured(system, tokenizer, settings, config);
            environment.out().print(json ? Json.line(map(bench)) + System.lineSeparator() : render(bench, settings));
            return Failure.OK;
        } finally {
            system.terminate();
        }
    }

    private DataBench measured(ActorSystem system, Tokenizer tokenizer, DataSettings settings, Config config) {
        TextLayout layout = new TextLayout(tokenizer.vocabulary(), settings.beginToken());
        Corruption corruption = TrainSettings.from(config).objective().corruption(layout);
        int imageSize = config.getInt("flm.model.image-size");
        Waiting waiting = Waiting.shown(environment.screen(), "reading and decoding " + batches + " batches");
        try {
            return DataBench.run(system, tokenizer, settings, corruption, imageSize, batches);
        } finally {
            waiting.close();
        }
    }

    private static Map<String, Object> map(DataBench bench) {
        Map<String, Object> stages = new LinkedHashMap<>();
        bench.stages().forEach(stage -> stages.put(stage.stage(), stage.samplesPerSecond()));
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("samplesPerSecond", bench.samplesPerSecond());
        map.put("stageSamplesPerSecond", stages);
        map.put("decoderShare", bench.decoderShare());
        return map;
    }

    /** A stage may have done all its work before the time was taken. */
    private static String speed(StageCount stage) {
        return stage.samples() == 0 ? "- (was ahead)" : String.format(Locale.ROOT, "%,.0f", stage.samplesPerSecond());
    }

    private static String render(DataBench bench, DataSettings settings) {
        StringBuilder text = new StringBuilder(String.format("%-13s %s%n", "stage", "samples/s of one thread"));
        for (StageCount stage : bench.stages()) {
            text.append(String.format(Locale.ROOT, "%-13s %s%n", stage.stage(), speed(stage)));
        }
        text.append(String.format(
                Locale.ROOT,
                "%-13s %,.0f samples/s, %d decoding thread(s); the JPEG decoder alone takes %.0f %% of decode%n",
                "together",
                bench.samplesPerSecond(),
                settings.decodeThreads(),
                100 * bench.decoderShare()));
        return text.toString();
    }
}
