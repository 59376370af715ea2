package io.flm.launch.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigValueFactory;
import io.flm.data.UserException;
import io.flm.exchange.ExchangeSettings;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * {@code flm.node}: who a node is and whom it joins.
 *
 * @param name empty: host name and port
 * @param host the address that others reach it by
 * @param port of control messages; 0: any free one
 * @param join whom; empty: a cluster of one
 * @param cluster nodes of other clusters are refused
 * @param keyStore empty: control messages in the clear
 */
public record NodeSettings(String name, String host, int port, List<Address> join, String cluster, String keyStore) {
    /** {@code host:port}. */
    public record Address(String host, int port) {
        public static Address parse(String text) {
            int colon = text.lastIndexOf(':');
            try {
                int port = Integer.parseInt(text.substring(colon + 1));
                if (colon > 0 && port > 0 && port <= 65535) {
                    return new Address(text.substring(0, colon), port);
                }
            } catch (NumberFormatException e) {
                // told below
            }
            throw new UserException("--join " + text + ": give HOST:PORT, the address of a node (flm.node.join)");
        }

        @Override
        public String toString() {
            return host + ":" + port;
        }
    }

    /** Reads and checks {@code flm.node}. */
    public static NodeSettings from(Config root) {
        Config c = root.getConfig("flm.node");
        String name = c.getString("name");
        if (!name.isEmpty() && !name.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,60}")) {
            throw new UserException("flm.node.name = " + name + ": give letters, digits, dots, dashes, underscores");
        }
        String host = c.getString("host");
        String keyStore = c.getString("key-store");
        if (keyStore.isEmpty() && !isLoopback(host)) {
            throw new UserException("flm.node.host = " + host + " can be reached from outside of this machine: give the"
                    + " cluster's key with flm.node.key-store (keytool makes one, see docs/cluster.md), or stay on"
                    + " 127.0.0.1");
        }
        if (!keyStore.isEmpty() && !Files.isReadable(Path.of(keyStore))) {
            throw new UserException(keyStore + ": cannot be read; check flm.node.key-store");
        }
        return new NodeSettings(
                name,
                host,
                c.getInt("port"),
                c.getStringList("join").stream().map(Address::parse).toList(),
                c.getString("cluster"),
                keyStore);
    }

    /** {@code flm.exchange}, at the node's own address unless another is given. */
    public static ExchangeSettings exchange(Config config) {
        Config at = config;
        String host = config.getString("flm.node.host");
        if (config.getString("flm.exchange.host").equals("127.0.0.1") && !host.equals("127.0.0.1")) {
            at = config.withValue("flm.exchange.host", ConfigValueFactory.fromAnyRef(host));
        }
        try {
            return ExchangeSettings.from(at);
        } catch (IllegalArgumentException e) {
            throw new UserException(String.valueOf(e.getMessage()), e);
        }
    }

    private static boolean isLoopback(String host) {
        try {
            return InetAddress.getByName(host).isLoopbackAddress();
        } catch (UnknownHostException e) {
            throw new UserException("flm.node.host = " + host + ": no such address; give one of this machine", e);
        }
    }

    public NodeSettings withPort(int bound) {
        return new NodeSettings(name, host, bound, join, cluster, keyStore);
    }
}
