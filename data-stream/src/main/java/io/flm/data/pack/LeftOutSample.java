package io.flm.data.pack;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.data.UserException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A line of {@code left-out.jsonl}.
 *
 * @param index in the source
 * @param sample its name, {@code shard:key}
 * @param reason a {@link Rejection}, as it is told
 * @param detail what there is of the reason
 */
public record LeftOutSample(long index, String sample, String reason, String detail) {
    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * Reads the first lines of each reason, in their order.
     *
     * @param folder that samples were packed into
     * @param counts how many there are of each reason
     * @param most lines of a reason
     */
    public static List<LeftOutSample> first(Path folder, Map<Rejection, Long> counts, int most) throws IOException {
        Path file = folder.resolve(PackFolder.LEFT_OUT);
        Map<String, Integer> taken = new HashMap<>();
        long wanted = counts.values().stream()
                .mapToLong(count -> Math.min(count, most))
                .sum();
        List<LeftOutSample> first = new ArrayList<>();
        try (BufferedReader lines = Files.newBufferedReader(file)) {
            for (String line = lines.readLine(); line != null && first.size() < wanted; line = lines.readLine()) {
                LeftOutSample sample = JSON.readValue(line, LeftOutSample.class);
                if (taken.merge(sample.reason(), 1, Integer::sum) <= most) {
                    first.add(sample);
                }
            }
        } catch (JsonProcessingException e) {
            throw new UserException(file + ": is damaged; pack anew into another --out", e);
        }
        return first;
    }
}
