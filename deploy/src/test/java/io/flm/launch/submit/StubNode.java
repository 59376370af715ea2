package io.flm.launch.submit;

import com.sun.net.httpserver.HttpServer;
import io.flm.launch.console.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** A node's HTTP endpoint that answers what the test says, and remembers what it was asked. */
public final class StubNode implements AutoCloseable {
    private record Canned(int status, String body) {}

    private static final int LOST = 0;

    private final HttpServer server;
    private final List<String> keys = java.util.Collections.synchronizedList(new ArrayList<>());
    private final List<String> bodies = java.util.Collections.synchronizedList(new ArrayList<>());
    private final Map<String, Canned> answers = new ConcurrentHashMap<>();
    private final List<String> asked = java.util.Collections.synchronizedList(new ArrayList<>());

    public static StubNode open() {
        try {
            return new StubNode();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public StubNode() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            String request = exchange.getRequestMethod() + " " + exchange.getRequestURI();
            String authorization = exchange.getRequestHeaders().getFirst("Authorization");
            asked.add(request + (authorization == null ? "" : " " + authorization));
            String key = exchange.getRequestHeaders().getFirst("Idempotency-Key");
            if (key != null) {
                keys.add(key);
                bodies.add(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
            }
            Canned answer = answers.getOrDefault(request, new Canned(404, "{}"));
            if (answer.status() == LOST) {
                exchange.close();
                return;
            }
            byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(answer.status(), body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
    }

    public String address() {
        return "127.0.0.1:" + server.getAddress().getPort();
    }

    public void answer(String request, int status, Object body) {
        answers.put(request, new Canned(status, body instanceof String text ? text : Json.line(body)));
    }

    /** Breaks the connection off where the answer would be. */
    void lose(String request) {
        answers.put(request, new Canned(LOST, ""));
    }

    /** The keys of requests that are done once, in order. */
    List<String> keys() {
        return List.copyOf(keys);
    }

    /** The bodies of these, in order. */
    List<String> bodies() {
        return List.copyOf(bodies);
    }

    /** Requests with their credentials, in order. */
    public List<String> asked() {
        return List.copyOf(asked);
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
