package io.flm.browser;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The browser's protocol for developer tools: commands with answers, and events, as JSON over a WebSocket. */
final class DevTools implements WebSocket.Listener {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long BOUND_SECONDS = 60;

    private final AtomicInteger commands = new AtomicInteger();
    private final Map<Integer, CompletableFuture<JsonNode>> awaited = new ConcurrentHashMap<>();
    private final Map<String, Consumer<JsonNode>> listeners = new ConcurrentHashMap<>();
    private final StringBuilder received = new StringBuilder();
    private final WebSocket socket;

    DevTools(HttpClient http, String address) throws Exception {
        socket =
                http.newWebSocketBuilder().buildAsync(URI.create(address), this).get(BOUND_SECONDS, TimeUnit.SECONDS);
    }

    /** Hears of an event; within it no command may be waited for. */
    void on(String event, Consumer<JsonNode> listener) {
        listeners.put(event, listener);
    }

    /** Gives a command and waits for its answer. */
    JsonNode call(String command, Map<String, ?> parameters) throws Exception {
        return send(command, parameters).get(BOUND_SECONDS, TimeUnit.SECONDS);
    }

    synchronized CompletableFuture<JsonNode> send(String command, Map<String, ?> parameters) throws Exception {
        int id = commands.incrementAndGet();
        CompletableFuture<JsonNode> answer = new CompletableFuture<>();
        awaited.put(id, answer);
        socket.sendText(JSON.writeValueAsString(Map.of("id", id, "method", command, "params", parameters)), true)
                .get(BOUND_SECONDS, TimeUnit.SECONDS);
        return answer;
    }

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence part, boolean last) {
        received.append(part);
        if (last) {
            String message = received.toString();
            received.setLength(0);
            try {
                hear(JSON.readTree(message));
            } catch (IOException e) {
                awaited.values().forEach(answer -> answer.completeExceptionally(e));
            }
        }
        from.request(1);
        return null;
    }

    private void hear(JsonNode message) {
        CompletableFuture<JsonNode> answer = awaited.remove(message.path("id").asInt());
        if (answer == null) {
            listeners.getOrDefault(message.path("method").asText(), event -> {}).accept(message.path("params"));
        } else if (message.has("error")) {
            answer.completeExceptionally(new IOException(message.path("error").toString()));
        } else {
            answer.complete(message.path("result"));
        }
    }

    @Override
    public @Nullable CompletionStage<?> onClose(WebSocket from, int status, String reason) {
        IOException ended = new IOException("the browser has ended the conversation: " + status + " " + reason);
        awaited.values().forEach(answer -> answer.completeExceptionally(ended));
        return null;
    }

    @Override
    public void onError(WebSocket from, Throwable error) {
        awaited.values().forEach(answer -> answer.completeExceptionally(error));
    }

    void close() {
        socket.abort();
    }
}
