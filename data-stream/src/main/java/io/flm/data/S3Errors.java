package io.flm.data;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.services.s3.model.S3Exception;

/** What a refusal of a store of S3 means, in one line that says what to do. */
final class S3Errors {
    private static final String ENDPOINT = "flm.data.remote.s3.endpoint";
    private static final String REGION = "flm.data.remote.s3.region";
    private static final String ANONYMOUS = "flm.data.remote.s3.anonymous";

    private static final Pattern NAMED_REGION = Pattern.compile("<Region>([a-z0-9-]{1,63})</Region>");
    private static final Pattern EXPECTED_REGION = Pattern.compile("expecting '([a-z0-9-]{1,63})'");
    private static final int MOST_TOLD = 200; // letters of a store's own words

    /** Errors of a status by which others do not pass. */
    private static final Set<String> PASSING =
            Set.of("RequestTimeout", "SlowDown", "Throttling", "InternalError", "ServiceUnavailable");

    private static final Set<String> ELSEWHERE = Set.of(
            "PermanentRedirect",
            "TemporaryRedirect",
            "Redirect",
            "AuthorizationHeaderMalformed",
            "IllegalLocationConstraintException");

    private final S3Settings settings;
    private final Duration timeout;

    S3Errors(S3Settings settings, Duration timeout) {
        this.settings = settings;
        this.timeout = timeout;
    }

    /**
     * Of an answer.
     *
     * @param provider where the credentials were found; asked where that matters
     */
    RuntimeException refused(URI url, S3Exception e, Supplier<String> provider) throws PassingFailure {
        int status = e.statusCode();
        AwsErrorDetails details = e.awsErrorDetails();
        String code = details == null || details.errorCode() == null ? "" : PlainText.of(details.errorCode());
        if (PassingFailure.is(status) || PASSING.contains(code)) {
            String asked = header(details, "Retry-After").orElse("");
            throw new PassingFailure(
                    "HTTP " + status + (code.isEmpty() ? "" : ", " + code), PassingFailure.asked(asked), e);
        }
        String bucket = RemotePath.host(url);
        if (status / 100 == 3 || ELSEWHERE.contains(code)) {
            return refusal(url, elsewhere(bucket, details), e);
        }
        if (status == 403
                && code.isEmpty()
                && header(details, "Content-Length").orElse("").equals("0")) {
            return refusal(url, denied(provider), e); // some stores say no more of it
        }
        return switch (code) {
            case "NoSuchBucket" ->
                refusal(
                        url,
                        settings.store() + " has no bucket " + bucket + "; give other data, or the store that has"
                                + " it with " + ENDPOINT,
                        e);
            case "NoSuchKey" ->
                new BrokenShard(url, new Fault("bucket " + bucket + " has no such key", "give other data"), e);
            case "AccessDenied", "AllAccessDisabled", "AccountProblem" -> refusal(url, denied(provider), e);
            case "InvalidAccessKeyId" ->
                refusal(
                        url,
                        settings.store() + " does not know the access key of this machine's credentials"
                                + found(provider) + "; give others, or look at " + ENDPOINT,
                        e);
            case "SignatureDoesNotMatch" ->
                refusal(
                        url,
                        "the secret key of this machine's credentials" + found(provider) + " is not that of their"
                                + " access key; give both anew",
                        e);
            case "ExpiredToken", "InvalidToken", "TokenRefreshRequired" ->
                refusal(url, "the credentials of this machine" + found(provider) + " have expired; renew them", e);
            case "RequestTimeTooSkewed" -> refusal(url, "this machine's clock is not the store's; set it", e);
            case "InvalidObjectState" ->
                new BrokenShard(
                        url,
                        new Fault("lies in an archive from which it cannot be read", "restore it, or leave it out"),
                        e);
            case "InvalidRange" ->
                new BrokenShard(
                        url, new Fault("is empty, or shorter than it was", "fetch it again, or leave it out"), e);
            case "" -> noStore(url, e);
            default -> refusal(url, told(status, code, details), e);
        };
    }

    /** Of an answer that is none of S3. */
    UserException noStore(URI url, @Nullable S3Exception e) {
        String said =
                e == null ? "what it answers is no list of keys" : "HTTP " + e.statusCode() + " without an error of S3";
        return refusal(url, settings.store() + " is no S3 store (" + said + "); look at " + ENDPOINT, e);
    }

    private static String told(int status, String code, @Nullable AwsErrorDetails details) {
        String message = details == null || details.errorMessage() == null ? "" : PlainText.of(details.errorMessage());
        return code + (message.isEmpty() ? "" : ", " + PlainText.cut(message, MOST_TOLD)) + " (HTTP " + status
                + "); look at what the store says of it";
    }

    private String elsewhere(String bucket, @Nullable AwsErrorDetails details) {
        Optional<String> region = region(details);
        return region.isPresent()
                ? "bucket " + bucket + " lies in region " + region.get() + "; give --set " + REGION + "=" + region.get()
                : settings.store() + " leads to another place, which is not followed; give the bucket's region with "
                        + REGION + ", or its store with " + ENDPOINT;
    }

    /** Where a bucket lies, as an answer from elsewhere says it. */
    private static Optional<String> region(@Nullable AwsErrorDetails details) {
        if (details == null) {
            return Optional.empty();
        }
        String body = details.rawResponse() == null ? "" : details.rawResponse().asString(StandardCharsets.ISO_8859_1);
        Matcher named = NAMED_REGION.matcher(body);
        if (named.find()) {
            return Optional.of(named.group(1));
        }
        Matcher expected = EXPECTED_REGION.matcher(String.valueOf(details.errorMessage()));
        return expected.find()
                ? Optional.of(expected.group(1))
                : header(details, "x-amz-bucket-region").filter(text -> text.matches("[a-z0-9-]{1,63}"));
    }

    private static Optional<String> header(@Nullable AwsErrorDetails details, String name) {
        return details == null || details.sdkHttpResponse() == null
                ? Optional.empty()
                : details.sdkHttpResponse().firstMatchingHeader(name);
    }

    private String denied(Supplier<String> provider) {
        return settings.anonymous()
                ? "may not be read without credentials; unset " + ANONYMOUS
                        + ", or ask the bucket's owner to let all read it"
                : "may not be read with this machine's credentials" + found(provider)
                        + "; give others, or ask the bucket's owner (who may not list it, is not told that a key is not"
                        + " there)";
    }

    private static String found(Supplier<String> provider) {
        String name = provider.get();
        return name.isEmpty() ? "" : " (" + name + ")";
    }

    /**
     * Of a request that got no answer, or one that cannot be read.
     *
     * @param first whether nothing of the file was read so far
     * @return what may pass
     */
    IOException failed(URI url, SdkClientException e, boolean first) {
        String message = PlainText.of(String.valueOf(e.getMessage()));
        if (first && message.startsWith("Unable to load credentials")) {
            throw refusal(
                    url,
                    "this machine has no credentials for S3 (environment, ~/.aws, container, instance); give some,"
                            + " or --set " + ANONYMOUS + "=true where the bucket may be read by all",
                    e);
        }
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof SocketTimeoutException silent) {
                return silent(silent);
            }
            if (cause instanceof IOException io) {
                String host = settings.endpoint().map(URI::getHost).orElse("the store");
                return new IOException(
                        String.valueOf(io.getMessage()), RemoteFiles.failed(RemotePath.shown(url), host, io));
            }
        }
        if (message.contains("parse XML") || message.contains("unmarshall")) {
            throw noStore(url, null);
        }
        if (first) {
            throw refusal(
                    url,
                    "cannot be asked for (" + PlainText.cut(message, MOST_TOLD) + "); look at flm.data.remote.s3",
                    e);
        }
        return new IOException(message, e);
    }

    IOException silent(SocketTimeoutException e) {
        return new IOException("silent for " + timeout.toMillis() + " ms (flm.data.remote.timeout)", e);
    }

    private static UserException refusal(URI url, String why, @Nullable Throwable cause) {
        String line = RemotePath.shown(url) + ": " + why;
        return cause == null ? new UserException(line) : new UserException(line, cause);
    }
}
