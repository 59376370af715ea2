package io.flm.coordinator.http;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Certificates and keys as PEM files, made by the JDK's keytool. */
final class TestCertificates {
    private static final String PASSWORD = "for-tests";

    private final Path folder;

    TestCertificates(Path folder) {
        this.folder = folder;
    }

    /** A certificate that signs itself, for localhost and 127.0.0.1. */
    TlsFiles selfSigned(String name, String algorithm, String... options) throws IOException {
        generate(name, algorithm, options);
        return pem(name);
    }

    /** A certificate that {@code authority} has signed; its file has both. */
    TlsFiles signed(String name, String authority) throws IOException {
        generate(name, "EC");
        generate(authority, "EC", "-ext", "bc:c");
        Path request = folder.resolve(name + ".csr");
        keytool(name, "-certreq", "-file", request.toString());
        Path signed = folder.resolve(name + ".signed");
        keytool(
                authority,
                "-gencert",
                "-infile",
                request.toString(),
                "-outfile",
                signed.toString(),
                "-ext",
                "san=ip:127.0.0.1,dns:localhost",
                "-rfc");
        Path issuer = folder.resolve(authority + ".signed");
        keytool(authority, "-exportcert", "-file", issuer.toString(), "-rfc");
        TlsFiles files = pem(name);
        Files.writeString(files.certificate(), Files.readString(signed) + Files.readString(issuer));
        return files;
    }

    private void generate(String name, String algorithm, String... options) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                "-genkeypair", "-keyalg", algorithm, "-dname", "CN=" + name, "-ext", "san=ip:127.0.0.1,dns:localhost"));
        command.addAll(List.of(options));
        keytool(name, command.toArray(new String[0]));
    }

    private void keytool(String name, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString()));
        command.addAll(List.of(arguments));
        command.addAll(List.of(
                "-alias",
                name,
                "-storetype",
                "PKCS12",
                "-storepass",
                PASSWORD,
                "-keystore",
                store(name).toString()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try {
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IOException(output);
            }
        } catch (InterruptedException e) {
            throw new IOException(e);
        } finally {
            process.destroyForcibly();
        }
    }

    private Path store(String name) {
        return folder.resolve(name + ".p12");
    }

    private TlsFiles pem(String name) throws IOException {
        try {
            KeyStore store = KeyStore.getInstance(store(name).toFile(), PASSWORD.toCharArray());
            Path certificate = folder.resolve(name + ".pem");
            Certificate own = store.getCertificate(name);
            Files.writeString(certificate, pem("CERTIFICATE", own.getEncoded()));
            Path key = folder.resolve(name + ".key");
            Files.deleteIfExists(key);
            Files.createFile(key, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.writeString(
                    key,
                    pem(
                            "PRIVATE KEY",
                            store.getKey(name, PASSWORD.toCharArray()).getEncoded()));
            return new TlsFiles(certificate, key);
        } catch (GeneralSecurityException e) {
            throw new IOException(e);
        }
    }

    static String pem(String label, byte[] der) {
        return "-----BEGIN " + label + "-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der) + "\n-----END " + label + "-----\n";
    }
}
