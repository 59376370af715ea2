package io.flm.data;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AnonymousCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.exception.AbortedException;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.regions.providers.DefaultAwsRegionProviderChain;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.endpoints.S3EndpointProvider;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Request;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.S3Exception;

/**
 * Objects of buckets, of Amazon's S3 or of a store that speaks as it does. The SDK of Amazon finds the credentials, signs, and reads what
 * is answered; when to try again is decided by {@link RemoteFiles} alone.
 *
 * <p>Requests go to the store that the settings name and nowhere else: redirections are not followed, and endpoints that the environment
 * or {@code ~/.aws} names are passed over. Secrets stay in the SDK: nothing here sees them.
 */
final class S3Store implements RemoteStore {
    private static final int CHUNK = 64 << 10;

    private final S3Settings settings;
    private final AwsCredentialsProvider credentials;
    private final S3Client client;
    private final S3Errors errors;
    private final Duration timeout;

    S3Store(RemoteSettings remote) {
        this.settings = remote.s3();
        this.credentials = settings.anonymous()
                ? AnonymousCredentialsProvider.create()
                : DefaultCredentialsProvider.builder().build();
        this.timeout = remote.timeout();
        this.errors = new S3Errors(settings, remote.timeout());
        var builder = S3Client.builder()
                .httpClient(new BoundedHttpClient(remote.timeout(), remote.connections()))
                .credentialsProvider(credentials)
                .region(region(settings))
                .forcePathStyle(settings.endpoint().isPresent())
                .endpointProvider(asked -> S3EndpointProvider.defaultProvider()
                        .resolveEndpoint(asked.toBuilder()
                                .endpoint(settings.endpoint().map(URI::toString).orElse(null))
                                .build()))
                // Not all stores know the checksums that Amazon's has added since.
                .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
                .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
                .overrideConfiguration(overrides -> overrides.retryStrategy(AwsRetryStrategy.doNotRetry()));
        settings.endpoint().ifPresent(builder::endpointOverride);
        this.client = builder.build();
    }

    /** What the settings say, or the machine; a wrong one is told by the store, with the right one. */
    private static Region region(S3Settings settings) {
        if (!settings.region().isEmpty()) {
            return Region.of(settings.region());
        }
        if (settings.endpoint().isPresent()) {
            return Region.US_EAST_1; // what stores take that have no regions
        }
        try {
            return DefaultAwsRegionProviderChain.builder().build().getRegion();
        } catch (SdkClientException e) {
            return Region.US_EAST_1;
        }
    }

    @Override
    public Parts file(URI url) {
        if (RemotePath.key(url).isEmpty()) {
            throw new UserException(
                    RemotePath.shown(url) + ": a bucket where a key is wanted; give s3://bucket/key.tar");
        }
        Trickle trickle = new Trickle(RemotePath.shown(url), timeout);
        return (into, position, pinned) -> asked(url, pinned == null, () -> part(url, into, position, pinned, trickle));
    }

    private ShardIdentity part(URI url, ByteBuffer into, long position, @Nullable ShardIdentity pinned, Trickle trickle)
            throws IOException {
        GetObjectRequest request = GetObjectRequest.builder()
                .bucket(RemotePath.host(url))
                .key(RemotePath.key(url))
                .range("bytes=" + position + "-" + (position + into.remaining() - 1))
                .build();
        ResponseInputStream<GetObjectResponse> body = client.getObject(request);
        boolean read = false;
        try {
            GetObjectResponse answer = body.response();
            ShardIdentity identity = identity(answer);
            Fault fault = fault(answer, position, identity, pinned);
            if (fault != null) {
                throw answer.sdkHttpResponse().statusCode() == 206
                        ? new BrokenShard(url, fault)
                        : new UserException(RemotePath.shown(url) + ": " + fault);
            }
            fill(into, body, trickle);
            if (!into.hasRemaining() && body.read() >= 0) {
                throw new BrokenShard(url, BrokenShard.TOO_LONG);
            }
            read = true;
            return identity;
        } finally {
            if (read) {
                body.close(); // at its end: the connection is used again
            } else {
                body.abort();
            }
        }
    }

    private static void fill(ByteBuffer into, ResponseInputStream<GetObjectResponse> body, Trickle trickle)
            throws IOException {
        long since = System.nanoTime();
        int seen = into.position();
        byte[] chunk = new byte[Math.min(CHUNK, into.remaining())];
        while (into.hasRemaining()) {
            int count = body.read(chunk, 0, Math.min(chunk.length, into.remaining()));
            if (count < 0) {
                return;
            }
            into.put(chunk, 0, count);
            if (System.nanoTime() - since >= trickle.timeout().toNanos()) {
                trickle.check(into.position() - seen);
                since = System.nanoTime();
                seen = into.position();
            }
        }
    }

    private static ShardIdentity identity(GetObjectResponse answer) {
        AnsweredRange range = AnsweredRange.of(answer.contentRange());
        String etag = Optional.ofNullable(answer.eTag()).orElse("");
        Instant changed = Optional.ofNullable(answer.lastModified()).orElse(ShardIdentity.UNKNOWN);
        return ShardIdentity.ofServer(range == null ? -1 : range.sizeBytes(), etag, changed);
    }

    private @Nullable Fault fault(
            GetObjectResponse answer, long position, ShardIdentity identity, @Nullable ShardIdentity pinned) {
        if (answer.sdkHttpResponse().statusCode() == 206) {
            return AnsweredRange.fault(AnsweredRange.of(answer.contentRange()), position, identity, pinned);
        }
        String type = Optional.ofNullable(answer.contentType()).orElse("").toLowerCase(Locale.ROOT);
        return type.startsWith("text/html")
                ? new Fault(
                        "a page of HTML, so " + settings.store() + " is no S3 store",
                        "look at flm.data.remote.s3.endpoint")
                : new Fault(
                        settings.store()
                                + " ignores ranges (HTTP 200 where 206 was due), so samples cannot be read one by one",
                        "fetch the file, and give that");
    }

    /**
     * Asks for the next keys.
     *
     * @param listing gets them; as it was where this throws
     */
    void list(URI prefix, S3Listing listing) throws IOException {
        ListObjectsV2Request request = ListObjectsV2Request.builder()
                .bucket(RemotePath.host(prefix))
                .prefix(listing.prefix())
                .continuationToken(listing.next())
                .build();
        ListObjectsV2Response page = asked(prefix, true, () -> client.listObjectsV2(request));
        if (page.name() == null) {
            throw errors.noStore(prefix, null);
        }
        listing.add(page);
    }

    /** A request; what it throws says whether it may pass. */
    @FunctionalInterface
    private interface Request<T> {
        T run() throws IOException;
    }

    private <T> T asked(URI url, boolean first, Request<T> request) throws IOException {
        try {
            return request.run();
        } catch (S3Exception e) {
            throw errors.refused(url, e, this::provider);
        } catch (AbortedException e) {
            Thread.currentThread().interrupt();
            InterruptedIOException interrupted = new InterruptedIOException("interrupted while it waited for a server");
            interrupted.initCause(e);
            throw interrupted;
        } catch (SdkClientException e) {
            throw errors.failed(url, e, first);
        } catch (SocketTimeoutException e) {
            throw errors.silent(e);
        }
    }

    /** Where the credentials were found, in a word of the SDK. */
    private String provider() {
        try {
            return PlainText.of(credentials.resolveCredentials().providerName().orElse(""));
        } catch (SdkClientException e) {
            return "";
        }
    }

    @Override
    public void close() {
        client.close();
    }
}
