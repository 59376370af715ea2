package io.flm.launch.compare;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.data.FileErrors;
import io.flm.data.SmallFile;
import io.flm.data.UserException;
import io.flm.data.WriteErrors;
import io.flm.launch.console.Json;
import io.flm.launch.files.PlainFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** What the cells of a comparison came to: {@code DIR/cells/KEY/result.json}. A file is there whole or not at all. */
final class Results {
    private static final String NAME = "result.json";
    private static final int MOST_BYTES = 64 << 20; // scores of single items
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path cells;
    private final Map<String, JsonNode> known = new ConcurrentHashMap<>();

    /** @param folder the comparison's */
    Results(Path folder) {
        cells = folder.resolve("cells");
    }

    /** The folder of a cell. */
    Path folder(String key) {
        return cells.resolve(key);
    }

    /** Reads those of a plan that are there. */
    void read(Plan plan) {
        for (Cell cell : plan.cells()) {
            Path file = folder(cell.key()).resolve(NAME);
            try {
                if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
                    known.put(
                            cell.key(),
                            JSON.readTree(new String(SmallFile.read(file, MOST_BYTES), StandardCharsets.UTF_8)));
                }
            } catch (NoSuchFileException e) {
                // it is done again
            } catch (JsonProcessingException e) {
                throw new UserException(file + ": is no JSON; delete it, and its cell is done again", e);
            } catch (IOException e) {
                throw new UserException(file + ": cannot be read (" + FileErrors.reason(e) + ")", e);
            }
        }
    }

    /** Keeps a cell's result: from now on the cell is done. */
    void put(String key, Map<String, @Nullable Object> result) {
        Path file = folder(key).resolve(NAME);
        String line = Json.line(result);
        try {
            Files.createDirectories(folder(key));
            PlainFile.replace(file, line + "\n");
            known.put(key, JSON.readTree(line));
        } catch (IOException e) {
            throw WriteErrors.of(file, e, "make room, or give another --out");
        }
    }

    Set<String> done() {
        return new HashSet<>(known.keySet());
    }

    Optional<JsonNode> find(String key) {
        return Optional.ofNullable(known.get(key));
    }

    /** Of a cell that is done. */
    JsonNode get(String key) {
        return find(key).orElseThrow(() -> new IllegalStateException(key + " has no result"));
    }
}
