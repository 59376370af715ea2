package io.flm.coordinator.http;

import akka.http.javadsl.model.AttributeKey;
import akka.http.javadsl.model.ContentTypes;
import akka.http.javadsl.model.HttpCharsets;
import akka.http.javadsl.model.HttpEntities;
import akka.http.javadsl.model.HttpHeader;
import akka.http.javadsl.model.HttpResponse;
import akka.http.javadsl.model.MediaTypes;
import akka.http.javadsl.model.StatusCode;
import akka.http.javadsl.model.headers.RawHeader;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.flm.coordinator.RunEvents;
import io.flm.data.PlainText;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Answers as JSON, and errors as problem details (RFC 9457). */
final class HttpAnswers {
    private static final ObjectMapper JSON = JsonMapper.builder().build();

    /** What came of a request, in one line, for the log. */
    static final AttributeKey<String> DETAIL = AttributeKey.create("detail", String.class);

    /** Of answers that are somebody's, or true for a moment. */
    static final HttpHeader NOT_KEPT = header("Cache-Control", "no-store");

    private HttpAnswers() {}

    static HttpResponse json(StatusCode status, Object body) {
        return HttpResponse.create()
                .withStatus(status)
                .withEntity(HttpEntities.create(ContentTypes.APPLICATION_JSON, bytes(body)));
    }

    /** @param detail what, where and what to do, in one line */
    static HttpResponse problem(StatusCode status, String detail, HttpHeader... headers) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("type", "about:blank");
        body.put("title", status.reason());
        body.put("status", status.intValue());
        body.put("detail", PlainText.of(detail));
        return HttpResponse.create()
                .withStatus(status)
                .addAttribute(DETAIL, detail)
                .addHeaders(List.of(headers))
                .withEntity(HttpEntities.create(
                        MediaTypes.applicationWithFixedCharset("problem+json", HttpCharsets.UTF_8)
                                .toContentType(),
                        bytes(body)));
    }

    /** An event of a stream: what happened, and when. */
    static String event(RunEvents.Numbered event) {
        ObjectNode body = JSON.valueToTree(event.event());
        body.put("at", event.at());
        return json(body);
    }

    /** In one line. */
    static String json(Object body) {
        try {
            return PlainText.of(JSON.writeValueAsString(body));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("an answer that JSON cannot hold", e);
        }
    }

    static HttpHeader header(String name, String value) {
        return RawHeader.create(name, value);
    }

    private static byte[] bytes(Object body) {
        return json(body).getBytes(StandardCharsets.UTF_8);
    }
}
