package io.flm.data;

import com.typesafe.config.Config;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * {@code flm.data.remote.s3}: how objects of {@code s3://} are reached. Who asks for them is not said here: credentials come from the
 * machine, as the SDK of Amazon finds them, and are in no configuration.
 *
 * @param endpoint of a store that is not Amazon's, whose buckets are parts of its paths; empty: Amazon's of the region
 * @param region empty: that of the machine
 * @param anonymous whether requests are not signed
 */
public record S3Settings(Optional<URI> endpoint, String region, boolean anonymous) {
    /** Amazon's store, with what the machine says of credentials and region. */
    static final S3Settings DEFAULTS = new S3Settings(Optional.empty(), "", false);

    private static final Pattern REGION = Pattern.compile("[a-z0-9][a-z0-9-]{0,62}");
    private static final String ENDPOINT = "flm.data.remote.s3.endpoint";

    /** Reads {@code flm.data.remote.s3}. */
    static S3Settings from(Config c) {
        String region = c.getString("region");
        if (!region.isEmpty() && !REGION.matcher(region).matches()) {
            throw new UserException("flm.data.remote.s3.region = " + PlainText.of(region)
                    + ": is no region; give one such as eu-central-1");
        }
        return new S3Settings(endpoint(c.getString("endpoint")), region, c.getBoolean("anonymous"));
    }

    private static Optional<URI> endpoint(String text) {
        if (text.isEmpty()) {
            return Optional.empty();
        }
        try {
            URI uri = new URI(text);
            if (uri.getUserInfo() != null) { // not shown
                throw new UserException(
                        ENDPOINT + ": holds a name or password; give credentials in the environment or in ~/.aws");
            }
            String scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
            if (uri.getHost() != null
                    && (scheme.equals("https") || scheme.equals("http"))
                    && uri.getQuery() == null
                    && uri.getFragment() == null) {
                return Optional.of(uri);
            }
        } catch (URISyntaxException e) {
            throw new UserException(
                    ENDPOINT + " = " + PlainText.of(text) + ": is no address (" + e.getReason() + ")", e);
        }
        throw new UserException(
                ENDPOINT + " = " + PlainText.of(text) + ": is no address of a server; give https://host:port");
    }

    /** How messages name the store. */
    String store() {
        return endpoint.map(URI::toString).orElse("Amazon S3");
    }
}
