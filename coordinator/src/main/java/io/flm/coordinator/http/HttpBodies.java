package io.flm.coordinator.http;

import static akka.http.javadsl.server.Directives.complete;
import static akka.http.javadsl.server.Directives.completeWithFuture;
import static akka.http.javadsl.server.Directives.extractRequest;

import akka.actor.typed.ActorSystem;
import akka.http.javadsl.model.HttpResponse;
import akka.http.javadsl.model.MediaTypes;
import akka.http.javadsl.model.StatusCodes;
import akka.http.javadsl.server.Route;
import akka.http.scaladsl.model.EntityStreamException;
import akka.http.scaladsl.model.EntityStreamSizeException;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.type.LogicalType;
import io.flm.data.UserException;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Bodies of requests: JSON of bounded size that comes in time, with the fields that docs/http.md has and no others. */
final class HttpBodies {
    private static final Logger LOG = LoggerFactory.getLogger(HttpBodies.class);

    /** A body that is not whole by then is not waited for. */
    static final Duration TIMEOUT = Duration.ofSeconds(5);

    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
            .withCoercionConfig(
                    LogicalType.Textual,
                    text -> text.setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail)
                            .setCoercion(CoercionInputShape.Integer, CoercionAction.Fail)
                            .setCoercion(CoercionInputShape.Float, CoercionAction.Fail))
            .build();

    private final ActorSystem<?> system;
    private final long most;

    /** @param most bytes of a body */
    HttpBodies(ActorSystem<?> system, long most) {
        this.system = system;
        this.most = most;
    }

    static <T> T read(String body, Class<T> type) {
        try {
            T value = JSON.readValue(body, type);
            if (value == null) {
                throw new UserException("the body is null: give a JSON object");
            }
            return value;
        } catch (JsonMappingException e) {
            if (e.getCause() instanceof UserException cause) {
                throw cause;
            }
            throw new UserException("the body does not fit: " + misfit(body, e), e);
        } catch (JsonProcessingException e) {
            JsonLocation at = e.getLocation(); // null if a limit of the parser is exceeded
            String where = at == null ? "" : "line " + at.getLineNr() + ", column " + at.getColumnNr() + ": ";
            throw new UserException("the body is no JSON: " + where + e.getOriginalMessage(), e);
        }
    }

    /** In words of the documents: Jackson's name classes. */
    private static String misfit(String body, JsonMappingException e) {
        if (body.isBlank()) {
            return "it is empty; give a JSON object";
        }
        if (e instanceof UnrecognizedPropertyException unknown) {
            String known = unknown.getKnownPropertyIds().stream()
                    .map(String::valueOf)
                    .sorted()
                    .collect(Collectors.joining(", "));
            return "it has " + unknown.getPropertyName() + ", and may have " + known;
        }
        String message = e.getOriginalMessage();
        if (message.startsWith("Missing ")) {
            return message;
        }
        return e.getPath().isEmpty()
                ? "it is no JSON object"
                : "its " + e.getPath().get(0).getFieldName() + " is of another type or size than docs/http.md has";
    }

    /** Takes a body of bounded size, JSON or none; what the handler refuses with a {@link UserException} is the client's. */
    Route take(Function<String, CompletionStage<HttpResponse>> handler) {
        return extractRequest(request -> {
            boolean json = request.entity().getContentType().mediaType().equals(MediaTypes.APPLICATION_JSON);
            if (!json && !request.entity().isKnownEmpty()) {
                request.discardEntityBytes(system);
                return complete(HttpAnswers.problem(
                        StatusCodes.UNSUPPORTED_MEDIA_TYPE,
                        "give the body as application/json, not "
                                + request.entity().getContentType()));
            }
            return completeWithFuture(request.entity()
                    .withSizeLimit(most)
                    .toStrict(TIMEOUT.toMillis(), Long.MAX_VALUE, system) // its own limit has another answer
                    .thenCompose(strict -> handler.apply(strict.getData().utf8String()))
                    .exceptionally(this::refusal));
        });
    }

    private HttpResponse refusal(Throwable thrown) {
        Throwable cause =
                thrown instanceof CompletionException && thrown.getCause() != null ? thrown.getCause() : thrown;
        if (cause instanceof EntityStreamSizeException) {
            return HttpAnswers.problem(
                    StatusCodes.CONTENT_TOO_LARGE, "the body is larger than " + most + " bytes (flm.http.max-body)");
        }
        if (cause instanceof EntityStreamException broken) {
            return HttpAnswers.problem(
                    StatusCodes.BAD_REQUEST,
                    "the body is broken: " + broken.info().summary());
        }
        if (cause instanceof UserException) {
            return HttpAnswers.problem(StatusCodes.BAD_REQUEST, String.valueOf(cause.getMessage()));
        }
        if (cause instanceof TimeoutException) {
            return HttpAnswers.problem(
                    StatusCodes.REQUEST_TIMEOUT, "the body did not arrive within " + TIMEOUT.toSeconds() + " s");
        }
        LOG.error("HTTP request", cause);
        return HttpAnswers.problem(
                StatusCodes.INTERNAL_SERVER_ERROR, "internal error: " + cause + "; the node's log has more");
    }
}
