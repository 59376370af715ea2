package io.flm.data;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * {@code flm.data.remote}: how shards on servers are read.
 *
 * @param tokenFile holds what is sent as {@code Authorization: Bearer}
 * @param connections requests at a time
 * @param tries of a read that brings nothing
 * @param timeout of a server that is silent
 * @param cacheFolder for tables of contents, and pieces of shards
 * @param cacheBytes of the pieces; 0: none are kept
 * @param s3 how {@code s3://} is reached
 * @param hidden origins, such as {@code https://host:8443}, that are shown no token
 */
public record RemoteSettings(
        Optional<Path> tokenFile,
        int connections,
        int tries,
        Duration timeout,
        Optional<Path> cacheFolder,
        long cacheBytes,
        S3Settings s3,
        Set<String> hidden) {
    private static final int MOST_TOKEN_BYTES = 16 << 10;

    /** @throws UserException where pieces are to be kept, but nothing says where */
    public RemoteSettings {
        if (cacheBytes > 0 && cacheFolder.isEmpty()) {
            throw new UserException("flm.data.remote.cache-size: pieces of shards are to be kept, but not said where;"
                    + " set flm.data.remote.cache-folder");
        }
        hidden = Set.copyOf(hidden);
    }

    /** Without a word on S3. */
    RemoteSettings(
            Optional<Path> tokenFile,
            int connections,
            int tries,
            Duration timeout,
            Optional<Path> cacheFolder,
            long cacheBytes) {
        this(tokenFile, connections, tries, timeout, cacheFolder, cacheBytes, S3Settings.DEFAULTS, Set.of());
    }

    /** What the program begins with. */
    public static RemoteSettings defaults() {
        return from(ConfigFactory.defaultReference());
    }

    /** Reads {@code flm.data.remote}. */
    public static RemoteSettings from(Config root) {
        Config c = root.getConfig("flm.data.remote");
        return new RemoteSettings(
                path(c.getString("token-file")),
                c.getInt("connections"),
                c.getInt("tries"),
                c.getDuration("timeout"),
                path(c.getString("cache-folder")),
                c.getBytes("cache-size"),
                S3Settings.from(c.getConfig("s3")),
                Set.of());
    }

    /** The same, where these origins are shown no token: somebody else than the user named them. */
    RemoteSettings hiding(Set<String> origins) {
        return new RemoteSettings(tokenFile, connections, tries, timeout, cacheFolder, cacheBytes, s3, origins);
    }

    /** Whether an address' server is shown no token, whatever it asks. */
    boolean hidesFrom(URI url) {
        return hidden.contains(origin(url));
    }

    /** The server of an address, or the bucket. */
    static String origin(URI url) {
        if (RemotePath.isS3(url)) {
            return "s3://" + RemotePath.host(url);
        }
        int port = url.getPort() >= 0 ? url.getPort() : url.getScheme().equalsIgnoreCase("https") ? 443 : 80;
        return (url.getScheme() + "://" + url.getHost() + ":" + port).toLowerCase(Locale.ROOT);
    }

    private static Optional<Path> path(String text) {
        return text.isEmpty() ? Optional.empty() : Optional.of(Path.of(text));
    }

    /** What the token's file holds; empty: no file is named. */
    Optional<String> token() {
        if (tokenFile.isEmpty()) {
            return Optional.empty();
        }
        Path file = tokenFile.get();
        String wanted = "; give a file with one line, the token";
        try {
            String token = TextFile.utf8(SmallFile.read(file, MOST_TOKEN_BYTES)).strip();
            if (token.isEmpty() || !token.chars().allMatch(letter -> letter > ' ' && letter < 127)) {
                throw new UserException(file + ": holds no token (flm.data.remote.token-file)" + wanted);
            }
            return Optional.of(token);
        } catch (IOException e) {
            throw new UserException(
                    file + ": cannot be read (" + FileErrors.reason(e) + "; flm.data.remote.token-file)" + wanted, e);
        }
    }
}
