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
import java.nio.channels.UnresolvedAddressException;
import java.security.cert.CertificateException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads parts of files on servers, by {@code GET} with a {@code Range}. What may pass is tried again, after a pause that grows and is
 * drawn, and a read goes on where it broke off. What will not pass is refused in one line: a file that is not there or may not be read,
 * a server that cannot send parts, a page where a file is wanted, a certificate that does not fit.
 *
 * <p>Each answer says which bytes it is a part of: its size, its ETag, when it was changed. The first answer's are remembered, and an
 * answer with others is refused: samples of two versions of a shard never mix.
 *
 * <p>Nothing of a server is believed that could cost more than was asked for: bodies end with the range, redirections are counted, lead
 * away from encryption never, and take no token with them to another host. No token is sent in the clear, but to this machine itself.
 */
final class HttpFiles {
    private static final Logger LOG = LoggerFactory.getLogger(HttpFiles.class);

    /** What tells what a file is, whatever becomes of it: a header of a tar file. */
    static final int FIRST_BYTES = TarEntries.BLOCK;

    private static final int MOST_REDIRECTIONS = 5;
    private static final int MOST_MARK = 256; // letters of an ETag
    private static final int MOST_SKIPPED = 64 << 10;
    private static final int LEAST_PROGRESS = 4096; // bytes in the time that a server may be silent
    private static final long LEAST_GAIN = 64L << 10; // of a try that broke off, for it to count as a success
    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);
    private static final long MOST_ASKED_SECONDS = 60; // Retry-After
    private static final Pattern PART = Pattern.compile("bytes (\\d{1,18})-(\\d{1,18})/(\\d{1,18})");
    private static final Pattern NO_PART = Pattern.compile("bytes \\*/(\\d{1,18})");

    private final RemoteSettings settings;
    private final Optional<String> token;
    private final Semaphore connections;
    private final HttpClient client;

    HttpFiles(RemoteSettings settings) {
        this.settings = settings;
        this.token = settings.token();
        this.connections = new Semaphore(settings.connections());
        this.client = HttpClient.newBuilder()
                // A connection for each request: none waits behind another one's bytes.
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(settings.timeout())
                .build();
    }

    /** A try that failed and may succeed later. */
    private static final class Passing extends IOException {
        private static final long serialVersionUID = 1L;

        private final Duration least; // before the next try

        Passing(String message, Duration least, @Nullable Throwable cause) {
            super(message, cause);
            this.least = least;
        }
    }

    /** The first bytes of a file, and what it is known by. */
    private record First(ShardIdentity identity, ByteBuffer bytes) {}

    /** A file whose bytes are pinned. */
    final class HttpFile implements Bytes {
        private final URI url;
        private final ShardIdentity identity;
        private final ByteBuffer first;
        private volatile URI leadsTo; // where the redirections of the url ended

        private HttpFile(URI url, URI leadsTo, First first) {
            this.url = url;
            this.leadsTo = leadsTo;
            this.identity = first.identity;
            this.first = first.bytes;
        }

        ShardIdentity identity() {
            return identity;
        }

        @Override
        public long size() {
            return identity.sizeBytes();
        }

        @Override
        public void read(ByteBuffer into, long position) throws IOException {
            if (!into.hasRemaining()) {
                return; // no range has no bytes
            }
            if (position + into.remaining() <= first.limit()) {
                into.put(first.slice((int) position, into.remaining()));
                return;
            }
            if (position + into.remaining() > size()) {
                throw new IOException(RemotePath.shown(url) + ": ends before byte " + (position + into.remaining()));
            }
            long start = position - into.position();
            persist(
                    url,
                    () -> {
                        if (into.hasRemaining()) { // else it broke off behind the last byte
                            part(into, start);
                        }
                        return into.hasRemaining() ? null : into;
                    },
                    into::position);
        }

        /** One try. Where the url led to before may have been for a while only, or be broken now: the next one asks the url again. */
        private void part(ByteBuffer into, long start) throws IOException {
            URI from = leadsTo; // others change it at the same time
            try {
                URI end = answer(url, from, start + into.position(), into, identity).url;
                if (!end.equals(from)) {
                    leadsTo = end;
                }
            } catch (UserException e) {
                if (from.equals(url)) {
                    throw e;
                }
                leadsTo = url;
                throw new Passing(String.valueOf(e.getMessage()), Duration.ZERO, e);
            } catch (IOException e) {
                leadsTo = url;
                throw e;
            }
        }
    }

    /**
     * Asks for the first bytes of a file.
     *
     * @throws UserException where it cannot be read, in one line
     * @throws RemoteFailure where its server cannot be reached
     */
    HttpFile open(URI url) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(FIRST_BYTES);
        URI[] leadsTo = {url};
        First first = persist(
                url,
                () -> {
                    bytes.clear();
                    Answer answer = answer(url, url, 0, bytes, null);
                    leadsTo[0] = answer.url;
                    if (bytes.position() < Math.min(FIRST_BYTES, answer.identity.sizeBytes())) {
                        throw new Passing("ends in the middle of its answer", Duration.ZERO, null);
                    }
                    return new First(answer.identity, bytes.flip().asReadOnlyBuffer());
                },
                () -> 0);
        if (!first.identity.isMarked()) {
            LOG.warn(
                    "{}: its server says neither ETag nor Last-Modified, so other bytes of the same size would not be noticed",
                    RemotePath.shown(url));
        }
        return new HttpFile(url, leadsTo[0], first);
    }

    /** One try of a read; null: it brought something, but not all. */
    @FunctionalInterface
    private interface Try<T> {
        @Nullable T run() throws IOException;
    }

    /** How far a read has come, in bytes. */
    @FunctionalInterface
    private interface Progress {
        long bytes();
    }

    private <T> T persist(URI url, Try<T> attempt, Progress progress) throws IOException {
        int failures = 0;
        long last = progress.bytes();
        while (true) {
            Duration least = Duration.ZERO;
            IOException failure;
            try {
                connections.acquireUninterruptibly();
                try {
                    T result = attempt.run();
                    if (result != null) {
                        return result;
                    }
                    failure = new IOException("ends in the middle of its answer");
                } finally {
                    connections.release();
                }
            } catch (InterruptedIOException e) {
                throw e;
            } catch (Passing e) {
                least = e.least;
                failure = e;
            } catch (IOException e) {
                failure = e;
            }
            failures = progress.bytes() - last >= LEAST_GAIN ? 0 : failures + 1;
            last = progress.bytes();
            if (failures >= settings.tries()) {
                throw new RemoteFailure(
                        RemotePath.shown(url) + ": cannot be read (" + reason(failure) + "), tries: " + failures,
                        failure);
            }
            LOG.info("{}: {}; it is tried again", RemotePath.shown(url), reason(failure));
            pause(Math.max(1, failures), least);
        }
    }

    /** Those that failed together do not come back together. */
    private static void pause(int failures, Duration least) throws InterruptedIOException {
        long most = Math.min(LONGEST_PAUSE.toNanos(), FIRST_PAUSE.toNanos() << Math.min(30, failures - 1));
        long drawn = most / 2 + new SplittableRandom(System.nanoTime()).nextLong(most / 2 + 1);
        long end = System.nanoTime() + Math.max(least.toNanos(), drawn);
        for (long left = end - System.nanoTime(); left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
            if (Thread.currentThread().isInterrupted()) {
                throw new InterruptedIOException("interrupted while it waited for a server");
            }
        }
    }

    private static String reason(IOException e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof UnresolvedAddressException) {
                return "its host is not known";
            }
        }
        String message = e.getMessage();
        return message != null && !message.isBlank()
                ? PlainText.of(message)
                : e.getClass().getSimpleName();
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
    private Answer answer(URI url, URI leadsTo, long position, ByteBuffer into, @Nullable ShardIdentity pinned)
            throws IOException {
        URI at = leadsTo;
        for (int redirections = 0; redirections <= MOST_REDIRECTIONS; redirections++) {
            HttpBody body = new HttpBody(into.slice());
            HttpResponse<HttpBody> response;
            try {
                response = await(send(at, url, position, into.remaining(), body, pinned), body);
            } catch (IOException e) {
                throw refusal(url, at, e);
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
            String fault = fault(response.headers(), position, identity, pinned);
            if (!fault.isEmpty()) {
                throw new UserException(RemotePath.shown(url) + ": " + fault);
            }
            if (body.isTooLong()) {
                throw new UserException(
                        RemotePath.shown(url) + ": its server sends more than it was asked for; give another server");
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
        if (isSameOrigin(at, url) && (isEncrypted(at) || isLoopback(at))) {
            token.ifPresent(secret -> request.header("Authorization", "Bearer " + secret));
        }
        return client.sendAsync(request.build(), info -> {
            boolean wanted = info.statusCode() == 206
                    && fault(info.headers(), position, identity(info.headers()), pinned)
                            .isEmpty();
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

    private HttpResponse<HttpBody> await(CompletableFuture<HttpResponse<HttpBody>> response, HttpBody body)
            throws IOException {
        int seen = 0;
        while (true) {
            try {
                return response.get(settings.timeout().toMillis(), TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                int count = body.count();
                if (count - seen < LEAST_PROGRESS) {
                    response.cancel(true);
                    throw new IOException(
                            "silent for " + settings.timeout().toMillis() + " ms (flm.data.remote.timeout)", e);
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

    /** What is wrong with an answer of 206; empty: nothing. */
    private static String fault(
            HttpHeaders headers, long position, ShardIdentity identity, @Nullable ShardIdentity pinned) {
        Matcher part = PART.matcher(headers.firstValue("Content-Range").orElse(""));
        if (!part.matches() || Long.parseLong(part.group(1)) != position) {
            return "its server sends another part than it was asked for; give another server";
        }
        String encoding = headers.firstValue("Content-Encoding").orElse("identity");
        if (!encoding.equalsIgnoreCase("identity")) {
            return "its server packs what it sends (" + PlainText.of(encoding)
                    + "), so parts of the file cannot be had";
        }
        return pinned == null || pinned.isSameAs(identity)
                ? ""
                : "has changed since it was opened first, and samples of both must not mix; put it back, or begin anew";
    }

    private static ShardIdentity identity(HttpHeaders headers) {
        Matcher part = PART.matcher(headers.firstValue("Content-Range").orElse(""));
        long size = part.matches() ? Long.parseLong(part.group(3)) : -1;
        String etag = headers.firstValue("ETag").orElse("");
        Instant changed = ShardIdentity.UNKNOWN;
        try {
            changed = headers.firstValue("Last-Modified")
                    .map(text -> Instant.from(DateTimeFormatter.RFC_1123_DATE_TIME.parse(text)))
                    .orElse(ShardIdentity.UNKNOWN);
        } catch (DateTimeException e) {
            LOG.debug("a time that is none", e);
        }
        return new ShardIdentity(size, etag.length() > MOST_MARK ? "" : etag, changed);
    }

    /** An answer without a part of a file. */
    private static RuntimeException refused(URI url, URI at, int status, HttpHeaders headers) throws Passing {
        String shown = RemotePath.shown(url);
        String led = isSameOrigin(url, at) ? "" : " of " + at.getHost();
        String type = headers.firstValue("Content-Type").orElse("").toLowerCase(Locale.ROOT);
        if (status == 408 || status == 425 || status == 429 || (status >= 500 && status != 501 && status != 505)) {
            long seconds = headers.firstValue("Retry-After")
                    .filter(text -> text.matches("\\d{1,6}"))
                    .map(Long::parseLong)
                    .orElse(0L);
            throw new Passing("HTTP " + status + led, Duration.ofSeconds(Math.min(MOST_ASKED_SECONDS, seconds)), null);
        }
        return new UserException(shown
                + switch (status) {
                    case 200 ->
                        type.startsWith("text/html")
                                ? ": a page of HTML, not the file itself; open it in a browser, and look at what the server says"
                                : ": its server ignores ranges (HTTP 200 where 206 was due), so samples cannot be read one by"
                                        + " one; fetch the file, and give that";
                    case 401, 403 ->
                        ": HTTP " + status + led
                                + ", may not be read; give a token with --set flm.data.remote.token-file=FILE, or ask its owner";
                    case 404, 410 -> ": HTTP " + status + led + ", no such file; give other --data";
                    case 416 ->
                        NO_PART.matcher(headers.firstValue("Content-Range").orElse(""))
                                        .matches()
                                ? ": is empty, or shorter than it was; fetch it again, or leave it out"
                                : ": HTTP 416, its server sends no parts of it; fetch the file, and give that";
                    default -> ": HTTP " + status + led + "; look at what its server says of it";
                });
    }

    /** A failure of the connection: those of a certificate do not pass. */
    private static IOException refusal(URI url, URI at, IOException e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof CertificateException) {
                throw new UserException(
                        RemotePath.shown(url) + ": the certificate of " + at.getHost() + " does not fit ("
                                + PlainText.of(String.valueOf(cause.getMessage()))
                                + "); for an authority of your own set JAVA_TOOL_OPTIONS=-Djavax.net.ssl.trustStore=FILE",
                        e);
            }
        }
        return e;
    }
}
