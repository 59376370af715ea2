package io.flm.coordinator.http;

import io.flm.data.FileErrors;
import io.flm.data.SmallFile;
import io.flm.data.UserException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Certificates and keys from PEM files (RFC 7468). Whatever does not fit is a {@link UserException} that says what to do, and never has
 * anything of a key.
 */
public final class PemFiles {
    private static final int MOST_BYTES = 1 << 20; // a list of all public authorities takes 220 kB
    private static final Pattern KEY =
            Pattern.compile("-----BEGIN ([A-Z ]*PRIVATE KEY)-----([A-Za-z0-9+/=\\s]*+)-----END \\1-----");

    private PemFiles() {}

    /**
     * The certificates of a file in their order, one at least.
     *
     * @param from the key or option that names the file, for errors
     */
    public static List<X509Certificate> certificates(Path file, String from) {
        try {
            List<X509Certificate> all =
                    CertificateFactory.getInstance("X.509").generateCertificates(read(file, from)).stream()
                            .map(X509Certificate.class::cast)
                            .toList();
            if (all.isEmpty()) {
                throw new UserException(
                        file + ": no certificate; give a PEM file with BEGIN CERTIFICATE (" + from + ")");
            }
            return all;
        } catch (CertificateException e) {
            throw new UserException(
                    file + ": not all of it are certificates; give a PEM file with BEGIN CERTIFICATE (" + from + ")",
                    e);
        }
    }

    private static ByteArrayInputStream read(Path file, String from) {
        try {
            return new ByteArrayInputStream(SmallFile.read(file, MOST_BYTES));
        } catch (IOException e) {
            throw new UserException(file + ": cannot be read (" + FileErrors.reason(e) + "); check " + from, e);
        }
    }

    /**
     * The certificates that a server shows: its own, then each that signed the one before.
     *
     * @param now it must be valid
     */
    static List<X509Certificate> chain(Path file, String from, Instant now) {
        List<X509Certificate> chain = certificates(file, from);
        X509Certificate own = chain.get(0);
        if (now.isAfter(own.getNotAfter().toInstant())) {
            throw new UserException(file + ": the certificate was valid until "
                    + own.getNotAfter().toInstant() + "; get another one (" + from + ")");
        }
        if (now.isBefore(own.getNotBefore().toInstant())) {
            throw new UserException(file + ": the certificate is valid only from "
                    + own.getNotBefore().toInstant() + " on; check the clock, or get another one (" + from + ")");
        }
        for (int i = 1; i < chain.size(); i++) {
            try {
                chain.get(i - 1).verify(chain.get(i).getPublicKey());
            } catch (GeneralSecurityException e) {
                throw new UserException(
                        file + ": certificate " + (i + 1) + " has not signed certificate " + i
                                + "; put the node's own first, then those that signed it in turn (" + from + ")",
                        e);
            }
        }
        return chain;
    }

    /**
     * The key of a certificate, in PKCS#8.
     *
     * @param from the key of the configuration that names the file
     */
    static PrivateKey key(Path file, String from, X509Certificate certificate) {
        requirePrivate(file, from);
        Matcher key = KEY.matcher(new String(read(file, from).readAllBytes(), StandardCharsets.ISO_8859_1));
        if (!key.find()) {
            throw new UserException(file + ": no key; give a PEM file with BEGIN PRIVATE KEY (" + from + ")");
        }
        if (!key.group(1).equals("PRIVATE KEY")) {
            throw new UserException(file + ": its key is in the form BEGIN " + key.group(1)
                    + "; make one in PKCS#8 without a password of it: openssl pkcs8 -topk8 -nodes -in " + file + " ("
                    + from + ")");
        }
        PublicKey expected = certificate.getPublicKey();
        try {
            byte[] der = Base64.getMimeDecoder().decode(key.group(2));
            PrivateKey found =
                    KeyFactory.getInstance(expected.getAlgorithm()).generatePrivate(new PKCS8EncodedKeySpec(der));
            if (fits(found, expected)) {
                return found;
            }
        } catch (InvalidKeySpecException | IllegalArgumentException e) {
            throw new UserException(
                    file + ": no " + expected.getAlgorithm() + " key, and the certificate's is one; give that of the"
                            + " certificate (" + from + ")",
                    e);
        } catch (GeneralSecurityException e) {
            throw new UserException(
                    file + ": keys of this kind are not served (" + expected.getAlgorithm() + "); use RSA or EC ("
                            + from + ")",
                    e);
        }
        throw new UserException(
                file + ": the key of another certificate; give that of flm.http.tls.certificate (" + from + ")");
    }

    /** A key that others read is everybody's. */
    private static void requirePrivate(Path file, String from) {
        try {
            Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
            if (permissions.contains(PosixFilePermission.OTHERS_READ)
                    || permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
                throw new UserException(
                        file + ": everybody on this machine may open the key; chmod 600 " + file + " (" + from + ")");
            }
        } catch (UnsupportedOperationException e) {
            // not a file system with owners
        } catch (IOException e) {
            throw new UserException(file + ": cannot be read (" + FileErrors.reason(e) + "); check " + from, e);
        }
    }

    /** Whether what one signs the other takes for signed. */
    private static boolean fits(PrivateKey key, PublicKey expected) throws GeneralSecurityException {
        Signature signature = Signature.getInstance(
                switch (expected.getAlgorithm()) {
                    case "RSA" -> "SHA256withRSA";
                    case "EC" -> "SHA256withECDSA";
                    case "EdDSA" -> "EdDSA";
                    default -> throw new NoSuchAlgorithmException(expected.getAlgorithm());
                });
        byte[] text = "flm".getBytes(StandardCharsets.US_ASCII);
        signature.initSign(key);
        signature.update(text);
        byte[] signed = signature.sign();
        signature.initVerify(expected);
        signature.update(text);
        try {
            return signature.verify(signed);
        } catch (SignatureException e) {
            return false; // of another length
        }
    }
}
