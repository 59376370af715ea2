package io.flm.launch.console;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.flm.data.PlainText;

/** What programs read: one JSON value a line. */
public final class Json {
    private static final ObjectMapper MAPPER = JsonMapper.builder()
            .defaultPropertyInclusion(
                    JsonInclude.Value.construct(JsonInclude.Include.ALWAYS, JsonInclude.Include.ALWAYS))
            .build();

    private Json() {}

    public static String line(Object value) {
        try {
            return PlainText.of(MAPPER.writeValueAsString(value)); // of C1 and bidirectional controls JSON says nothing
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a value that JSON cannot hold", e);
        }
    }
}
