package io.flm.data;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Serves the files of a folder by ranges, as object stores do, and fails where a test wants it to. */
final class FileServer implements AutoCloseable {
    private static final Pattern RANGE = Pattern.compile("bytes=(\\d+)-(\\d+)");

    /** What a test does to a request instead of, or before, answering it. */
    @FunctionalInterface
    interface Fault {
        /** Returns whether the request is done with. */
        boolean meets(HttpExchange exchange, int number) throws IOException;
    }

    /** What was asked for. */
    record Request(String path, String range, String authorization) {}

    final List<Request> requests = new CopyOnWriteArrayList<>();
    final AtomicInteger faults = new AtomicInteger();
    volatile Fault fault = (exchange, number) -> false;
    volatile String etag = "";
    volatile boolean saysTimes = true; // of changes
    volatile int dripBytes; // that come every 20 ms; 0: all at once

    static {
        System.setProperty("sun.net.httpserver.nodelay", "true"); // else each answer waits for 40 ms
    }

    private final Path folder;
    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();

    FileServer(Path folder) throws IOException {
        this(folder, HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0));
    }

    FileServer(Path folder, HttpServer server) {
        this.folder = folder;
        this.server = server;
        server.createContext("/", this::handle);
        server.setExecutor(threads);
        server.start();
    }

    /** The address of a file, as a command line hands it on. */
    Path path(String file) {
        return Path.of("http://127.0.0.1:" + port() + "/" + file);
    }

    int port() {
        return server.getAddress().getPort();
    }

    long asked(String path) {
        return requests.stream().filter(request -> request.path.equals(path)).count();
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            String range = String.valueOf(exchange.getRequestHeaders().getFirst("Range"));
            requests.add(new Request(
                    path, range, String.valueOf(exchange.getRequestHeaders().getFirst("Authorization"))));
            if (fault.meets(exchange, requests.size())) {
                faults.incrementAndGet();
                return;
            }
            Path file = folder.resolve(path.substring(1));
            if (!Files.isRegularFile(file)) {
                exchange.sendResponseHeaders(404, -1);
                return;
            }
            part(exchange, file, range, Integer.MAX_VALUE);
        }
    }

    /** Answers with the part of a file that was asked for, but sends no more than {@code most} of it. */
    void part(HttpExchange exchange, Path file, String range, int most) throws IOException {
        part(exchange, file, range, most, 0);
    }

    /** Answers with all that was asked for, and breaks off where the end of the answer is due. */
    void partWithoutEnd(HttpExchange exchange, Path file, String range) throws IOException {
        part(exchange, file, range, Integer.MAX_VALUE, 1);
    }

    private void part(HttpExchange exchange, Path file, String range, int most, int promisedMore) throws IOException {
        long size = Files.size(file);
        Matcher asked = RANGE.matcher(range);
        if (!asked.matches()
                || Long.parseLong(asked.group(1)) >= size
                || Long.parseLong(asked.group(2)) < Long.parseLong(asked.group(1))) {
            exchange.getResponseHeaders().set("Content-Range", "bytes */" + size);
            exchange.sendResponseHeaders(416, -1);
            return;
        }
        long first = Long.parseLong(asked.group(1));
        long last = Math.min(Long.parseLong(asked.group(2)), size - 1);
        byte[] bytes = new byte[(int) (last - first + 1)];
        try (FileChannel channel = FileChannel.open(file)) {
            OpenFiles.fill(channel, ByteBuffer.wrap(bytes), first);
        }
        marks(exchange, file);
        exchange.getResponseHeaders().set("Content-Range", "bytes " + first + "-" + last + "/" + size);
        exchange.sendResponseHeaders(206, bytes.length + promisedMore);
        try (OutputStream out = exchange.getResponseBody()) {
            int end = Math.min(most, bytes.length);
            int each = dripBytes == 0 ? end : dripBytes;
            for (int at = 0; at < end; at += each) {
                out.write(bytes, at, Math.min(each, end - at));
                if (dripBytes > 0) {
                    out.flush();
                    LockSupport.parkNanos(20_000_000);
                }
            }
        }
    }

    void marks(HttpExchange exchange, Path file) throws IOException {
        if (!etag.isEmpty()) {
            exchange.getResponseHeaders().set("ETag", etag);
        }
        if (saysTimes) {
            exchange.getResponseHeaders()
                    .set(
                            "Last-Modified",
                            DateTimeFormatter.RFC_1123_DATE_TIME.format(
                                    Files.getLastModifiedTime(file).toInstant().atOffset(ZoneOffset.UTC)));
        }
    }

    /** Where a file lies. */
    Path file(HttpExchange exchange) {
        return folder.resolve(exchange.getRequestURI().getPath().substring(1));
    }

    static String range(HttpExchange exchange) {
        return String.valueOf(exchange.getRequestHeaders().getFirst("Range"));
    }

    /** Answers with a status and headers, without a body. */
    static boolean answer(HttpExchange exchange, int status, String... headers) {
        try {
            for (int i = 0; i < headers.length; i += 2) {
                exchange.getResponseHeaders().set(headers[i], headers[i + 1]);
            }
            exchange.sendResponseHeaders(status, -1);
            return true;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
