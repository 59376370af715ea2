package io.flm.exchange;

import com.typesafe.config.Config;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * {@code flm.exchange}: how a node is reached, and how long it waits for others.
 *
 * @param host the address to listen on and to advertise
 * @param port UDP; 0: any that is free
 * @param livenessTimeout a node silent for longer is lost
 * @param connectTimeout how long a node that was never heard of may take to answer
 * @param joinTimeout how long a node that answers may take to join the generation
 * @param sharedMemory whether gradients between nodes of one address go through shared memory instead of datagrams
 * @param directory holds the transport's buffers
 */
public record ExchangeSettings(
        String host,
        int port,
        Codec codec,
        Duration livenessTimeout,
        Duration connectTimeout,
        Duration joinTimeout,
        Network network,
        Threading threading,
        boolean sharedMemory,
        Path directory) {
    /** Sizes of datagrams and windows. */
    public enum Network {
        AUTO,
        LOOPBACK,
        ETHERNET,
        JUMBO
    }

    /** Which threads run the transport. */
    public enum Threading {
        SHARED,
        DEDICATED
    }

    /**
     * Reads and checks {@code flm.exchange}.
     *
     * @throws IllegalArgumentException with the key, its value and what to give, in one line
     */
    public static ExchangeSettings from(Config root) {
        Config c = root.getConfig("flm.exchange");
        String host = c.getString("host");
        if (host.isBlank()) {
            throw new IllegalArgumentException("flm.exchange.host is empty: give the address that other nodes reach");
        }
        int port = c.getInt("port");
        if (port < 0 || port > 65535) {
            throw new IllegalArgumentException("flm.exchange.port = " + port + ": give 0 to 65535");
        }
        Duration liveness = c.getDuration("liveness-timeout");
        if (liveness.compareTo(Duration.ofMillis(200)) < 0 || liveness.compareTo(Duration.ofMinutes(1)) > 0) {
            throw new IllegalArgumentException("flm.exchange.liveness-timeout = " + liveness.toMillis()
                    + " ms: give 200ms to 1m; 500ms to 1s suits most networks");
        }
        return new ExchangeSettings(
                host,
                port,
                Codec.of(c.getString("codec")),
                liveness,
                longerThan(liveness, "connect-timeout", c.getDuration("connect-timeout")),
                longerThan(liveness, "join-timeout", c.getDuration("join-timeout")),
                oneOf("network", c.getString("network"), Network.class),
                oneOf("threading", c.getString("threading"), Threading.class),
                c.getBoolean("shared-memory"),
                Path.of(c.getString("directory")));
    }

    ExchangeSettings withPort(int bound) {
        return new ExchangeSettings(
                host,
                bound,
                codec,
                livenessTimeout,
                connectTimeout,
                joinTimeout,
                network,
                threading,
                sharedMemory,
                directory);
    }

    private static Duration longerThan(Duration liveness, String key, Duration value) {
        if (value.compareTo(liveness) < 0) {
            throw new IllegalArgumentException("flm.exchange." + key + " = " + value.toMillis()
                    + " ms: give at least flm.exchange.liveness-timeout (" + liveness.toMillis() + " ms)");
        }
        return value;
    }

    private static <E extends Enum<E>> E oneOf(String key, String word, Class<E> type) {
        for (E value : type.getEnumConstants()) {
            if (value.name().equalsIgnoreCase(word)) {
                return value;
            }
        }
        throw new IllegalArgumentException("flm.exchange." + key + " = " + word + ": give one of "
                + Arrays.stream(type.getEnumConstants())
                        .map(value -> value.name().toLowerCase(Locale.ROOT))
                        .collect(Collectors.joining(", ")));
    }
}
