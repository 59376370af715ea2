package io.flm.data;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.UnresolvedAddressException;
import java.security.cert.CertificateException;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads parts of files on servers, whatever their kind. What may pass is tried again, after a pause that grows and is drawn, and a read
 * goes on where it broke off. What will not pass is refused in one line: a file that is not there or may not be read, a server that cannot
 * send parts, a page where a file is wanted, a certificate that does not fit.
 *
 * <p>Each answer says which bytes it is a part of: its size, its ETag, when it was changed. The first answer's are remembered, and an
 * answer with others is refused: samples of two versions of a shard never mix.
 */
final class RemoteFiles implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RemoteFiles.class);

    /** What tells what a file is, whatever becomes of it: a header of a tar file. */
    static final int FIRST_BYTES = TarEntries.BLOCK;

    private static final long LEAST_GAIN = 64L << 10; // of a try that broke off, for it to count as a success
    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);

    private final RemoteSettings settings;
    private final Semaphore connections;
    private @Nullable HttpStore http;
    private @Nullable S3Store s3;

    RemoteFiles(RemoteSettings settings) {
        this.settings = settings;
        this.connections = new Semaphore(settings.connections());
    }

    private synchronized RemoteStore store(URI url) {
        return RemotePath.isS3(url) ? s3() : http();
    }

    private synchronized HttpStore http() {
        HttpStore known = http;
        if (known == null) {
            known = new HttpStore(settings);
            http = known;
        }
        return known;
    }

    private synchronized S3Store s3() {
        S3Store known = s3;
        if (known == null) {
            known = new S3Store(settings);
            s3 = known;
        }
        return known;
    }

    /** A file whose bytes are pinned. */
    final class RemoteFile implements Bytes {
        private final URI url;
        private final RemoteStore.Parts parts;
        private final ShardIdentity identity;
        private final ByteBuffer first;

        private RemoteFile(URI url, RemoteStore.Parts parts, ShardIdentity identity, ByteBuffer first) {
            this.url = url;
            this.parts = parts;
            this.identity = identity;
            this.first = first;
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
            try {
                persist(
                        url,
                        () -> {
                            if (into.hasRemaining()) { // else it broke off behind the last byte
                                parts.read(into, start + into.position(), identity);
                            }
                            return into.hasRemaining() ? null : into;
                        },
                        into::position);
            } catch (RemoteFailure e) {
                if (e.getCause() instanceof ShortAnswer) {
                    throw BrokenShard.of(url, new Fault(e.why(), "fetch it again, or leave it out"), e);
                }
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
    RemoteFile open(URI url) throws IOException {
        RemoteStore.Parts parts = store(url).file(url);
        ByteBuffer bytes = ByteBuffer.allocate(FIRST_BYTES);
        ShardIdentity identity = persist(
                url,
                () -> {
                    bytes.clear();
                    ShardIdentity its = parts.read(bytes, 0, null);
                    return bytes.position() < Math.min(FIRST_BYTES, its.sizeBytes()) ? null : its;
                },
                () -> 0);
        if (!identity.isMarked()) {
            LOG.warn(
                    "{}: its server says neither ETag nor Last-Modified, so other bytes of the same size would not be noticed",
                    RemotePath.shown(url));
        }
        return new RemoteFile(url, parts, identity, bytes.flip().asReadOnlyBuffer());
    }

    /**
     * The keys of a bucket of S3 that begin as an address does; see {@link S3Store#list}.
     *
     * @throws UserException where they cannot be listed, in one line
     */
    S3Listing keys(URI prefix) throws IOException {
        S3Listing listing = new S3Listing(RemotePath.shown(prefix), RemotePath.key(prefix));
        while (!listing.isComplete()) {
            persist(
                    prefix,
                    () -> {
                        s3().list(prefix, listing);
                        return listing;
                    },
                    () -> 0);
        }
        return listing;
    }

    /** One try of a read; null: it brought something, but not all. */
    @FunctionalInterface
    private interface Try<T> {
        @Nullable T run() throws IOException;
    }

    /** A server sent less than it said, and ended its answer as if that were all. */
    private static final class ShortAnswer extends IOException {
        private static final long serialVersionUID = 1L;

        ShortAnswer() {
            super("ends in the middle of its answer");
        }
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
                    failure = new ShortAnswer();
                } finally {
                    connections.release();
                }
            } catch (InterruptedIOException e) {
                throw e;
            } catch (PassingFailure e) {
                least = e.pause();
                failure = e;
            } catch (IOException e) {
                failure = e;
            }
            failures = progress.bytes() - last >= LEAST_GAIN ? 0 : failures + 1;
            last = progress.bytes();
            if (failures >= settings.tries()) {
                throw new RemoteFailure(
                        RemotePath.shown(url), "cannot be read (" + reason(failure) + "), tries: " + failures, failure);
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
            if (cause instanceof UnresolvedAddressException || cause instanceof UnknownHostException) {
                return "its host is not known";
            }
        }
        String message = e.getMessage();
        return message != null && !message.isBlank()
                ? PlainText.of(message)
                : e.getClass().getSimpleName();
    }

    /**
     * A failure of a connection: those of a certificate do not pass.
     *
     * @param shown the file
     * @param host that showed the certificate
     */
    static IOException failed(String shown, String host, IOException e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof CertificateException) {
                throw new UserException(
                        shown + ": the certificate of " + host + " does not fit ("
                                + PlainText.of(String.valueOf(cause.getMessage()))
                                + "); for an authority of your own set JAVA_TOOL_OPTIONS=-Djavax.net.ssl.trustStore=FILE",
                        e);
            }
        }
        return e;
    }

    @Override
    public synchronized void close() {
        if (http != null) {
            http.close();
        }
        if (s3 != null) {
            s3.close();
        }
    }
}
