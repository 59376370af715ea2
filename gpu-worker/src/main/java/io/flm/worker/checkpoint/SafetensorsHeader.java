package io.flm.worker.checkpoint;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The JSON in front of a safetensors file: {@code {"__metadata__": {text: text}, name: {"dtype", "shape", "data_offsets"}}}.
 * Tensors must follow each other without gap or overlap up to the file's end, so a header that passes describes every byte.
 */
record SafetensorsHeader(Map<String, String> metadata, Map<String, TensorInfo> tensors) {
    /** Of fifty thousand tensors. The format allows 100 MB, which as JSON can take twenty times that of the heap. */
    static final int MAX_BYTES = 8 << 20;

    private static final String METADATA = "__metadata__";

    /** The format wants 8; a cache line costs nothing and lets a reader map floats for vector loads. */
    private static final int ALIGNMENT = 64;

    private static final ObjectMapper JSON = new ObjectMapper().enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);

    /** A header that does not describe its file. It says how, the caller says which file. */
    static final class MalformedException extends Exception {
        private static final long serialVersionUID = 1L;

        private final String how;

        MalformedException(String how) {
            super(how);
            this.how = how;
        }

        String how() {
            return how;
        }
    }

    /** Reads and checks the JSON of a file that holds {@code bodyBytes} after its header. */
    static SafetensorsHeader parse(byte[] json, long bodyBytes) throws MalformedException {
        JsonNode root = readTree(json);
        if (!root.isObject()) {
            throw new MalformedException("its header is no JSON object");
        }
        Map<String, String> metadata = new LinkedHashMap<>();
        List<TensorInfo> tensors = new ArrayList<>();
        for (Map.Entry<String, JsonNode> field : root.properties()) {
            if (field.getKey().equals(METADATA)) {
                field.getValue()
                        .properties()
                        .forEach(entry ->
                                metadata.put(entry.getKey(), entry.getValue().asText()));
            } else {
                tensors.add(tensor(field.getKey(), field.getValue()));
            }
        }
        // Stable: an empty tensor shares its offset with the next one.
        tensors.sort(Comparator.comparingLong(TensorInfo::offset).thenComparingLong(TensorInfo::sizeBytes));
        requireContiguous(tensors, bodyBytes);
        Map<String, TensorInfo> byName = new LinkedHashMap<>();
        tensors.forEach(tensor -> byName.put(tensor.name(), tensor));
        return new SafetensorsHeader(metadata, byName);
    }

    /** The JSON, padded with spaces so that the body starts aligned behind it and the 8 bytes of its length. */
    static byte[] format(Map<String, String> metadata, Collection<TensorInfo> tensors) {
        ObjectNode root = JSON.createObjectNode();
        if (!metadata.isEmpty()) {
            ObjectNode texts = root.putObject(METADATA);
            metadata.forEach(texts::put);
        }
        for (TensorInfo tensor : tensors) {
            ObjectNode node = root.putObject(tensor.name());
            node.put("dtype", tensor.type().name());
            ArrayNode shape = node.putArray("shape");
            Arrays.stream(tensor.shape()).forEach(shape::add);
            node.putArray("data_offsets").add(tensor.offset()).add(tensor.offset() + tensor.sizeBytes());
        }
        byte[] json = root.toString().getBytes(StandardCharsets.UTF_8);
        byte[] padded =
                Arrays.copyOf(json, (json.length + Long.BYTES + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT - Long.BYTES);
        Arrays.fill(padded, json.length, padded.length, (byte) ' ');
        return padded;
    }

    /** The bytes that a tensor takes, or -1 where that is no number that a file can have. */
    static long sizeBytes(TensorType type, long[] shape) {
        try {
            long size = type.sizeBytes();
            for (long extent : shape) {
                if (extent < 0) {
                    return -1;
                }
                size = Math.multiplyExact(size, extent);
            }
            return size;
        } catch (ArithmeticException overflow) {
            return -1;
        }
    }

    private static JsonNode readTree(byte[] json) throws MalformedException {
        try {
            return JSON.readTree(new String(json, StandardCharsets.UTF_8));
        } catch (JsonProcessingException e) {
            throw new MalformedException("its header is no JSON: " + e.getOriginalMessage());
        }
    }

    private static TensorInfo tensor(String name, JsonNode node) throws MalformedException {
        long[] shape = longs(name, node, "shape");
        long[] offsets = longs(name, node, "data_offsets");
        TensorType type = type(name, node.path("dtype").asText());
        long sizeBytes = sizeBytes(type, shape);
        if (offsets.length != 2 || sizeBytes < 0 || offsets[0] < 0 || offsets[1] - offsets[0] != sizeBytes) {
            throw new MalformedException("tensor " + name + ": data_offsets " + Arrays.toString(offsets)
                    + " do not hold " + type + " " + Arrays.toString(shape));
        }
        return new TensorInfo(name, type, shape, offsets[0], sizeBytes);
    }

    private static TensorType type(String name, String dtype) throws MalformedException {
        for (TensorType type : TensorType.values()) {
            if (type.name().equals(dtype)) {
                return type;
            }
        }
        throw new MalformedException("tensor " + name + ": unknown dtype \"" + dtype + "\"");
    }

    private static long[] longs(String name, JsonNode node, String field) throws MalformedException {
        JsonNode array = node.path(field);
        long[] values = new long[array.size()];
        for (int index = 0; index < values.length; index++) {
            if (!array.get(index).canConvertToLong() || !array.get(index).isIntegralNumber()) {
                throw new MalformedException("tensor " + name + ": " + field + " is " + array);
            }
            values[index] = array.get(index).longValue();
        }
        if (!array.isArray()) {
            throw new MalformedException("tensor " + name + ": no " + field);
        }
        return values;
    }

    private static void requireContiguous(List<TensorInfo> tensors, long bodyBytes) throws MalformedException {
        long end = 0;
        for (TensorInfo tensor : tensors) {
            if (tensor.offset() != end) {
                throw new MalformedException(
                        "tensor " + tensor.name() + " starts at byte " + tensor.offset() + ", not at " + end);
            }
            end += tensor.sizeBytes();
        }
        if (end != bodyBytes) {
            throw new MalformedException("its tensors take " + end + " bytes, but it holds " + bodyBytes
                    + (end > bodyBytes ? ": it was cut" : ""));
        }
    }
}
