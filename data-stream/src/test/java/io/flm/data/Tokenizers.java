package io.flm.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Tokenizers of every kind, small, and what Python's library reads with them: see make.py in their folder. */
final class Tokenizers {
    static final ObjectMapper JSON = new ObjectMapper();
    private static final Path FOLDER = Path.of("src/test/resources/io/flm/data/tokenizers");

    private Tokenizers() {}

    static Path file(String kind) {
        return FOLDER.resolve(kind + ".json");
    }

    static List<String> captions() throws IOException {
        List<String> captions = new ArrayList<>();
        for (String line : Files.readAllLines(FOLDER.resolve("captions.txt"))) {
            captions.add(JSON.readTree(line).asText());
        }
        return captions;
    }

    /** What Python reads in the captions, by kind. */
    static JsonNode ids() throws IOException {
        return JSON.readTree(file("ids").toFile());
    }

    /** A tokenizer of a kind with something changed. */
    static Path changed(String kind, Path folder, Consumer<ObjectNode> change) throws IOException {
        ObjectNode json = (ObjectNode) JSON.readTree(file(kind).toFile());
        change.accept(json);
        return Files.writeString(folder.resolve("tokenizer.json"), JSON.writeValueAsString(json));
    }
}
