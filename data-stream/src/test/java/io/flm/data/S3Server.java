package io.flm.data;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The folders of a folder as buckets: {@link FileServer} answers for objects, this for lists of keys, two a page, the last one first. What
 * a real store does is seen in the tests of the whole program.
 */
final class S3Server implements AutoCloseable {
    private static final int PAGE = 2;

    final FileServer files;
    private final Path folder;

    S3Server(Path folder) throws IOException {
        this.folder = folder;
        this.files = new FileServer(folder);
        files.etag = "\"v1\"";
        files.fault = (exchange, number) -> lists(exchange);
    }

    String endpoint() {
        return "http://127.0.0.1:" + files.port();
    }

    /** Answers where a list is asked for. */
    boolean lists(HttpExchange exchange) throws IOException {
        String query = exchange.getRequestURI().getRawQuery();
        if (query == null || !query.contains("list-type=2")) {
            return false;
        }
        Map<String, String> asked = Arrays.stream(query.split("&", -1))
                .collect(Collectors.toMap(
                        part -> part.substring(0, part.indexOf('=')),
                        part -> URLDecoder.decode(part.substring(part.indexOf('=') + 1), StandardCharsets.UTF_8)));
        String bucket = exchange.getRequestURI().getPath().substring(1).replace("/", "");
        List<String> keys = keys(bucket, asked.getOrDefault("prefix", ""));
        int from = Integer.parseInt(asked.getOrDefault("continuation-token", "0"));
        int to = Math.min(keys.size(), from + PAGE);
        String contents = keys.subList(from, to).stream()
                .map(key -> "<Contents><Key>" + key + "</Key><Size>1</Size></Contents>")
                .collect(Collectors.joining());
        return answer(
                exchange,
                200,
                "application/xml",
                "<ListBucketResult><Name>" + bucket + "</Name><IsTruncated>" + (to < keys.size()) + "</IsTruncated>"
                        + (to < keys.size() ? "<NextContinuationToken>" + to + "</NextContinuationToken>" : "")
                        + contents
                        + "</ListBucketResult>");
    }

    private List<String> keys(String bucket, String prefix) throws IOException {
        Path root = folder.resolve(bucket);
        try (Stream<Path> all = Files.walk(root)) {
            return all.filter(Files::isRegularFile)
                    .map(file -> root.relativize(file).toString())
                    .filter(key -> key.startsWith(prefix))
                    .sorted(Comparator.reverseOrder())
                    .toList();
        }
    }

    static boolean answer(HttpExchange exchange, int status, String type, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", type);
        exchange.sendResponseHeaders(status, bytes.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(bytes);
        }
        return true;
    }

    static boolean error(HttpExchange exchange, int status, String code, String more) throws IOException {
        return answer(
                exchange,
                status,
                "application/xml",
                "<?xml version=\"1.0\"?><Error><Code>" + code + "</Code><Message>why</Message>" + more + "</Error>");
    }

    @Override
    public void close() {
        files.close();
    }
}
