package io.flm.worker.weights;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.data.FileErrors;
import io.flm.data.PlainText;
import io.flm.data.SmallFile;
import io.flm.data.UserException;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Tensors in several files beside an {@code index.json}: {@code {"weight_map": {name: file}}}, as transformers writes large
 * models.
 */
final class ShardedTensors implements TensorFile {
    private static final int MOST_INDEX_BYTES = 16 << 20;
    private static final int MOST_FILES = 1000;
    private static final ObjectMapper JSON = new ObjectMapper().enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);

    private final Path index;
    private final Map<String, TensorFile> files = new LinkedHashMap<>();
    private final Map<String, TensorFile> holders = new LinkedHashMap<>();
    private final Map<String, Entry> entries = new LinkedHashMap<>();
    private final List<String> others = new ArrayList<>();

    private ShardedTensors(Path index) {
        this.index = index;
    }

    static TensorFile open(Path index) {
        ShardedTensors shards = new ShardedTensors(index);
        try {
            shards.openAll(map(index));
            return shards;
        } catch (RuntimeException e) {
            shards.close();
            throw e;
        }
    }

    private static JsonNode map(Path index) {
        try {
            JsonNode map =
                    JSON.readTree(SmallFile.read(index, MOST_INDEX_BYTES)).path("weight_map");
            if (!map.isObject() || map.isEmpty()) {
                throw new UserException(
                        index + ": has no \"weight_map\" of tensors; give the index.json of a model, or its weights");
            }
            return map;
        } catch (JsonProcessingException e) {
            throw new UserException(
                    index + ": no JSON (" + PlainText.of(e.getOriginalMessage()) + "); take another copy", e);
        } catch (IOException e) {
            throw new UserException(index + ": cannot be read (" + FileErrors.reason(e) + ")", e);
        }
    }

    private void openAll(JsonNode map) {
        for (Map.Entry<String, JsonNode> named : map.properties()) {
            String name = named.getKey();
            String file = named.getValue().asText();
            if (!isBeside(file)) {
                throw new UserException(index + ": " + name + " is in \"" + PlainText.of(file)
                        + "\", which is no file beside it; take another copy");
            }
            TensorFile holder = files.get(file);
            if (holder == null) {
                if (files.size() >= MOST_FILES) {
                    throw new UserException(index + ": names more than " + MOST_FILES + " files; take another copy");
                }
                holder = TensorFiles.open(index.resolveSibling(file));
                files.put(file, holder);
            }
            Entry entry = holder.tensors().get(name);
            if (entry == null) {
                throw new UserException(
                        holder.path() + ": no tensor " + name + ", which " + index + " has there; take other copies");
            }
            holders.put(name, holder);
            entries.put(name, entry);
        }
        for (TensorFile file : files.values()) {
            others.addAll(file.beside());
            for (Entry entry : file.tensors().values()) {
                if (holders.get(entry.name()) != file) {
                    others.add(entry + " of " + file.path().getFileName() + ", which the index does not name");
                }
            }
        }
    }

    /** No folder either: the weights of another model may lie in it, and in "." this very index. */
    private boolean isBeside(String file) {
        return file.matches("[\\w.-]+") && !file.endsWith(".json") && !Files.isDirectory(index.resolveSibling(file));
    }

    @Override
    public Path path() {
        return index;
    }

    @Override
    public Map<String, Entry> tensors() {
        return Collections.unmodifiableMap(entries);
    }

    @Override
    public List<String> beside() {
        return Collections.unmodifiableList(others);
    }

    @Override
    public void read(String name, long from, FloatBuffer into) {
        TensorFile holder = holders.get(name);
        if (holder == null) {
            throw new IllegalArgumentException(index + ": no tensor " + name);
        }
        holder.read(name, from, into);
    }

    @Override
    public void close() {
        files.values().forEach(TensorFile::close);
    }
}
