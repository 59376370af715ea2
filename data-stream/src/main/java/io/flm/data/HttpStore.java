package io.flm.data;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Files on servers that speak HTTP, by {@code GET} with a {@code Range}.
 *
 * <p>Nothing of a server is believed that could cost more than was asked for: bodies end with the range, redirections are counted, lead
 * away from encryption never, and take no token with them to another host. No token is sent in the clear, but to this machine itself.
 */
final class HttpStore implements RemoteStore {
    private static final Logger LOG = LoggerFactory.getLogger(HttpStore.class);

    private static final int MOST_REDIRECTIONS = 5;
    private static final int MOST_SKIPPED = 64 << 10;
    private static final Pattern NO_PART = Pattern.compile("bytes \\*/(\\d{1,18})");

    private final RemoteSettings settings;
    private final Optional<String> token;
    private final HttpClient client;

    HttpStore(RemoteSettings settings) {
        this.settings = settings;
        this.token = settings.token();
        this.client = HttpClient.newBuilder()
                // A connection for each request: none waits behind another one's bytes.
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(settings.timeout())
                .build();
    }

    @Override
    public Parts file(URI url) {
        return new HttpParts(url);
    }

    @Override
    public void close() {
        // The client ends with its last user.
    }

    private final class HttpParts implements Parts {
        private final URI url;
        private final Trickle trickle;
        private volatile URI leadsTo; // where the redirections of the url ended

        HttpParts(URI url) {
            this.url = url;
            this.trickle = new Trickle(RemotePath.shown(url), settings.timeout());
            this.leadsTo = url;
        }

        /** Where the url led to before may have been for a while only, or be broken now: the next try asks the url again. */
        @Override
        public ShardIdentity read(ByteBuffer into, long position, @Nullable ShardIdentity pinned) throws IOException {
            URI from = leadsTo; // others change it at the same time
            try {
                Answer answer = answer(url, from, position, into, pinned, trickle);
                if (!answer.url.equals(from)) {
                    leadsTo = answer.url;
                }
                return answer.identity;
            } catch (UserException e) {
                if (from.equals(url)) {
                    throw e;
                }
                leadsTo = url;
                throw new PassingFailure(String.valueOf(e.getMessage()), Duration.ZERO, e);
            } catch (IOException e) {
                leadsTo = url;
                throw e;
            }
        }
    }

    /** An answer with a part of a file, whose body was taken. */
    private record Answer(URI url, ShardIdentity identity) {}

    /**
     * One request, and those that its redirections ask for. The buffer has what came of the body, also where this throws.
     *
     * @param url the one that a user named, whose host gets the token
     * @param leadsTo where to begin
     * @param pinned what all answers must be of; null: of the first one
     */
    private Answer answer(
            URI url, URI leadsTo, long position, ByteBuffer into, @Nullable ShardIdentity pinned, Trickle trickle)
            throws IOException {
        URI at = leadsTo;
        for (int redirections = 0; redirections <= MOST_REDIRECTIONS; redirections++) {
            HttpBody body = new HttpBody(into.slice());
            HttpResponse<HttpBody> response;
            try {
                response = await(send(at, url, position, into.remaining(), body, pinned), body, trickle);
            } catch (IOException e) {
                throw RemoteFiles.failed(RemotePath.shown(url), at.getHost(), e);
            } finally {
                into.position(into.position() + body.end());
            }
            int status = response.statusCode();
            if (status == 301 || status == 302 || status == 303 || status == 307 || status == 308) {
                at = redirected(url, at, response.headers());
                continue;
            }
            if (status != 206) {
                throw refused(url, at, status, response.headers());
            }
            ShardIdentity identity = identity(response.headers());
            Fault fault = fault(response.headers(), position, identity, pinned);
            if (fault != null) {
                throw BrokenShard.of(url, fault);
            }
            if (body.isTooLong()) {
                throw BrokenShard.of(url, BrokenShard.TOO_LONG);
            }
            return new Answer(at, identity);
        }
        throw new UserException(RemotePath.shown(url) + ": more than " + MOST_REDIRECTIONS
                + " redirections, such as to " + RemotePath.shown(at) + "; give the address where they end");
    }

    private CompletableFuture<HttpResponse<HttpBody>> send(
            URI at, URI url, long position, int count, HttpBody body, @Nullable ShardIdentity pinned) {
        HttpRequest.Builder request = HttpRequest.newBuilder(at)
                .header("Range", "bytes=" + position + "-" + (position + count - 1))
                .header("Accept-Encoding", "identity")
                .header("User-Agent", "flm");
        if (isSameOrigin(at, url) && !settings.hidesFrom(url) && (isEncrypted(at) || isLoopback(at))) {
            token.ifPresent(secret -> request.header("Authorization", "Bearer " + secret));
        }
        return client.sendAsync(request.build(), info -> {
            boolean wanted = info.statusCode() == 206
                    && fault(info.headers(), position, identity(info.headers()), pinned) == null;
            if (wanted) {
                return body;
            }
            long length = info.headers().firstValueAsLong("Content-Length").orElse(Long.MAX_VALUE);
            if (length <= MOST_SKIPPED) {
                return HttpResponse.BodySubscribers.replacing(body); // read to its end: the connection is used again
            }
            body.end();
            return body; // cancels what would follow
        });
    }

    private static HttpResponse<HttpBody> await(
            CompletableFuture<HttpResponse<HttpBody>> response, HttpBody body, Trickle trickle) throws IOException {
        int seen = 0;
        while (true) {
            try {
                return response.get(trickle.timeout().toMillis(), TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                int count = body.count();
                try {
                    trickle.check(count - seen);
                } catch (IOException slow) {
                    response.cancel(true);
                    throw slow;
                }
                seen = count;
            } catch (ExecutionException e) {
                throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
            } catch (InterruptedException e) {
                response.cancel(true);
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("interrupted while it waited for a server");
            }
        }
    }

    private static boolean isSameOrigin(URI one, URI other) {
        return one.getScheme().equalsIgnoreCase(other.getScheme())
                && one.getHost().equalsIgnoreCase(other.getHost())
                && port(one) == port(other);
    }

    private static int port(URI uri) {
        return uri.getPort() >= 0 ? uri.getPort() : isEncrypted(uri) ? 443 : 80;
    }

    private static boolean isEncrypted(URI uri) {
        return uri.getScheme().equalsIgnoreCase("https");
    }

    private static boolean isLoopback(URI uri) {
        return uri.getHost().equals("localhost")
                || uri.getHost().equals("[::1]")
                || uri.getHost().matches("127\\.\\d+\\.\\d+\\.\\d+");
    }

    private static URI redirected(URI url, URI at, HttpHeaders headers) {
        String location = headers.firstValue("Location").orElse("");
        URI to;
        try {
            to = at.resolve(new URI(location));
        } catch (URISyntaxException e) {
            throw new UserException(RemotePath.shown(url) + ": its server leads to what is no address", e);
        }
        String scheme = String.valueOf(to.getScheme()).toLowerCase(Locale.ROOT);
        boolean http = scheme.equals("https") || (scheme.equals("http") && !isEncrypted(at));
        if (location.isEmpty() || !http || to.getHost() == null) {
            throw new UserException(
                    RemotePath.shown(url) + ": its server leads to " + PlainText.of(RemotePath.shown(to))
                            + ", which is not followed; give https:// addresses that lead to others of the kind");
        }
        return to;
    }

    /** What is wrong with an answer of 206; null: nothing. */
    private static @Nullable Fault fault(
            HttpHeaders headers, long position, ShardIdentity identity, @Nullable ShardIdentity pinned) {
        String encoding = headers.firstValue("Content-Encoding").orElse("identity");
        if (!encoding.equalsIgnoreCase("identity")) {
            return new Fault(
                    "its server packs what it sends (" + PlainText.of(encoding)
                            + "), so parts of the file cannot be had",
                    "give another server");
        }
        return AnsweredRange.fault(range(headers), position, identity, pinned);
    }

    private static @Nullable AnsweredRange range(HttpHeaders headers) {
        return AnsweredRange.of(headers.firstValue("Content-Range").orElse(null));
    }

    private static ShardIdentity identity(HttpHeaders headers) {
        AnsweredRange range = range(headers);
        Instant changed = ShardIdentity.UNKNOWN;
        try {
            changed = headers.firstValue("Last-Modified")
                    .map(text -> Instant.from(DateTimeFormatter.RFC_1123_DATE_TIME.parse(text)))
                    .orElse(ShardIdentity.UNKNOWN);
        } catch (DateTimeException e) {
            LOG.debug("a time that is none", e);
        }
        return ShardIdentity.ofServer(
                range == null ? -1 : range.sizeBytes(),
                headers.firstValue("ETag").orElse(""),
                changed);
    }

    /** An answer without a part of a file. */
    private RuntimeException refused(URI url, URI at, int status, HttpHeaders headers) throws PassingFailure {
        String led = isSameOrigin(url, at) ? "" : " of " + at.getHost();
        String type = headers.firstValue("Content-Type").orElse("").toLowerCase(Locale.ROOT);
        if (PassingFailure.is(status)) {
            Duration pause =
                    PassingFailure.asked(headers.firstValue("Retry-After").orElse(""));
            throw new PassingFailure("HTTP " + status + led, pause, null);
        }
        String folder = RemotePath.mayBeFolder(url)
                ? " (if it is a folder: over HTTP nobody can ask what it holds; name its shards with braces, or in a .list)"
                : "";
        Fault fault = switch (status) {
            case 200 ->
                type.startsWith("text/html")
                        ? new Fault(
                                "a page of HTML, not the file itself",
                                "open it in a browser, and look at what the server says" + folder)
                        : new Fault(
                                "its server ignores ranges (HTTP 200 where 206 was due), so samples cannot be read one"
                                        + " by one",
                                "fetch the file, and give that");
            case 401, 403 ->
                new Fault(
                        "HTTP " + status + led + ", may not be read",
                        (token.isPresent() && settings.hidesFrom(url)
                                        ? "its server is shown no token, since a list alone names it: name a file of it"
                                                + " where the list is named, too"
                                        : "give a token with --set flm.data.remote.token-file=FILE, or ask its owner")
                                + folder);
            case 404, 410 -> new Fault("HTTP " + status + led + ", no such file", "give other data" + folder);
            case 416 ->
                NO_PART.matcher(headers.firstValue("Content-Range").orElse("")).matches()
                        ? new Fault("is empty, or shorter than it was", "fetch it again, or leave it out")
                        : new Fault("HTTP 416, its server sends no parts of it", "fetch the file, and give that");
            default -> new Fault("HTTP " + status + led, "look at what its server says of it");
        };
        return isOfFile(status) ? BrokenShard.of(url, fault) : new UserException(RemotePath.shown(url) + ": " + fault);
    }

    /** Whether an answer of this status says something of the file, and not of who asks or of the server. */
    private static boolean isOfFile(int status) {
        return status == 404 || status == 410 || status == 416 || status == 451;
    }
}
