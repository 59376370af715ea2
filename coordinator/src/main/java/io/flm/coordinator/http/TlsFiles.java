package io.flm.coordinator.http;

import com.typesafe.config.Config;
import io.flm.data.UserException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * {@code flm.http.tls}: with what a node shows who it is.
 *
 * @param certificate a PEM file with the node's certificate, then those that signed it
 * @param key a PEM file with its key
 */
public record TlsFiles(Path certificate, Path key) {
    static final String CERTIFICATE_KEY = "flm.http.tls.certificate";
    static final String KEY_KEY = "flm.http.tls.key";

    /** Empty: in the clear. */
    static Optional<TlsFiles> from(Config http) {
        String certificate = http.getString("tls.certificate");
        String key = http.getString("tls.key");
        if (certificate.isEmpty() != key.isEmpty()) {
            throw new UserException((certificate.isEmpty() ? KEY_KEY : CERTIFICATE_KEY) + " without "
                    + (certificate.isEmpty() ? CERTIFICATE_KEY : KEY_KEY) + ": give both for TLS, or none");
        }
        return certificate.isEmpty() ? Optional.empty() : Optional.of(new TlsFiles(Path.of(certificate), Path.of(key)));
    }
}
