package io.flm.launch.compare;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.data.FileErrors;
import io.flm.data.PlainText;
import io.flm.data.SmallFile;
import io.flm.data.UserException;
import io.flm.data.WriteErrors;
import io.flm.launch.console.Json;
import io.flm.launch.files.PlainFile;
import io.flm.launch.run.RunLock;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The folder of a comparison, held by the command that works on it:
 *
 * <pre>
 * lock             held while it works
 * experiment.json  the settings that all of it belongs to
 * base.conf        the configuration of the cells, written at each start
 * cells/KEY/       a cell: its log, its run, and result.json once it is done
 * report.html      what came of it so far, and report.json
 * </pre>
 */
final class ComparisonFolder implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ComparisonFolder.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int MOST_BYTES = 16 << 20;
    private static final int MOST_SHOWN = 60;
    private static final int MOST_NAMED = 6;
    private static final Pattern LONG_FRACTION = Pattern.compile("-?\\d+\\.\\d{16,}");

    private final RunLock lock;

    private ComparisonFolder(RunLock lock) {
        this.lock = lock;
    }

    /**
     * Makes the folder, or takes that of the same experiment.
     *
     * @throws UserException where it belongs to other settings, holds other things, or is in use
     */
    static ComparisonFolder take(Path folder, Experiment experiment) {
        Path settings = folder.resolve("experiment.json");
        try {
            if (!Files.exists(settings, LinkOption.NOFOLLOW_LINKS)) {
                requireFree(folder);
            }
            Files.createDirectories(folder);
            ComparisonFolder taken = new ComparisonFolder(RunLock.take(folder, "--out"));
            try {
                taken.begin(settings, experiment);
                return taken;
            } catch (IOException | RuntimeException e) {
                taken.close();
                throw e;
            }
        } catch (IOException e) {
            throw WriteErrors.of(folder, e, "no comparison can be kept there; give another --out");
        }
    }

    private void begin(Path settings, Experiment experiment) throws IOException {
        String own = Json.line(experiment.toMap());
        if (Files.exists(settings, LinkOption.NOFOLLOW_LINKS)) {
            List<String> differences = differences(read(settings), JSON.readTree(own));
            if (!differences.isEmpty()) {
                String more =
                        differences.size() > MOST_NAMED ? " and " + (differences.size() - MOST_NAMED) + " more" : "";
                throw new UserException(path() + ": belongs to a comparison with other settings: "
                        + String.join("; ", differences.subList(0, Math.min(MOST_NAMED, differences.size())))
                        + more + "; give these, or another --out");
            }
        } else {
            PlainFile.replace(settings, own + "\n");
        }
        PlainFile.replace(base(), CellCommands.render(experiment.configuration().config()) + "\n");
    }

    private static JsonNode read(Path settings) throws IOException {
        try {
            JsonNode read = JSON.readTree(new String(SmallFile.read(settings, MOST_BYTES), StandardCharsets.UTF_8));
            if (read.isObject()) {
                return read;
            }
        } catch (JsonProcessingException e) {
            LOG.info("{}", settings, e);
        }
        throw new UserException(
                settings + ": holds no settings, so it is not known what the folder belongs to; give another --out");
    }

    private static void requireFree(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        if (!Files.isDirectory(folder)) {
            throw new UserException(folder + ": no folder; give another --out");
        }
        try (Stream<Path> content = Files.list(folder)) {
            if (content.anyMatch(path -> !path.endsWith("lock"))) {
                throw new UserException(folder + ": holds other files; give another --out");
            }
        }
    }

    /** Which settings differ, each as {@code name: there, here}. */
    static List<String> differences(JsonNode there, JsonNode here) {
        List<String> differences = new ArrayList<>();
        compare("", there, here, differences);
        return differences;
    }

    private static void compare(String name, JsonNode there, JsonNode here, List<String> differences) {
        if (there.isObject() && here.isObject()) {
            Set<String> names = new TreeSet<>();
            there.fieldNames().forEachRemaining(names::add);
            here.fieldNames().forEachRemaining(names::add);
            boolean keys = name.equals("configuration"); // their names say all
            names.forEach(child -> compare(
                    name.isEmpty() || keys ? child : name + "." + child,
                    there.path(child),
                    here.path(child),
                    differences));
        } else if (!there.equals(here)) {
            differences.add(name + " is " + shown(there) + " there, " + shown(here) + " here");
        }
    }

    private static String shown(JsonNode value) {
        String text = value.isMissingNode() ? "missing" : value.isTextual() ? value.asText() : value.toString();
        if (LONG_FRACTION.matcher(text).matches()) { // all digits of a double, by which it is compared
            text = Variant.shortest(Double.parseDouble(text));
        }
        return PlainText.cut(text, MOST_SHOWN);
    }

    Path path() {
        return lock.folder();
    }

    /** The configuration of the cells. */
    Path base() {
        return path().resolve("base.conf");
    }

    Path page() {
        return path().resolve("report.html");
    }

    Path json() {
        return path().resolve("report.json");
    }

    Path log() {
        return path().resolve("flm.log");
    }

    /** Writes a file of the folder whole. */
    static void write(Path file, String text) {
        try {
            PlainFile.replace(file, text);
        } catch (IOException e) {
            throw new UserException(
                    file + ": cannot be written (" + FileErrors.reason(e) + "); make room, or look at the folder", e);
        }
    }

    @Override
    public void close() {
        lock.close();
    }
}
