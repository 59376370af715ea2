package io.flm.launch.run;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.data.FileErrors;
import io.flm.data.UserException;
import io.flm.worker.StepMetrics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Reads the steps of a {@code metrics.jsonl}, one at a time: it may have millions. */
public final class MetricsReader {
    private static final JsonFactory JSON = new JsonFactory();
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private MetricsReader() {}

    /**
     * Tells each step, each after the one before. A line that is cut or damaged is passed over, and so is one that goes back: no run's
     * file has such. A file that is not there, or is no file, has none.
     *
     * @throws UserException where it cannot be read
     */
    public static void read(Path file, Consumer<StepMetrics> each) {
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try {
            long[] last = {-1};
            MetricsLog.forEachLine(
                    file,
                    line -> step(line, step -> {
                        if (step.step() > last[0]) {
                            last[0] = step.step();
                            each.accept(step);
                        }
                    }));
        } catch (IOException e) {
            throw new UserException(
                    file + ": cannot be read (" + FileErrors.reason(e) + "); curves begin with the steps that follow",
                    e);
        }
    }

    /** All that is said of each step; likewise. */
    public static List<JsonNode> steps(Path file) throws IOException {
        List<JsonNode> steps = new ArrayList<>();
        for (String line : MetricsLog.lines(file)) {
            try {
                JsonNode step = MAPPER.readTree(line);
                if (step.isObject()) {
                    steps.add(step);
                }
            } catch (JsonProcessingException e) { // cut in the middle
            }
        }
        return steps;
    }

    private static void step(String line, Consumer<StepMetrics> each) {
        Map<String, Double> numbers = new LinkedHashMap<>();
        try (JsonParser parser = JSON.createParser(line)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return;
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                if (parser.nextToken().isNumeric()) {
                    numbers.put(name, parser.getDoubleValue());
                } else {
                    parser.skipChildren();
                }
            }
            if (parser.currentToken() != JsonToken.END_OBJECT) {
                return;
            }
        } catch (JsonProcessingException e) { // cut in the middle
            return;
        } catch (IOException e) {
            throw new IllegalStateException("a text cannot fail to be read", e);
        }
        double step = numbers.getOrDefault("step", -1.0);
        if (step >= 0 && step < 1e15) {
            each.accept(StepMetrics.of((long) step, numbers));
        }
    }
}
