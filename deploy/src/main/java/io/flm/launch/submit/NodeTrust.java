package io.flm.launch.submit;

import io.flm.coordinator.http.PemFiles;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Which certificates of nodes are taken, by a file of certificates: one that is in the file itself, whatever names it has, and one that
 * a certificate of the file has signed, for the name by which the node is called.
 */
final class NodeTrust extends X509ExtendedTrustManager {
    private final List<X509Certificate> own;
    private final X509ExtendedTrustManager signed;

    private NodeTrust(List<X509Certificate> own) throws GeneralSecurityException, IOException {
        this.own = own;
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        for (int i = 0; i < own.size(); i++) {
            store.setCertificateEntry("certificate-" + i, own.get(i));
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        this.signed = (X509ExtendedTrustManager) factory.getTrustManagers()[0];
    }

    /** @throws io.flm.data.UserException if the file holds no certificates */
    static SSLContext of(Path file) {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            NodeTrust trust = new NodeTrust(PemFiles.certificates(file, "--ca-file"));
            context.init(null, new TrustManager[] {trust}, null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException("certificates that a key store does not take", e);
        }
    }

    private boolean isOwn(X509Certificate[] chain) throws CertificateException {
        if (chain.length == 0 || !own.contains(chain[0])) {
            return false;
        }
        chain[0].checkValidity();
        return true;
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
        if (!isOwn(chain)) {
            signed.checkServerTrusted(chain, type, engine);
        }
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) throws CertificateException {
        if (!isOwn(chain)) {
            signed.checkServerTrusted(chain, type, socket);
        }
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
        throw new CertificateException("nobody's name was compared");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) throws CertificateException {
        throw new CertificateException("clients show no certificates");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
        throw new CertificateException("clients show no certificates");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
        throw new CertificateException("clients show no certificates");
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return signed.getAcceptedIssuers();
    }
}
