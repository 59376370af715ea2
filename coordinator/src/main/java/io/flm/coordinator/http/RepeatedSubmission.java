package io.flm.coordinator.http;

import akka.http.javadsl.model.HttpHeader;
import akka.http.javadsl.model.HttpRequest;
import io.flm.data.UserException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.UUID;

/**
 * A submission whose answer was lost is sent again, maybe to another node. A run's id that follows from the client's key makes it the
 * same run wherever it arrives: the coordinator takes a run with the id of the one that it knows for that one.
 */
final class RepeatedSubmission {
    private static final String KEY = "Idempotency-Key";

    private RepeatedSubmission() {}

    /**
     * The id of the run that a request with {@code Idempotency-Key} submits; empty: it has none. The body counts too: another body
     * is no repetition, whatever its key.
     */
    static Optional<String> id(HttpRequest request, String body) {
        return request.getHeader(KEY).map(HttpHeader::value).map(key -> {
            if (!key.matches("[!-~]{1,200}")) {
                throw new UserException(KEY + ": give 1 to 200 letters, digits and signs, without spaces");
            }
            return UUID.nameUUIDFromBytes((key + " " + body).getBytes(StandardCharsets.UTF_8))
                    .toString();
        });
    }
}
