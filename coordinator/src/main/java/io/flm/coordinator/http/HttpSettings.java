package io.flm.coordinator.http;

import com.typesafe.config.Config;
import io.flm.data.UserException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * {@code flm.http}: where a node answers HTTP, and which requests.
 *
 * @param port 0: any free one
 * @param names by which requests may call this node, beside {@code host} and the names of loopback
 * @param tls with what it shows who it is; empty: it speaks in the clear
 * @param tokens that requests must carry
 * @param sessionLife how long a browser is signed in
 * @param maxBodyBytes of a request
 * @param idleTimeout a connection without a request for longer is closed
 * @param connectionsPerClient of one address at the same time
 * @param requestsPerSecond of one address
 */
public record HttpSettings(
        String host,
        int port,
        List<String> names,
        Optional<TlsFiles> tls,
        Tokens tokens,
        Duration sessionLife,
        long maxBodyBytes,
        Duration idleTimeout,
        int connectionsPerClient,
        int requestsPerSecond) {
    public HttpSettings {
        names = names.stream().map(name -> name.toLowerCase(Locale.ROOT)).toList();
    }

    /** Reads and checks {@code flm.http}, and the token file. */
    public static HttpSettings from(Config root) {
        Config c = root.getConfig("flm.http");
        String host = c.getString("host");
        Tokens tokens = Tokens.from(c);
        if (!tokens.wanted() && !isLoopback(host)) {
            throw new UserException("flm.http.host = " + host + " can be reached from outside of this machine: give a"
                    + " token that requests must carry with flm.http.token-file, or stay on 127.0.0.1");
        }
        return new HttpSettings(
                host,
                c.getInt("port"),
                c.getStringList("names"),
                TlsFiles.from(c),
                tokens,
                c.getDuration("session-life"),
                c.getBytes("max-body"),
                c.getDuration("idle-timeout"),
                c.getInt("connections-per-client"),
                c.getInt("requests-per-second"));
    }

    /** The token that opens everything; empty: none is wanted. */
    public String token() {
        return tokens.operate();
    }

    /** The file of the certificate that the node shows; null: it speaks in the clear. */
    public @Nullable Path certificate() {
        return tls.map(TlsFiles::certificate).orElse(null);
    }

    private static boolean isLoopback(String host) {
        try {
            return InetAddress.getByName(host).isLoopbackAddress();
        } catch (UnknownHostException e) {
            throw new UserException("flm.http.host = " + host + ": no such address; give one of this machine", e);
        }
    }

    /**
     * Whether a request may call this node by a name, as its {@code Host} has it, without the port and an address's brackets. On
     * loopback a browser of this machine can be led here by any name that its owner lets point to 127.0.0.1; on other addresses
     * the token keeps such pages out, and names are the network's. Whether {@code host} is loopback is looked up here; a name of a
     * request never is: a request needs no token yet, and the dispatcher would wait for name servers.
     */
    Predicate<String> ownNames() {
        if (!isLoopback(host)) {
            return name -> true;
        }
        Set<String> own = new HashSet<>(names);
        own.add("localhost");
        own.add("::1");
        own.add(host.toLowerCase(Locale.ROOT));
        return name -> {
            String lower = name.toLowerCase(Locale.ROOT);
            String plain = lower.endsWith(".") ? lower.substring(0, lower.length() - 1) : lower;
            return own.contains(plain) || plain.matches("127(\\.\\d{1,3}){3}");
        };
    }

    public HttpSettings withPort(int bound) {
        return new HttpSettings(
                host,
                bound,
                names,
                tls,
                tokens,
                sessionLife,
                maxBodyBytes,
                idleTimeout,
                connectionsPerClient,
                requestsPerSecond);
    }

    @Override
    public String toString() {
        return "HttpSettings[" + host + ":" + port + (tls.isPresent() ? ", TLS, " : ", ") + tokens + "]";
    }
}
