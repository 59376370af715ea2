package io.flm.worker.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.flm.data.BrokenShards;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A checkpoint's {@code state.json}: all of it that is no tensor.
 *
 * @param program the version that wrote it
 * @param broken the shards that are left out
 * @param weightsSha256 over the flat weights, little-endian: the bytes of weights.safetensors after its header
 * @param files the tensor files, by name
 */
record StateFile(
        String program,
        long step,
        long samples,
        BrokenShards broken,
        String weightsSha256,
        SortedMap<String, Written> files,
        RunIdentity identity) {
    static final String NAME = "state.json";

    /** Raised when an older program could not make sense of a new file. */
    private static final int VERSION = 1;

    private static final String FORMAT = "flm-checkpoint";
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    /** A file as it was written. */
    record Written(long bytes, String sha256) {}

    /** A file that this program cannot use. */
    static final class UnusableException extends Exception {
        private static final long serialVersionUID = 1L;

        private final String how;

        UnusableException(String how) {
            super(how);
            this.how = how;
        }

        String how() {
            return how;
        }
    }

    byte[] format() {
        ObjectNode root = JSON.createObjectNode();
        root.put("format", FORMAT).put("formatVersion", VERSION).put("program", program);
        root.put("step", step);
        // Lanes are a function of the step, so the data's position is the step; the samples are for people.
        root.putObject("dataPosition").put("nextStep", step).put("samples", samples);
        if (!broken.firstSteps().isEmpty()) {
            root.set("brokenShards", JSON.valueToTree(broken.firstSteps()));
        }
        root.put("weightsSha256", weightsSha256);
        root.set("files", JSON.valueToTree(files));
        root.set("contents", JSON.valueToTree(identity.contents()));
        root.set("changes", JSON.valueToTree(identity.changes()));
        root.set("configuration", JSON.valueToTree(identity.settings()));
        return (root.toPrettyString() + "\n").getBytes(StandardCharsets.UTF_8);
    }

    static StateFile parse(byte[] bytes) throws UnusableException {
        try {
            JsonNode root = JSON.readTree(new String(bytes, StandardCharsets.UTF_8));
            if (!root.path("format").asText().equals(FORMAT)) {
                throw new UnusableException("is no checkpoint of this program");
            }
            if (root.path("formatVersion").asInt() != VERSION) {
                throw new UnusableException("has format version " + root.path("formatVersion") + ", this program reads "
                        + VERSION + "; use the program that wrote it");
            }
            return new StateFile(
                    root.path("program").asText(),
                    count(root.path("step"), "step"),
                    count(root.path("dataPosition").path("samples"), "dataPosition.samples"),
                    root.has("brokenShards") // of few runs
                            ? new BrokenShards(
                                    read(root.path("brokenShards"), new TypeReference<TreeMap<String, Long>>() {}))
                            : BrokenShards.NONE,
                    root.path("weightsSha256").asText(),
                    read(root.path("files"), new TypeReference<TreeMap<String, Written>>() {}),
                    new RunIdentity(
                            read(root.path("configuration"), new TypeReference<TreeMap<String, Object>>() {}),
                            read(root.path("contents"), new TypeReference<TreeMap<String, String>>() {}),
                            root.has("changes") // not written before there were any
                                    ? read(root.path("changes"), new TypeReference<List<String>>() {})
                                    : List.of()));
        } catch (JsonProcessingException e) {
            throw new UnusableException("is no JSON of a checkpoint: " + e.getOriginalMessage());
        }
    }

    private static long count(JsonNode node, String name) throws UnusableException {
        if (!node.isIntegralNumber() || !node.canConvertToLong() || node.longValue() < 0) {
            throw new UnusableException("has no " + name + " that is a whole number, 0 or more");
        }
        return node.longValue();
    }

    private static <T> T read(JsonNode node, TypeReference<T> type) throws JsonProcessingException, UnusableException {
        @Nullable T value = JSON.readerFor(type).readValue(node.toString());
        boolean lacking = value == null
                || (value instanceof Map<?, ?> map && map.containsValue(null))
                || (value instanceof List<?> list && list.contains(null));
        if (lacking) {
            throw new UnusableException("lacks a part");
        }
        return value;
    }
}
