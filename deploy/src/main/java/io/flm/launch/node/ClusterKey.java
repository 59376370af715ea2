package io.flm.launch.node;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.flm.data.UserException;
import io.flm.launch.config.NodeSettings;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Map;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/**
 * The secret of a cluster: a PKCS#12 file with one key and its own certificate, the same on all nodes. Whoever has the file is
 * a member; its password is no secret.
 */
final class ClusterKey {
    /** The file protects itself by who may read it. */
    static final String PASSWORD = "flm-cluster";

    private static final int TIMEOUT_MS = 3000;

    private ClusterKey() {}

    /** Akka's configuration for control messages that are encrypted with the key. */
    static Config akka(String file) {
        String ssl = "akka.remote.artery.ssl.config-ssl-engine.";
        return ConfigFactory.parseMap(Map.of(
                "akka.remote.artery.transport",
                "tls-tcp",
                ssl + "key-store",
                file,
                ssl + "trust-store",
                file,
                ssl + "key-store-password",
                PASSWORD,
                ssl + "key-password",
                PASSWORD,
                ssl + "trust-store-password",
                PASSWORD));
    }

    /** Refuses a file that is no key of a cluster. */
    static void check(String file) {
        context(file);
    }

    /**
     * Shakes hands with a node, as control messages would.
     *
     * @throws UserException where the node there is not of this key; silence and refused connections are no answer
     */
    static void greet(NodeSettings.Address node, String file) {
        SSLContext context = context(file);
        try (Socket plain = new Socket()) {
            plain.connect(new InetSocketAddress(node.host(), node.port()), TIMEOUT_MS);
            plain.setSoTimeout(TIMEOUT_MS);
            try (SSLSocket socket =
                    (SSLSocket) context.getSocketFactory().createSocket(plain, node.host(), node.port(), true)) {
                socket.startHandshake();
                if (socket.getInputStream().read()
                        >= 0) { // TLS 1.3: the other side's refusal comes with the first read
                    throw new SSLException("an unexpected greeting");
                }
            }
        } catch (SSLException e) {
            throw new UserException(
                    node + ": the cluster there has another secret than " + file + " (" + e.getMessage()
                            + "); copy flm.node.key-store from one of its nodes",
                    e);
        } catch (IOException e) {
            // nobody there yet, or a member that waits for our first word: both are fine
        }
    }

    private static SSLContext context(String file) {
        try (InputStream in = Files.newInputStream(Path.of(file))) {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(in, PASSWORD.toCharArray());
            KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(store, PASSWORD.toCharArray());
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(store);
            SSLContext context = SSLContext.getInstance("TLSv1.3");
            context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
            return context;
        } catch (IOException | GeneralSecurityException e) {
            throw new UserException(
                    file + ": no key of a cluster (" + e.getMessage()
                            + "); make one with keytool -genkeypair -keyalg EC"
                            + " -alias flm -dname CN=flm -validity 3650 -storetype PKCS12 -storepass " + PASSWORD
                            + " -keystore " + file,
                    e);
        }
    }
}
