package io.flm.launch.compare;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.data.FileErrors;
import io.flm.data.SmallFile;
import io.flm.data.UserException;
import io.flm.data.WriteErrors;
import io.flm.launch.compare.Cell.Finetune;
import io.flm.launch.compare.Cell.Pretrain;
import io.flm.launch.compare.Cell.Score;
import io.flm.launch.console.Json;
import io.flm.launch.files.PlainFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the cells of a comparison came to: {@code DIR/cells/KEY/result.json}. A file is there whole or not at all. */
final class Results {
    private static final Logger LOG = LoggerFactory.getLogger(Results.class);
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

    /**
     * Reads those of a plan that are there. A cell whose checkpoint is gone is done again if another one that is not done reads it.
     */
    void read(Plan plan) {
        for (Cell cell : plan.cells()) {
            Path file = folder(cell.key()).resolve(NAME);
            try {
                if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
                    known.put(cell.key(), result(file, cell));
                }
            } catch (NoSuchFileException e) {
                // it is done again
            } catch (IOException e) {
                throw new UserException(
                        file + ": cannot be read (" + FileErrors.reason(e)
                                + "); mend that, or delete the file, and its cell is done again",
                        e);
            }
        }
        List<Cell> last = new ArrayList<>(plan.cells());
        Collections.reverse(last); // a fine-tuning that is done again needs its pretraining, too
        last.stream().filter(cell -> !known.containsKey(cell.key())).forEach(this::requireCheckpoint);
    }

    private static JsonNode result(Path file, Cell cell) throws IOException {
        try {
            JsonNode result = JSON.readTree(new String(SmallFile.read(file, MOST_BYTES), StandardCharsets.UTF_8));
            if (isOf(cell, result)) {
                return result;
            }
        } catch (JsonProcessingException e) {
            LOG.info("{}", file, e);
        }
        throw new UserException(file + ": holds no result; delete it, and its cell is done again");
    }

    /** Whether it says what other cells and the report read of it. */
    private static boolean isOf(Cell cell, JsonNode result) {
        if (cell instanceof Pretrain pretrain) {
            JsonNode points = result.path("points");
            return points.size() >= pretrain.points()
                    && StreamSupport.stream(points.spliterator(), false).allMatch(Results::namesCheckpoint);
        }
        if (cell instanceof Finetune) {
            return namesCheckpoint(result);
        }
        return result.path(cell instanceof Score ? "scores" : "cost").isObject();
    }

    private static boolean namesCheckpoint(JsonNode result) {
        return !result.path("checkpoint").asText().isEmpty();
    }

    private void requireCheckpoint(Cell cell) {
        if (cell instanceof Finetune finetune) {
            requireCheckpoint(finetune.pretrained().key(), result -> checkpoint(result, finetune.point()));
        } else if (cell instanceof Score score && score.finetuned() != null) {
            requireCheckpoint(score.finetuned().key(), Results::checkpoint);
        } else if (cell instanceof Score score) {
            requireCheckpoint(score.pretrained().key(), result -> checkpoint(result, score.point()));
        }
    }

    private void requireCheckpoint(String key, Function<JsonNode, Path> checkpoint) {
        JsonNode result = known.get(key);
        if (result != null && !Files.isDirectory(checkpoint.apply(result))) {
            LOG.info("{}: its checkpoint is gone, so it is done again", key);
            known.remove(key);
        }
    }

    /** A checkpoint of a pretraining that is done. */
    Path checkpoint(Pretrain pretrained, int point) {
        return checkpoint(get(pretrained.key()), point);
    }

    /** The checkpoint of a fine-tuning that is done. */
    Path checkpoint(Finetune finetuned) {
        return checkpoint(get(finetuned.key()));
    }

    private static Path checkpoint(JsonNode pretrained, int point) {
        return checkpoint(pretrained.path("points").path(point));
    }

    private static Path checkpoint(JsonNode result) {
        return Path.of(result.path("checkpoint").asText());
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
