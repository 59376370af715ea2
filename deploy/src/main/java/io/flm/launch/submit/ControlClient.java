package io.flm.launch.submit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.flm.data.PlainText;
import io.flm.data.UserException;
import io.flm.launch.console.Json;
import io.flm.launch.run.NodeAddress;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.file.Path;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Speaks to a run over HTTP, by way of whichever of its nodes answers. */
public final class ControlClient {
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(2);
    private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration WHOLE_TIMEOUT = ANSWER_TIMEOUT.multipliedBy(2);
    private static final int MOST_ANSWER = 16 << 20; // a run with a thousand workers takes one MiB

    /**
     * What a node answers that cannot say at present: it is too busy, others of this address ask too much, a proxy has lost it, or its
     * answer went wrong. The next try may succeed, and a run that is followed goes on meanwhile.
     */
    private static final Set<Integer> PASSING = Set.of(408, 429, 500, 502, 503, 504);

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

    /** By the certificates that they trust; none: those of Java. */
    private final Map<Optional<Path>, HttpClient> clients = new ConcurrentHashMap<>();

    private final Supplier<List<NodeAddress>> targets;
    private volatile @Nullable NodeAddress last;

    /** @param targets the nodes as known now; asked before each request */
    public ControlClient(Supplier<List<NodeAddress>> targets) {
        this.targets = targets;
    }

    /** {@code GET /api/v1/...} as an object. */
    public <T> T get(String path, Class<T> type) {
        return parse(send("GET", path, "", ""), type);
    }

    /** {@code POST /api/v1/...}. */
    public <T> T post(String path, String body, Class<T> type) {
        return parse(send("POST", path, body, ""), type);
    }

    /**
     * A {@code POST} that may be sent again, to any node, where the answer was lost: with the same key it is done once.
     *
     * @param key letters and digits, of this request alone
     */
    public <T> T postOnce(String path, String body, String key, Class<T> type) {
        return parse(send("POST", path, body, key), type);
    }

    /**
     * The stream of events of the node that answered last, which ends when its caller closes it, or the node.
     *
     * @throws IOException if there is none: no node has answered yet, or this one tells nothing
     */
    InputStream events() throws IOException, InterruptedException {
        NodeAddress node = last;
        if (node == null) {
            throw new IOException("no node has answered yet");
        }
        HttpResponse<InputStream> response =
                client(node).send(request(node, "GET", "/events", "", ""), HttpResponse.BodyHandlers.ofInputStream());
        if (response.statusCode() != 200) {
            response.body().close();
            throw new IOException(node.address() + " answers with HTTP status " + response.statusCode());
        }
        return response.body();
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
            return Json.read(response.body(), type);
        } catch (JsonProcessingException e) {
            throw new UserException(
                    response.uri() + ": the answer is not of this program's version; is it an flm node?", e);
        }
    }

    /** @param key empty: none */
    private HttpResponse<String> send(String method, String path, String body, String key) {
        List<NodeAddress> all = targets.get();
        if (all.isEmpty()) {
            throw new Unavailable(
                    "no node of the run is known", "; give the HTTP address of one with --node HOST:PORT");
        }
        Map<String, String> silent = new LinkedHashMap<>();
        String unavailable = "";
        for (NodeAddress target : lastOneFirst(all)) {
            try {
                HttpResponse<String> response = exchange(client(target), request(target, method, path, body, key));
                last = target;
                if (PASSING.contains(response.statusCode())) {
                    unavailable = detail(response);
                    continue;
                }
                if (response.statusCode() >= 400) {
                    throw new UserException(detail(response));
                }
                return response;
            } catch (SSLException e) {
                clients.remove(Optional.ofNullable(target.certificates())); // the file may be another one now
                silent.put(target.address(), refusal(e));
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

    private HttpClient client(NodeAddress target) {
        return clients.computeIfAbsent(Optional.ofNullable(target.certificates()), certificates -> {
            HttpClient.Builder client = HttpClient.newBuilder().connectTimeout(CONNECT_TIMEOUT);
            certificates.ifPresent(file -> client.sslContext(NodeTrust.of(file)));
            return client.build();
        });
    }

    /** With an end in size and time: the timeout of a request ends where the answer begins. */
    private static HttpResponse<String> exchange(HttpClient client, HttpRequest request)
            throws IOException, InterruptedException {
        CompletableFuture<HttpResponse<String>> answer =
                client.sendAsync(request, begun -> new BoundedText(MOST_ANSWER));
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

    private static HttpRequest request(NodeAddress target, String method, String path, String body, String key) {
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
        if (!key.isEmpty()) {
            request.header("Idempotency-Key", key);
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
            String detail =
                    Json.read(response.body(), JsonNode.class).path("detail").asText();
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
        String message = String.valueOf(e.getMessage());
        return message.contains("header parser received no bytes") || message.contains("Invalid status line")
                ? "answers no HTTP; if it speaks TLS, put https:// before its address"
                : message;
    }

    /** Why there is no TLS, in words of the options. */
    private static String refusal(SSLException e) {
        Throwable root = e;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        String message = String.valueOf(root.getMessage());
        if (root instanceof CertPathBuilderException) {
            return "nobody that is trusted has signed its certificate: give --ca-file F with who did";
        }
        if (root instanceof CertificateException) {
            return "its certificate is not taken: " + PlainText.of(message);
        }
        return message.contains("nrecognized SSL message")
                ? "speaks no TLS; leave https:// out"
                : "no TLS: " + PlainText.of(message);
    }
}
