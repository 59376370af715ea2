package io.flm.launch.console;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.flm.data.PlainText;
import org.jspecify.annotations.Nullable;

/** What programs read and write: one JSON value a line. */
public final class Json {
    private static final ObjectMapper MAPPER = JsonMapper.builder()
            .defaultPropertyInclusion(
                    JsonInclude.Value.construct(JsonInclude.Include.ALWAYS, JsonInclude.Include.ALWAYS))
            .build();

    private static final ObjectMapper READER = JsonMapper.builder()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES) // of a later version
            .build();

    private Json() {}

    /**
     * A value that this program, or a later version of it, has written. Fields that are not known are passed over.
     *
     * @throws JsonProcessingException if it is none of that kind
     */
    public static <T> T read(String text, Class<T> type) throws JsonProcessingException {
        @Nullable T value = READER.readValue(text, type);
        if (value == null) {
            throw new JsonMappingException(null, "null, where a value is wanted");
        }
        return value;
    }

    public static String line(Object value) {
        try {
            return PlainText.of(MAPPER.writeValueAsString(value)); // of C1 and bidirectional controls JSON says nothing
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a value that JSON cannot hold", e);
        }
    }
}
