package io.flm.exchange;

import com.typesafe.config.Config;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;

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
        Duration liveness = c.getDuration("liveness-timeout");
        return new ExchangeSettings(
                host,
                c.getInt("port"),
                Codec.of(c.getString("codec")),
                liveness,
                longerThan(liveness, "connect-timeout", c.getDuration("connect-timeout")),
                longerThan(liveness, "join-timeout", c.getDuration("join-timeout")),
                Network.valueOf(c.getString("network").toUpperCase(Locale.ROOT)),
                Threading.valueOf(c.getString("threading").toUpperCase(Locale.ROOT)),
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
}
