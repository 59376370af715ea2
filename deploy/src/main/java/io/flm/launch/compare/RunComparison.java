package io.flm.launch.compare;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigRenderOptions;
import io.flm.data.FileErrors;
import io.flm.data.RemotePath;
import io.flm.data.Sha256;
import io.flm.data.SmallFile;
import io.flm.data.SourceSettings;
import io.flm.data.UserException;
import io.flm.launch.config.Configuration;
import io.flm.launch.console.Json;
import io.flm.launch.console.Program;
import io.flm.launch.html.RunsPage;
import io.flm.launch.run.MetricsReader;
import io.flm.launch.run.RunFiles;
import io.flm.worker.config.Key;
import io.flm.worker.config.Keys;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Runs that there are, beside each other: settings that differ, figures of held-out data, curves. Nothing is trained or written. */
public final class RunComparison {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int MOST_BYTES = 1 << 20;
    /** Points of a curve: means over as many steps as it takes. */
    private static final int POINTS = 120;

    /** What says nothing of a run that another one lacks. */
    private static final Set<String> NO_FIGURES =
            Set.of("samples", "spanRate", "poolSize", "pools", "captionSamples", "examples");

    private static final int MOST_SHOWN = 60;
    private static final int MOST_BEGIN = 24;

    private record Run(String name, Path folder, Config config, List<JsonNode> steps, JsonNode heldOut) {}

    private final List<Run> runs = new ArrayList<>();

    /**
     * Reads them.
     *
     * @param note is told what is passed over in a run's configuration
     * @throws UserException where a folder holds no run
     */
    public RunComparison(List<Path> folders, Consumer<String> note) {
        for (Path folder : folders) {
            RunFiles.requireOwnParts(folder);
            if (!RunFiles.isRun(folder)) {
                throw new UserException(folder + ": no run there; give folders of runs, such as runs/emoji-1");
            }
            Config config = Configuration.builder()
                    .run(RunFiles.configurationOf(folder), note)
                    .build()
                    .config();
            runs.add(new Run(name(folder, folders), folder, config, steps(folder), heldOut(folder)));
        }
    }

    /** The folder's own name, or as much of its path as tells it from the others. */
    private static String name(Path folder, List<Path> all) {
        Path name = folder;
        for (int length = 1; length <= folder.getNameCount(); length++) {
            name = folder.subpath(folder.getNameCount() - length, folder.getNameCount());
            Path own = name;
            if (all.stream().filter(other -> other.endsWith(own)).count() == 1) {
                break;
            }
        }
        return name.toString();
    }

    private static List<JsonNode> steps(Path folder) {
        Path file = RunFiles.metricsOf(folder);
        try {
            return Files.exists(file, LinkOption.NOFOLLOW_LINKS) ? MetricsReader.steps(file) : List.of();
        } catch (IOException e) {
            throw new UserException(file + ": cannot be read (" + FileErrors.reason(e) + ")", e);
        }
    }

    /** What its last evaluation says: of held-out data, or of a fine-tuning's task. */
    private static JsonNode heldOut(Path folder) {
        Path scores = folder.resolve("scores.json");
        Path file = Files.exists(scores, LinkOption.NOFOLLOW_LINKS) ? scores : folder.resolve("held-out.json");
        try {
            return Files.exists(file, LinkOption.NOFOLLOW_LINKS)
                    ? JSON.readTree(new String(SmallFile.read(file, MOST_BYTES), StandardCharsets.UTF_8))
                    : JSON.createObjectNode();
        } catch (JsonProcessingException e) {
            throw new UserException(
                    file + ": is no JSON; evaluate the run with "
                            + Program.hint("evaluate", "--from", folder.toString()) + " and leave this file out",
                    e);
        } catch (IOException e) {
            throw new UserException(file + ": cannot be read (" + FileErrors.reason(e) + ")", e);
        }
    }

    // ---- what there is to say

    /** All of it, for programs. */
    public String json() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("settings", settings());
        map.put("figures", figures());
        map.put("runs", runs.stream().map(RunComparison::run).toList());
        return Json.line(map);
    }

    /** The page. */
    public String page() {
        try {
            return RunsPage.of(JSON.readTree(json()));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("what was just written is no JSON", e);
        }
    }

    /** Settings that differ, then figures: a line each, a column for each run. */
    public List<String> text() {
        List<List<String>> rows = new ArrayList<>();
        rows.add(row("", runs.stream().map(Run::name).toList()));
        for (Map<String, Object> setting : settings()) {
            rows.add(row(String.valueOf(setting.get("key")), values(setting, "shown")));
        }
        for (Map<String, Object> figure : figures()) {
            rows.add(row(String.valueOf(figure.get("key")), values(figure, "values")));
        }
        int[] widths = new int[runs.size() + 1];
        rows.forEach(row -> {
            for (int i = 0; i < row.size(); i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        });
        List<String> lines = new ArrayList<>();
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < row.size(); i++) {
                int width = i == 0 ? -widths[i] : widths[i];
                line.append(i == 0 ? "" : "  ").append(String.format(Locale.ROOT, "%" + width + "s", row.get(i)));
            }
            lines.add(line.toString().stripTrailing());
        }
        return lines;
    }

    private static List<String> row(String name, List<String> values) {
        List<String> row = new ArrayList<>(List.of(name));
        row.addAll(values);
        return row;
    }

    private static List<String> values(Map<String, Object> of, String field) {
        List<String> shown = new ArrayList<>();
        for (Object value : (List<?>) of.getOrDefault(field, List.of())) {
            shown.add(
                    value == null
                            ? "-"
                            : value instanceof Double number
                                    ? String.format(Locale.ROOT, "%.4f", number)
                                    : String.valueOf(value));
        }
        return shown;
    }

    private List<Map<String, Object>> settings() {
        List<Map<String, Object>> differing = new ArrayList<>();
        for (Key key : Keys.known().byName().values()) {
            List<Object> meanings = runs.stream()
                    .map(run -> key.domain().meaning(run.config().getValue(key.name())))
                    .toList();
            boolean ofTheRun = key.role() != Key.Role.OPERATIONAL || key.name().startsWith("flm.data.");
            if (ofTheRun && meanings.stream().distinct().count() > 1) {
                List<Object> values = runs.stream()
                        .map(run -> (Object) RemotePath.withoutQueries(
                                String.valueOf(run.config().getValue(key.name()).unwrapped())))
                        .toList();
                Map<String, Object> entry = entry(key.name(), values);
                entry.put(
                        "shown",
                        runs.stream()
                                .map(run ->
                                        shown(run.config().getValue(key.name()).unwrapped()))
                                .toList());
                differing.add(entry);
            }
        }
        List<String> mixtures = runs.stream()
                .map(run -> RemotePath.withoutQueries(mixture(run.config())))
                .toList();
        if (mixtures.stream().distinct().count() > 1) {
            Map<String, Object> entry = entry(SourceSettings.GROUP, mixtures);
            entry.put("shown", mixtures.stream().map(RunComparison::shown).toList());
            differing.add(entry);
        }
        return differing;
    }

    /** A value in a column: of a long one its beginning, and a digest by which two are told apart. */
    static String shown(Object value) {
        String all = RemotePath.withoutQueries(String.valueOf(value));
        if (all.length() <= MOST_SHOWN) {
            return all;
        }
        String begin = all.substring(0, MOST_BEGIN);
        String digest = Sha256.of(all.getBytes(StandardCharsets.UTF_8)).substring(0, 8);
        String end = begin + "... (SHA-256 " + digest + ")";
        return value instanceof List<?> list ? list.size() + " values: " + end : end;
    }

    private static String mixture(Config config) {
        return config.hasPath(SourceSettings.GROUP)
                ? config.getValue(SourceSettings.GROUP).render(ConfigRenderOptions.concise())
                : "none";
    }

    private static Map<String, Object> entry(String key, List<?> values) {
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("key", key);
        entry.put("values", values);
        return entry;
    }

    /** Of the last step, then of held-out data or of a task; null where a run has none. */
    private List<Map<String, Object>> figures() {
        List<Map<String, Object>> figures = new ArrayList<>();
        figures.add(entry("steps", runs.stream().map(run -> run.steps().size()).toList()));
        figures.add(entry("seconds", each(run -> last(run.steps(), "seconds"))));
        figures.add(entry("loss", each(run -> last(run.steps(), "loss"))));
        Set<String> keys = new LinkedHashSet<>();
        runs.forEach(run -> run.heldOut().fieldNames().forEachRemaining(keys::add));
        for (String key : keys) {
            boolean figure = !NO_FIGURES.contains(key)
                    && runs.stream().anyMatch(run -> run.heldOut().path(key).isNumber());
            if (figure) {
                figures.add(entry(key, each(run -> number(run.heldOut().path(key)))));
            }
        }
        return figures;
    }

    private List<@Nullable Double> each(Function<Run, @Nullable Double> value) {
        List<@Nullable Double> values = new ArrayList<>();
        for (Run run : runs) {
            values.add(value.apply(run));
        }
        return values;
    }

    private static @Nullable Double last(List<JsonNode> steps, String key) {
        return steps.isEmpty() ? null : number(steps.get(steps.size() - 1).path(key));
    }

    private static @Nullable Double number(JsonNode value) {
        return value.isNumber() ? value.asDouble() : null;
    }

    private static Map<String, Object> run(Run run) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("name", run.name());
        map.put("folder", run.folder().toString());
        Map<String, Object> curves = new LinkedHashMap<>();
        Set<String> keys = new LinkedHashSet<>();
        run.steps().stream().limit(1).forEach(step -> step.fieldNames().forEachRemaining(keys::add));
        run.steps().stream() // held-out samples are asked now and then
                .filter(step -> step.has("heldOut." + firstHead(step)))
                .limit(1)
                .forEach(step -> step.fieldNames().forEachRemaining(keys::add));
        for (String key : keys) {
            if (key.equals("loss") || key.endsWith("Loss") || key.endsWith("Accuracy")) {
                curves.put(key, curve(run.steps(), key));
            }
        }
        map.put("curves", curves);
        return map;
    }

    private static String firstHead(JsonNode step) {
        List<String> heads = new ArrayList<>();
        step.fieldNames().forEachRemaining(name -> {
            if (name.endsWith("Loss") && !name.startsWith("heldOut.")) {
                heads.add(name);
            }
        });
        return heads.isEmpty() ? "" : heads.get(0);
    }

    /** {steps so far, mean} of each bin. */
    private static List<double[]> curve(List<JsonNode> steps, String key) {
        List<JsonNode> having =
                steps.stream().filter(step -> step.path(key).isNumber()).toList();
        int stride = Math.max(1, (having.size() + POINTS - 1) / POINTS);
        List<double[]> points = new ArrayList<>();
        for (int from = 0; from < having.size(); from += stride) {
            List<JsonNode> bin = having.subList(from, Math.min(from + stride, having.size()));
            double mean = bin.stream()
                    .mapToDouble(step -> step.path(key).asDouble())
                    .average()
                    .orElse(0);
            points.add(new double[] {bin.get(bin.size() - 1).path("step").asDouble() + 1, mean});
        }
        return points;
    }
}
