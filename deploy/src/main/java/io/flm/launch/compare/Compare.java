package io.flm.launch.compare;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.coordinator.http.PemFiles;
import io.flm.data.SmallFile;
import io.flm.data.UserException;
import io.flm.launch.compare.Cell.Pretrain;
import io.flm.launch.compare.Cell.Score;
import io.flm.launch.config.Configuration;
import io.flm.launch.config.Settings;
import io.flm.launch.console.Json;
import io.flm.launch.console.Screen;
import io.flm.launch.html.ComparisonPage;
import io.flm.launch.run.NodeAddress;
import io.flm.worker.evaluate.HeldOutData;
import io.flm.worker.objective.Objective;
import io.flm.worker.train.Objectives;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A comparison of objectives in its folder, from the options to the report. It holds the folder until it is closed. */
public final class Compare implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Compare.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int MOST_PAGE_BYTES = 16 << 20;

    /** Without a terminal how it stands is told so often. */
    private static final Duration ON_PIPE = Duration.ofMinutes(1);

    /**
     * What the user asked for.
     *
     * @param train files by task
     * @param validation files by task
     * @param fineTuningSettings {@code key=value} of each fine-tuning
     * @param clusters where cells train, one at a time in each; none: on this machine
     * @param tokenFile of the clusters; null: they want none
     * @param caFile of who signed their nodes' certificates; null: those that Java knows
     */
    public record Options(
            List<String> objectives,
            int seeds,
            String budget,
            List<String> tasks,
            Map<String, List<Path>> train,
            Map<String, List<Path>> validation,
            int trials,
            double tuneShare,
            int points,
            long fineTuning,
            List<String> fineTuningSettings,
            int parallel,
            List<String> clusters,
            @Nullable Path tokenFile,
            @Nullable Path caFile) {

        /** What else would be found out in the middle. */
        private void check() {
            if (parallel < 1) {
                throw new UserException("--parallel " + parallel + ": give at least 1");
            }
            if (fineTuning < 1) {
                throw new UserException("--finetune-steps " + fineTuning + ": give at least 1");
            }
            Set<String> given = new HashSet<>();
            for (String cluster : clusters) {
                for (String node : cluster.split(",", -1)) {
                    if (new NodeAddress(node, "").api().isEmpty()) {
                        throw new UserException("--cluster " + cluster
                                + ": give a node as HOST:PORT, such as 127.0.0.1:8080, or several of one cluster with"
                                + " commas");
                    }
                    if (!given.add(node)) {
                        throw new UserException("--cluster: " + node
                                + " is there twice, and a cluster trains one run at a time; give it once");
                    }
                }
            }
            NodeAddress.readToken(tokenFile == null ? "" : tokenFile.toString());
            if (caFile != null) {
                PemFiles.certificates(caFile, "--ca-file");
            }
            for (String setting : fineTuningSettings) {
                Configuration.builder().set(setting, Path.of("")); // refused by its key or value
            }
            train.forEach((task, files) -> files.forEach(file -> requireThere("--train " + task, file)));
            validation.forEach((task, files) -> files.forEach(file -> requireThere("--val " + task, file)));
        }

        /** The options by which nodes are asked. */
        List<String> access() {
            List<String> access = new ArrayList<>();
            if (tokenFile != null) {
                access.addAll(List.of("--token-file", tokenFile.toString()));
            }
            if (caFile != null) {
                access.addAll(List.of("--ca-file", caFile.toString()));
            }
            return access;
        }

        /** It is read when the first pretraining is over. A pattern of many names is left to whoever reads it. */
        private static void requireThere(String option, Path file) {
            if (!file.toString().contains("{") && !Files.exists(file)) {
                throw new UserException(option + "=" + file + ": no such file or folder; give another one");
            }
        }
    }

    /**
     * How it ended.
     *
     * @param failed why, by the key of the cell
     * @param left cells that are not done
     * @param report the report's JSON
     */
    public record Ended(Map<String, String> failed, int left, String report) {}

    private final Experiment experiment;
    private final Plan plan;
    private final Results results;
    private final ComparisonFolder folder;
    private final Comparison comparison;
    private final Screen screen;

    private Compare(
            Experiment experiment, ComparisonFolder folder, Options options, Screen screen, LongSupplier nanoTime) {
        this.experiment = experiment;
        this.folder = folder;
        this.screen = screen;
        plan = Plan.of(experiment);
        results = new Results(folder.path());
        results.read(plan);
        int parallel = options.clusters().isEmpty()
                ? options.parallel()
                : options.clusters().size();
        CellCommands commands = new CellCommands(
                experiment,
                results,
                folder.base(),
                new CellCommands.Places(
                        options.clusters(),
                        options.access(),
                        parallel,
                        Long.toString(ProcessHandle.current().pid(), Character.MAX_RADIX)
                                + Long.toString(nanoTime.getAsLong() & Long.MAX_VALUE, Character.MAX_RADIX)));
        ProcessCells cells = new ProcessCells(experiment, commands, new Tuning(experiment, plan.tuningTask()));
        comparison = new Comparison(plan, results, cells, parallel, nanoTime, new Comparison.Screen() {
            @Override
            public void say(String sentence) {
                LOG.info("{}", sentence);
                screen.say(sentence);
            }

            private long toldAt = nanoTime.getAsLong();

            @Override
            public void status(String line) {
                screen.status(line);
                boolean due = nanoTime.getAsLong() - toldAt >= ON_PIPE.toNanos();
                if (!screen.isTerminal() && due && !line.isEmpty()) {
                    screen.say(line);
                    toldAt = nanoTime.getAsLong();
                }
            }
        });
    }

    /**
     * Checks all that can be checked before anything runs, and takes the folder.
     *
     * @param configuration of pretraining
     * @throws UserException naming what is wrong
     */
    public static Compare open(
            Path out, Options options, Configuration configuration, Screen screen, LongSupplier nanoTime) {
        Settings.checkRun(configuration.config());
        options.check();
        List<Objective> known = Objectives.all(configuration.config().getConfig("flm.train"));
        Experiment experiment = new Experiment(
                options.objectives().stream()
                        .map(text -> Variant.parse(text, known))
                        .toList(),
                options.seeds(),
                Budget.parse(options.budget()),
                Task.parse(
                        configuration.config().getConfig("flm.task"),
                        options.tasks(),
                        options.train(),
                        options.validation()),
                options.trials(),
                options.tuneShare(),
                options.points(),
                options.fineTuning(),
                options.fineTuningSettings(),
                configuration);
        boolean zeroShot = experiment.tasks().stream().anyMatch(task -> !task.fineTuned());
        if (zeroShot && !HeldOutData.exists(configuration.config())) {
            throw new UserException("--tasks " + Task.ZERO_SHOT
                    + ": no held-out data; give them with --eval-data, or hold out a share of your own with"
                    + " --hold-out 1%");
        }
        experiment.variants().forEach(variant -> variant.check(configuration.config()));
        FineTuningData.look(experiment, screen);
        ComparisonFolder folder = ComparisonFolder.take(out, experiment);
        try {
            return new Compare(experiment, folder, options, screen, nanoTime);
        } catch (RuntimeException e) {
            folder.close();
            throw e;
        }
    }

    /** Where the log goes. */
    public Path log() {
        return folder.log();
    }

    /** Does what is not done, and writes the report, also of what there is when it is stopped. */
    public Ended run() throws InterruptedException {
        Comparison.Outcome outcome = comparison.run(changed -> report());
        String report = report();
        tell(report);
        screen.say("report: " + folder.page());
        return new Ended(outcome.failed(), outcome.left(), report);
    }

    /** Lets all cells that run end where they can be gone on with. Called by any thread. */
    public void stop() {
        comparison.stop();
    }

    private String report() {
        String json = Json.line(new Findings(experiment, plan, results).toMap());
        ComparisonFolder.write(folder.json(), json + "\n");
        ComparisonFolder.write(
                folder.page(), ComparisonPage.of(String.valueOf(folder.path().getFileName()), parsed(json), pages()));
        return json;
    }

    private static JsonNode parsed(String json) {
        try {
            return JSON.readTree(json);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("what was just written is no JSON", e);
        }
    }

    /** The evaluation pages from which examples are shown. */
    private Map<String, String> pages() {
        Map<String, String> pages = new LinkedHashMap<>();
        for (Task task : experiment.tasks()) {
            for (Variant variant : experiment.variants()) {
                Score score = Findings.score(
                        new Pretrain(variant, null, 1, experiment.points(), List.of()), experiment.points() - 1, task);
                Path page = results.folder(score.key()).resolve("page.html");
                if (results.find(score.key()).isPresent() && Files.isRegularFile(page)) {
                    try {
                        pages.put(
                                variant.name() + ", " + task.name(),
                                new String(SmallFile.read(page, MOST_PAGE_BYTES), StandardCharsets.UTF_8));
                    } catch (IOException e) {
                        LOG.warn("{}: not shown", page, e);
                    }
                }
            }
        }
        return pages;
    }

    /** The figures in a few lines. */
    private void tell(String json) {
        JsonNode report = parsed(json);
        for (JsonNode measure : report.path("measures")) {
            boolean percent = measure.path("percent").asBoolean();
            if (measure.path("curves").isEmpty()) {
                screen.println("  " + measure.path("title").asText() + " ("
                        + measure.path("task").asText() + "): nothing scored");
                continue;
            }
            screen.println("  " + measure.path("title").asText() + " ("
                    + measure.path("task").asText() + ")");
            for (JsonNode curve : measure.path("curves")) {
                JsonNode last = curve.path("points").path(curve.path("points").size() - 1);
                screen.println(String.format(
                        Locale.ROOT,
                        "    %-12s %s (%s to %s) after %,d steps, %s",
                        curve.path("objective").asText(),
                        shown(last.path("mean").asDouble(), percent),
                        shown(last.path("low").asDouble(), percent),
                        shown(last.path("high").asDouble(), percent),
                        last.path("step").asLong(),
                        curve.path("seeds").size() == 1
                                ? "1 seed"
                                : curve.path("seeds").size() + " seeds"));
            }
            for (JsonNode speedUp : measure.path("speedUps")) {
                if (speedUp.path("unit").asText().equals(report.path("unit").asText())) {
                    String interval = speedUp.path("intervalText").asText();
                    screen.println(String.format(
                            Locale.ROOT,
                            "    %s to what %s ends with, in %s: %s%s",
                            speedUp.path("objective").asText(),
                            speedUp.path("baseline").asText(),
                            speedUp.path("unitTitle").asText(),
                            interval.isEmpty() ? "" : "factor ",
                            speedUp.path("text").asText() + (interval.isEmpty() ? "" : " (" + interval + ")")));
                }
            }
        }
    }

    private static String shown(double value, boolean percent) {
        return percent ? String.format(Locale.ROOT, "%.1f %%", 100 * value) : String.format(Locale.ROOT, "%.3f", value);
    }

    @Override
    public void close() {
        folder.close();
    }
}
