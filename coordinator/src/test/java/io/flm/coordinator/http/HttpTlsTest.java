package io.flm.coordinator.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.flm.coordinator.Coordinator;
import io.flm.data.UserException;
import io.flm.worker.RunPlan;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A node that speaks TLS, and files that it cannot speak it with. */
@Timeout(120)
class HttpTlsTest {
    private static final ActorTestKit KIT = ActorTestKit.create();
    private static final String TOKEN = "a-token-for-tests-only";

    @TempDir
    private Path folder = Path.of("");

    private static int bind(TlsFiles files) {
        HttpSettings settings = new HttpSettings(
                "127.0.0.1",
                0,
                List.of(),
                Optional.of(files),
                new Tokens("t", TOKEN, "", ""),
                Duration.ofHours(1),
                1024,
                Duration.ofSeconds(2),
                64,
                10_000);
        return HttpEndpoint.bind(
                        KIT.system(),
                        KIT.<Coordinator.Command>createTestProbe().getRef(),
                        settings,
                        s -> RunPlan.of(s.run(), "id", s.config(), "1", 4, 100),
                        new PrometheusRegistry(),
                        KeptRuns.NONE,
                        InstantSource.system())
                .toCompletableFuture()
                .orTimeout(20, TimeUnit.SECONDS)
                .join()
                .localAddress()
                .getPort();
    }

    @AfterAll
    static void shutDown() {
        KIT.shutdownTestKit();
    }

    private TestCertificates certificates() {
        return new TestCertificates(folder);
    }

    /** Connects as a client that trusts the last certificate of a file, and compares the name. */
    private static SSLSocket connect(int port, Path trusted) throws Exception {
        List<X509Certificate> all = PemFiles.certificates(trusted, "test");
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setCertificateEntry("trusted", all.get(all.size() - 1));
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, factory.getTrustManagers(), null);
        SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket("localhost", port);
        socket.setSoTimeout(20_000);
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        return socket;
    }

    private static String ask(Socket socket, String request) throws IOException {
        socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
        return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    private static String subject(int port, Path trusted) throws Exception {
        try (SSLSocket socket = connect(port, trusted)) {
            X509Certificate shown = (X509Certificate) socket.getSession().getPeerCertificates()[0];
            return shown.getSubjectX500Principal().getName();
        }
    }

    @Test
    void aNodeAnswersByTlsWithTheChainOfItsFile() throws Exception {
        TlsFiles files = certificates().signed("node", "authority");
        int port = bind(files);
        try (SSLSocket socket = connect(port, files.certificate())) {
            assertThat(socket.getSession().getProtocol()).isEqualTo("TLSv1.3");
            assertThat(socket.getSession().getPeerCertificates()).hasSize(2);
            assertThat(ask(socket, "GET /health/alive HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
                    .startsWith("HTTP/1.1 200 ");
        }
    }

    @Test
    void connectionsThatDoNotShakeHandsDoNotStayAndKeepNobodyFromAsking() throws Exception {
        TlsFiles files = certificates().selfSigned("node", "RSA");
        int port = bind(files);
        List<Socket> silent = new ArrayList<>();
        try {
            for (int i = 0; i < 150; i++) {
                Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
                socket.setSoTimeout(6_000); // idle for 2 s, then a second more
                silent.add(socket);
            }
            assertThat(subject(port, files.certificate())).isEqualTo("CN=node");
            for (Socket socket : silent) {
                assertThat(isEnded(socket)).isTrue();
            }
        } finally {
            for (Socket socket : silent) {
                socket.close();
            }
        }
    }

    private static boolean isEnded(Socket socket) throws IOException {
        try {
            socket.getInputStream().readAllBytes();
            return true;
        } catch (SocketException e) {
            return true;
        } catch (SocketTimeoutException e) {
            return false;
        }
    }

    @Test
    void cookiesGoByTlsOnlyAndPagesInTheClearGiveNoOrders() throws Exception {
        TlsFiles files = certificates().selfSigned("node", "RSA");
        int port = bind(files);
        String signIn = "{\"token\": \"" + TOKEN + "\"}";
        String head = "POST /api/v1/session HTTP/1.1\r\nHost: localhost:" + port
                + "\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: " + signIn.length()
                + "\r\n";
        try (SSLSocket socket = connect(port, files.certificate())) {
            assertThat(ask(socket, head + "Origin: https://localhost:" + port + "\r\n\r\n" + signIn))
                    .startsWith("HTTP/1.1 200 ")
                    .containsPattern("Set-Cookie: __Host-flm-[^\r\n]*; Path=/; HttpOnly; SameSite=Strict; Secure\r\n");
        }
        try (SSLSocket socket = connect(port, files.certificate())) {
            assertThat(ask(socket, head + "Origin: http://localhost:" + port + "\r\n\r\n" + signIn))
                    .startsWith("HTTP/1.1 403 ");
        }
    }

    @Test
    void whoeverSpeaksNoTlsHearsNothing() throws Exception {
        int port = bind(certificates().selfSigned("node", "EC"));
        String greeting = "GET /health/alive HTTP/1.1\r\nHost: localhost\r\n\r\n";
        assertThat(untilClosed(port, greeting)).doesNotContain("HTTP/1.1 2");
        assertThat(untilClosed(port, ""))
                .as("closed after flm.http.idle-timeout without a handshake, with an alert at most")
                .hasSizeLessThan(100);
    }

    /** What comes back in the clear until the node closes the connection, by a reset too. */
    private static String untilClosed(int port, String greeting) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(20_000);
            return ask(socket, greeting);
        } catch (SocketException e) {
            return "";
        }
    }

    @Test
    void aCertificateThatChangesIsShownAndOneThatDoesNotFitIsNot() throws Exception {
        TlsFiles files = certificates().selfSigned("node", "EC");
        NodeTls tls = new NodeTls(files, InstantSource.system());
        TlsFiles next = certificates().selfSigned("renewed", "RSA");
        int port = bind(files);
        assertThat(subject(port, files.certificate())).isEqualTo("CN=node");

        Files.copy(next.certificate(), files.certificate(), StandardCopyOption.REPLACE_EXISTING);
        tls.refresh(); // the key is still the old one
        assertThat(tls.shown()).isEqualTo("CN=node");
        Files.copy(next.key(), files.key(), StandardCopyOption.REPLACE_EXISTING);
        tls.refresh();
        assertThat(tls.shown()).isEqualTo("CN=renewed");

        Instant end = InstantSource.system().instant().plusSeconds(60);
        String shown = "";
        while (!shown.equals("CN=renewed") && InstantSource.system().instant().isBefore(end)) {
            try {
                shown = subject(port, next.certificate());
            } catch (SSLException e) {
                TimeUnit.MILLISECONDS.sleep(100); // it still shows the one before
            }
        }
        assertThat(shown).isEqualTo("CN=renewed");
    }

    /** Neither permissions nor the clock change what a file looks like. */
    @Test
    void filesThatWereRefusedAreShownOnceTheyAreMended() throws Exception {
        TlsFiles files = certificates().selfSigned("node", "EC");
        Instant[] now = {Instant.now().plus(Duration.ofHours(1))}; // after each of these certificates was made
        NodeTls tls = new NodeTls(files, () -> now[0]);
        TlsFiles open = certificates().selfSigned("open", "EC");
        Files.setPosixFilePermissions(open.key(), PosixFilePermissions.fromString("rw-r--r--"));
        replace(open, files);
        tls.refresh();
        assertThat(tls.shown()).isEqualTo("CN=node");
        Files.setPosixFilePermissions(files.key(), PosixFilePermissions.fromString("rw-------"));
        tls.refresh();
        assertThat(tls.shown()).isEqualTo("CN=open");

        replace(certificates().selfSigned("early", "EC", "-startdate", "2090/01/01 00:00:00"), files);
        tls.refresh();
        assertThat(tls.shown()).isEqualTo("CN=open");
        now[0] = Instant.parse("2090-01-02T00:00:00Z");
        tls.refresh();
        assertThat(tls.shown()).isEqualTo("CN=early");
    }

    private static void replace(TlsFiles from, TlsFiles to) throws IOException {
        Files.move(from.certificate(), to.certificate(), StandardCopyOption.REPLACE_EXISTING);
        Files.move(from.key(), to.key(), StandardCopyOption.REPLACE_EXISTING);
    }

    private static String refusal(TlsFiles files) {
        Throwable thrown = catchThrowable(() -> bind(files));
        assertThat(thrown).isInstanceOf(CompletionException.class).hasCauseInstanceOf(UserException.class);
        Throwable cause = thrown.getCause();
        String line = cause == null ? "" : String.valueOf(cause.getMessage());
        assertThat(line).doesNotContain("\n").doesNotContain("Exception");
        return line;
    }

    private Path write(String name, String content) throws IOException {
        Path file = folder.resolve(name);
        Files.writeString(file, content);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        return file;
    }

    @Test
    void filesThatDoNotFitAreNamed() throws Exception {
        TlsFiles node = certificates().selfSigned("node", "EC");
        TlsFiles other = certificates().selfSigned("other", "EC");
        TlsFiles rsa = certificates().selfSigned("rsa", "RSA");
        Path certificate = node.certificate();
        assertThat(refusal(new TlsFiles(certificate, other.key()))).contains("other.key", "of another certificate");
        assertThat(refusal(new TlsFiles(certificate, rsa.key()))).contains("rsa.key: no EC key", "flm.http.tls.key");
        assertThat(refusal(new TlsFiles(certificate, certificate))).containsAnyOf("chmod 600", "no key");
        assertThat(refusal(new TlsFiles(node.key(), node.key()))).contains("node.key", "BEGIN CERTIFICATE");
        assertThat(refusal(new TlsFiles(folder.resolve("no"), node.key())))
                .contains("no: cannot be read", "flm.http.tls.certificate");
        assertThat(refusal(new TlsFiles(certificate, folder.resolve("no"))))
                .contains("no: cannot be read", "flm.http.tls.key");
        assertThat(refusal(new TlsFiles(write("empty", ""), node.key()))).contains("no certificate");
        assertThat(refusal(new TlsFiles(certificate, write("empty", "")))).contains("no key");
        assertThat(refusal(new TlsFiles(
                        certificate,
                        write(
                                "torn",
                                Files.readString(node.key()).replace("PRIVATE KEY-----\n", "PRIVATE KEY-----\nAAAA")))))
                .contains("torn: no EC key");
        String unsorted = Files.readString(certificate) + Files.readString(other.certificate());
        assertThat(refusal(new TlsFiles(write("unsorted.pem", unsorted), node.key())))
                .contains("certificate 2 has not signed certificate 1");
        String older = Files.readString(rsa.key()).replace("PRIVATE", "RSA PRIVATE");
        assertThat(refusal(new TlsFiles(certificate, write("older.key", older))))
                .contains("BEGIN RSA PRIVATE KEY", "openssl pkcs8");
        Files.setPosixFilePermissions(node.key(), PosixFilePermissions.fromString("rw-r--r--"));
        assertThat(refusal(node)).contains("everybody on this machine", "chmod 600");
    }

    @Test
    void aCertificateIsShownWhileItIsValidOnly() throws Exception {
        assertThat(refusal(certificates()
                        .selfSigned("ended", "EC", "-startdate", "2020/01/01 00:00:00", "-validity", "10")))
                .contains("ended.pem: the certificate was valid until 2020-01-1");
        assertThat(refusal(certificates().selfSigned("early", "EC", "-startdate", "2090/01/01 00:00:00")))
                .contains("early.pem: the certificate is valid only from 20", "check the clock");
    }

    @Test
    void oneFileWithoutTheOtherIsRefused() {
        Config config = ConfigFactory.parseString("tls { certificate = a.pem, key = \"\" }");
        assertThatThrownBy(() -> TlsFiles.from(config))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("flm.http.tls.certificate without flm.http.tls.key");
    }
}
