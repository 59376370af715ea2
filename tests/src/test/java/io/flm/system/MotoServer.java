package io.flm.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A store that speaks S3, moto's, in a process of its own, and before it a network that fails where it is asked to. */
final class MotoServer implements AutoCloseable {
    private static final Pattern RUNNING = Pattern.compile("Running on (http://127\\.0\\.0\\.1:\\d+)");
    private static final long BOUND_SECONDS = 120;
    private static final Set<String> OWN = Set.of("host", "connection", "content-length", "expect", "upgrade");

    final AtomicInteger faults = new AtomicInteger();
    final AtomicInteger underWay = new AtomicInteger(); // requests
    private final AtomicInteger requests = new AtomicInteger();
    private final Process process;
    private final String store;
    private final HttpServer network;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .executor(threads)
            .build();

    MotoServer(String python) throws Exception {
        process = new ProcessBuilder(python, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0")
                .redirectErrorStream(true)
                .start();
        try {
            store = CompletableFuture.supplyAsync(this::address, threads).get(BOUND_SECONDS, TimeUnit.SECONDS);
            System.setProperty("sun.net.httpserver.nodelay", "true"); // else each answer waits for 40 ms
            network = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (Exception e) {
            process.destroyForcibly();
            throw e;
        }
        network.createContext("/", this::handle);
        network.setExecutor(threads);
        network.start();
    }

    /** Reads what the server says, to its end: else it would wait for who reads it. */
    private String address() {
        BufferedReader lines = process.inputReader();
        StringBuilder said = new StringBuilder();
        try {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                said.append(line).append('\n');
                Matcher running = RUNNING.matcher(line);
                if (running.find()) {
                    threads.execute(() -> lines.lines().forEach(more -> {}));
                    return running.group(1);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        throw new IllegalStateException("moto's server has ended: " + said);
    }

    /** Where the store is reached through the network that fails. */
    String failing() {
        return "http://127.0.0.1:" + network.getAddress().getPort();
    }

    /** Where it is reached as it is. */
    String store() {
        return store;
    }

    /** Makes a bucket of files, by requests that are signed by nobody: the store does not look at signatures. */
    void put(String bucket, String prefix, List<Path> files) throws Exception {
        put(bucket, HttpRequest.BodyPublishers.noBody());
        for (Path file : files) {
            put(bucket + "/" + prefix + file.getFileName(), HttpRequest.BodyPublishers.ofFile(file));
        }
    }

    private void put(String path, HttpRequest.BodyPublisher body) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(store + "/" + path))
                .header(
                        "Authorization",
                        "AWS4-HMAC-SHA256 Credential=owner/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0")
                .PUT(body)
                .build();
        assertThat(client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode())
                .as(path)
                .isEqualTo(200);
    }

    /** Of twenty requests one is refused, one is cut off without an answer, one in the middle of it, and one is late. */
    private void handle(HttpExchange exchange) throws IOException {
        underWay.incrementAndGet();
        try (exchange) {
            int number = requests.incrementAndGet() % 20;
            faults.addAndGet(number < 4 ? 1 : 0);
            switch (number) {
                case 0 -> exchange.sendResponseHeaders(500, -1);
                case 1 -> exchange.close();
                case 2 -> LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
                default -> {}
            }
            if (number >= 2) {
                forward(exchange, number == 3);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            underWay.decrementAndGet();
        }
    }

    private void forward(HttpExchange exchange, boolean half) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(
                URI.create(store + exchange.getRequestURI().toString()));
        assertThat(exchange.getRequestMethod()).isEqualTo("GET");
        exchange.getRequestHeaders().forEach((name, values) -> {
            if (!OWN.contains(name.toLowerCase(Locale.ROOT))) {
                values.forEach(value -> request.header(name, value));
            }
        });
        HttpResponse<byte[]> answer = client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
        answer.headers().map().forEach((name, values) -> {
            if (!OWN.contains(name.toLowerCase(Locale.ROOT)) && !name.equalsIgnoreCase("transfer-encoding")) {
                exchange.getResponseHeaders().put(name, values);
            }
        });
        int size = answer.body().length;
        exchange.sendResponseHeaders(answer.statusCode(), size == 0 ? -1 : size);
        if (size > 0) {
            try (OutputStream body = exchange.getResponseBody()) {
                body.write(answer.body(), 0, half ? size / 2 : size);
            }
        }
    }

    @Override
    public void close() {
        network.stop(0);
        process.destroyForcibly();
        threads.shutdownNow();
    }
}
