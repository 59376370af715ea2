package io.flm.coordinator.http;

import io.flm.data.FileErrors;
import io.flm.data.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The TLS of a node: {@code read -> shown -- the files change --> read -> shown}. A pair of files that cannot be shown does not end one
 * that can: it is told once, and the one before is shown on.
 */
final class NodeTls {
    private static final Logger LOG = LoggerFactory.getLogger(NodeTls.class);
    private static final char[] IN_MEMORY = "flm".toCharArray(); // no file is encrypted with it
    private static final String[] PROTOCOLS = {"TLSv1.3", "TLSv1.2"};

    private final TlsFiles files;
    private final InstantSource clock;
    private volatile Shown shown;
    private String seen; // of the files that are shown
    private String refusal = ""; // of those that there are now; empty: they are shown

    private record Shown(String name, SSLContext context) {}

    /** @throws UserException if the files cannot be shown */
    NodeTls(TlsFiles files, InstantSource clock) {
        this.files = files;
        this.clock = clock;
        this.seen = state();
        this.shown = read();
    }

    /** For one connection, which keeps the certificate that it began with. */
    SSLEngine engine() {
        SSLEngine engine = shown.context().createSSLEngine();
        engine.setUseClientMode(false);
        engine.setEnabledProtocols(PROTOCOLS);
        return engine;
    }

    /** Of whom the certificate is, such as {@code CN=gpu-17}. */
    String shown() {
        return shown.name();
    }

    /**
     * Shows what the files hold now, where they have changed. Those that were refused are read again each time: whose they are, who may
     * read them and what the clock says changes nothing of what is seen of them. Reads files.
     */
    synchronized void refresh() {
        String now = state();
        if (now.equals(seen) && refusal.isEmpty()) {
            return;
        }
        try {
            shown = read();
            seen = now;
            refusal = "";
        } catch (UserException e) {
            refused(String.valueOf(e.getMessage()));
        } catch (RuntimeException e) { // it would end the looks at the files
            LOG.debug("certificate", e);
            refused(files.certificate() + " and " + files.key() + ": cannot be used for TLS (" + e + ")");
        }
    }

    private void refused(String why) {
        if (!why.equals(refusal)) {
            LOG.warn("{}; the certificate from before is shown on", why);
            refusal = why;
        }
    }

    private Shown read() {
        List<X509Certificate> chain = PemFiles.chain(files.certificate(), TlsFiles.CERTIFICATE_KEY, clock.instant());
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            store.setKeyEntry(
                    "node",
                    PemFiles.key(files.key(), TlsFiles.KEY_KEY, chain.get(0)),
                    IN_MEMORY,
                    chain.toArray(new Certificate[0]));
            KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            managers.init(store, IN_MEMORY);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(managers.getKeyManagers(), null, null);
            String name = chain.get(0).getSubjectX500Principal().getName();
            LOG.info(
                    "{}: the certificate of {}, valid until {}",
                    files.certificate(),
                    name,
                    chain.get(0).getNotAfter().toInstant());
            return new Shown(name, context);
        } catch (GeneralSecurityException | IOException e) {
            throw new UserException(
                    files.certificate() + " and " + files.key() + ": cannot be used for TLS (" + e.getMessage() + ")",
                    e);
        }
    }

    /** Changes with the files. */
    private String state() {
        return state(files.certificate()) + " " + state(files.key());
    }

    private static String state(Path file) {
        try {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            return attributes.lastModifiedTime() + " " + attributes.size() + " " + attributes.fileKey();
        } catch (IOException e) {
            return FileErrors.reason(e);
        }
    }
}
