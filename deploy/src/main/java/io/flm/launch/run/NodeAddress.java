package io.flm.launch.run;

import io.flm.data.FileErrors;
import io.flm.data.SmallFile;
import io.flm.data.TextFile;
import io.flm.data.UserException;
import io.flm.launch.console.Failure;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where a node answers over HTTP, and with which token.
 *
 * @param address {@code host:port}, after {@code https://} where the node speaks TLS
 * @param token empty: none
 * @param certificates a PEM file of those that are trusted to be the node, or to have signed for it; null: those of Java
 */
public record NodeAddress(
        String address, String token, @Nullable Path certificates) {
    private static final String TLS = "https://";
    private static final int MOST_TOKEN = 4096;

    /** Of a node in the clear, or whose certificate is of a public authority. */
    public NodeAddress(String address, String token) {
        this(address, token, null);
    }

    /** Where an address leads. */
    public static String url(String address) {
        return address.startsWith(TLS) ? address : "http://" + address;
    }

    /** Of {@code address}; a name that somebody else resolves is none. */
    static boolean isLoopback(String address) {
        String place = address.startsWith(TLS) ? address.substring(TLS.length()) : address;
        String host = place.substring(0, Math.max(0, place.lastIndexOf(':')));
        return host.equals("localhost") || host.equals("[::1]") || host.matches("127(\\.\\d{1,3}){3}");
    }

    /** Where its API is; empty: the address is no {@code host:port}. */
    public Optional<URI> api() {
        try {
            URI uri = new URI(url(address) + "/api/v1");
            boolean whole = uri.getHost() != null
                    && uri.getPort() >= 0
                    && uri.getRawUserInfo() == null
                    && uri.getRawPath().equals("/api/v1");
            return whole ? Optional.of(uri) : Optional.empty();
        } catch (URISyntaxException e) {
            return Optional.empty();
        }
    }

    /** What a token file holds; empty for no file. */
    public static String readToken(String file) {
        if (file.isEmpty()) {
            return "";
        }
        try {
            String token =
                    TextFile.utf8(SmallFile.read(Path.of(file), MOST_TOKEN)).strip();
            if (!token.matches("[\\x21-\\x7e]+")) {
                throw new UserException(file + ": no token: give a file of one line, without spaces, to --token-file");
            }
            return token;
        } catch (FileSystemException e) {
            throw new UserException(Failure.of(e).line() + "; give the file of the nodes' token with --token-file", e);
        } catch (IOException e) {
            throw new UserException(
                    file + ": the token cannot be read (" + FileErrors.reason(e) + "); give --token-file", e);
        }
    }
}
