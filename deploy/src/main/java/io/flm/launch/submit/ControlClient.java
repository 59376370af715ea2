package io.flm.launch.submit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.flm.data.UserException;
import io.flm.launch.run.NodeAddress;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Speaks to a run over HTTP, by way of whichever of its nodes answers. */
public final class ControlClient {
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(2);
    private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration WHOLE_TIMEOUT = ANSWER_TIMEOUT.multipliedBy(2);
    private static final int MOST_ANSWER = 16 << 20; // a run with a thousand workers takes one MiB
    private static final ObjectMapper JSON = JsonMapper.builder()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES) // of a node with a later version
            .build();

    /** No node answered, or those that did have no coordinator at present: the next try may succeed. */
    public static final class Unavailable extends UserException {
        private static final long serialVersionUID = 1;

        private final String what;

        public Unavailable(String what, String advice) {
            super(what + advice);
            this.what = what;
        }

        /** The message without the advice, which is for commands with {@code --node}. */
        String what() {
            return what;
        }
    }

    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(CONNECT_TIMEOUT).build();
    private final Supplier<List<NodeAddress>> targets;
    private volatile @Nullable NodeAddress last;

    /** @param targets the nodes as known now; asked before each request */
    public ControlClient(Supplier<List<NodeAddress>> targets) {
        this.targets = targets;
    }

    /** {@code GET /api/v1/...} as an object. */
    public <T> T get(String path, Class<T> type) {
        return parse(send("GET", path, ""), type);
    }

    /** {@code POST /api/v1/...}. */
    public <T> T post(String path, String body, Class<T> type) {
        return parse(send("POST", path, body), type);
    }

    /** The address of the page of the node that answered last; empty: none did. */
    public Optional<String> page() {
        NodeAddress node = last;
        return node == null
                ? Optional.empty()
                : node.api().map(api -> api.resolve("/").toString());
    }

    private static <T> T parse(HttpResponse<String> response, Class<T> type) {
        try {
            return JSON.readValue(response.body(), type);
        } catch (JsonProcessingException e) {
            throw new UserException(
                    response.uri() + ": the answer is not of this program's version; is it an flm node?", e);
        }
    }

    private HttpResponse<String> send(String method, String path, String body) {
        List<NodeAddress> all = targets.get();
        if (all.isEmpty()) {
            throw new Unavailable(
                    "no node of the run is known", "; give the HTTP address of one with --node HOST:PORT");
        }
        Map<String, String> silent = new LinkedHashMap<>();
        String unavailable = "";
        for (NodeAddress target : lastOneFirst(all)) {
            try {
                HttpResponse<String> response = exchange(request(target, method, path, body));
                last = target;
                if (response.statusCode() == 503) {
                    unavailable = detail(response);
                    continue;
                }
                if (response.statusCode() >= 400) {
                    throw new UserException(detail(response));
                }
                return response;
            } catch (IOException e) {
                silent.put(target.address(), cause(e));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new Unavailable("interrupted while asking " + target.address(), "");
            }
        }
        if (!unavailable.isEmpty()) {
            throw new Unavailable(unavailable, "");
        }
        throw new Unavailable(
                "no node answers: "
                        + silent.entrySet().stream()
                                .map(e -> e.getKey() + " (" + e.getValue() + ")")
                                .collect(Collectors.joining(", ")),
                "; it may have ended; otherwise give the HTTP address of another one with --node HOST:PORT");
    }

    /** With an end in size and time: the timeout of a request ends where the answer begins. */
    private HttpResponse<String> exchange(HttpRequest request) throws IOException, InterruptedException {
        CompletableFuture<HttpResponse<String>> answer = http.sendAsync(request, begun -> new BoundedText(MOST_ANSWER));
        try {
            return answer.get(WHOLE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            answer.cancel(true);
            throw new HttpTimeoutException("no whole answer within " + WHOLE_TIMEOUT.toSeconds() + " s");
        } catch (InterruptedException e) {
            answer.cancel(true);
            throw e;
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException failure ? failure : new IOException(e.getCause());
        }
    }

    /** Whoever answered the last time probably answers again. */
    private List<NodeAddress> lastOneFirst(List<NodeAddress> all) {
        NodeAddress first = last;
        if (first == null || !all.contains(first)) {
            return all;
        }
        return Stream.concat(Stream.of(first), all.stream().filter(target -> !target.equals(first)))
                .toList();
    }

    private static HttpRequest request(NodeAddress target, String method, String path, String body) {
        BodyPublisher publisher = body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body);
        URI api = target.api()
                .orElseThrow(() ->
                        new UserException(target.address() + ": give a node as HOST:PORT, such as 127.0.0.1:8080"));
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(api + path))
                .timeout(ANSWER_TIMEOUT)
                .method(method, publisher);
        if (!body.isEmpty()) {
            request.header("Content-Type", "application/json");
        }
        if (!target.token().isEmpty()) {
            request.header("Authorization", "Bearer " + target.token());
        }
        return request.build();
    }

    /** What a problem says, of RFC 9457. */
    private static String detail(HttpResponse<String> response) {
        String where = response.uri().getHost() + ":" + response.uri().getPort() + ": ";
        try {
            String detail = JSON.readTree(response.body()).path("detail").asText();
            if (!detail.isEmpty()) {
                return where + detail;
            }
        } catch (JsonProcessingException e) {
            // no node of this program
        }
        return where + "answers with HTTP status " + response.statusCode() + "; is it an flm node?";
    }

    private static String cause(IOException e) {
        if (e instanceof HttpConnectTimeoutException || e instanceof HttpTimeoutException) {
            return "silent";
        }
        if (e instanceof ConnectException) {
            return e.getCause() instanceof java.nio.channels.UnresolvedAddressException
                    ? "no such host"
                    : "connection refused";
        }
        return String.valueOf(e.getMessage());
    }
}
