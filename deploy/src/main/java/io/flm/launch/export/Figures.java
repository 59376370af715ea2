package io.flm.launch.export;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.coordinator.RunView;
import io.flm.data.SmallFile;
import io.flm.launch.run.LastStatus;
import io.flm.launch.run.RunFiles;
import io.flm.worker.checkpoint.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * What the run's folder says of the weights that are exported: the evaluation at the run's end. Figures of other weights are not told:
 * an older checkpoint has none.
 *
 * @param rows of a table; empty: there are none
 * @param said where they are from, or why there are none
 */
record Figures(List<Row> rows, String said) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int MOST_BYTES = 1 << 20;
    private static final int MOST_ROWS = 200;
    private static final Pattern KEY = Pattern.compile("[A-Za-z0-9.@-]{1,60}");

    /**
     * A figure.
     *
     * @param prior what chance or the text alone gives; empty if it is not known
     */
    private record Row(String key, String value, String prior) {}

    /** @param ofTask whether the model was fine-tuned, and is scored by its task */
    static Figures of(Checkpoint checkpoint, boolean ofTask) {
        Path folder = checkpoint.folder().toAbsolutePath().normalize();
        Path run = RunFiles.runOf(folder);
        if (run == null) {
            return none("none: the checkpoint lies in no run's folder");
        }
        Path file = run.resolve(ofTask ? "scores.json" : "held-out.json");
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            return none("none: the run was not evaluated at its end");
        }
        RunView view = LastStatus.of(run);
        try {
            boolean later =
                    Files.getLastModifiedTime(file).compareTo(Files.getLastModifiedTime(checkpoint.weightsFile())) >= 0;
            if (!later || !checkpoint.weightsSha256().equals(view.weightsSha256())) {
                return none("none: the run's evaluation is of other weights than those of step " + checkpoint.step());
            }
            JsonNode root = JSON.readTree(SmallFile.read(file, MOST_BYTES));
            return new Figures(rows(root), sentence(root, ofTask));
        } catch (IOException e) {
            return none("none: the run's evaluation cannot be read");
        }
    }

    private static Figures none(String why) {
        return new Figures(List.of(), "Known: " + why + ".");
    }

    private static String sentence(JsonNode root, boolean ofTask) {
        return String.format(
                Locale.ROOT,
                "On %,d %s at the run's end, in the terms of the trainer's `evaluate --json`; beside each figure what chance"
                        + " or the text alone gives.",
                root.path(ofTask ? "examples" : "samples").asLong(),
                ofTask ? "examples of the task" : "held-out samples");
    }

    /** What has a prior is a figure; the rest says how it was measured. */
    private static List<Row> rows(JsonNode root) {
        List<Row> rows = new ArrayList<>();
        JsonNode priors = root.path("prior");
        for (Map.Entry<String, JsonNode> field : root.properties()) {
            String key = field.getKey();
            if (field.getValue().isNumber()
                    && priors.has(key)
                    && KEY.matcher(key).matches()
                    && rows.size() < MOST_ROWS) {
                rows.add(new Row(key, shown(field.getValue()), shown(priors.get(key))));
            }
        }
        return rows;
    }

    private static String shown(JsonNode number) {
        return number.isNumber() ? String.format(Locale.ROOT, "%.4f", number.asDouble()) : "";
    }

    void append(StringBuilder text) {
        text.append(said).append('\n');
        if (!rows.isEmpty()) {
            text.append("\n| figure | value | prior |\n|---|---|---|\n");
            rows.forEach(
                    row -> text.append(String.format("| `%s` | %s | %s |\n", row.key(), row.value(), row.prior())));
        }
    }
}
