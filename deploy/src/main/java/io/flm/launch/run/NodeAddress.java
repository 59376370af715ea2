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

/**
 * Where a node answers over HTTP, and with which token.
 *
 * @param address {@code host:port}
 * @param token empty: none
 */
public record NodeAddress(String address, String token) {
    private static final int MOST_TOKEN = 4096;

    /** Where its API is; empty: the address is no {@code host:port}. */
    public Optional<URI> api() {
        try {
            URI uri = new URI("http://" + address + "/api/v1");
            return uri.getHost() == null || uri.getPort() < 0 ? Optional.empty() : Optional.of(uri);
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
