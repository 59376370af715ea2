package io.flm.launch.submit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import io.flm.data.UserException;
import io.flm.launch.run.NodeAddress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Which nodes the commands take for those that they were told to ask. */
@Timeout(120)
class NodeTrustTest {
    private static final String PASSWORD = "for-tests";
    private static final String HERE = "san=ip:127.0.0.1";
    private static final Map<String, Object> ANSWER = Map.of("answer", 42);

    @TempDir
    private Path folder = Path.of("");

    private final List<HttpsServer> servers = new ArrayList<>();

    @AfterEach
    void close() {
        servers.forEach(server -> server.stop(0));
    }

    private void keytool(String name, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString()));
        command.addAll(List.of(arguments));
        command.addAll(List.of("-alias", name, "-storetype", "PKCS12", "-storepass", PASSWORD, "-keystore"));
        command.add(file(name, ".p12").toString());
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(output).isZero();
    }

    private Path file(String name, String suffix) {
        return folder.resolve(name + suffix);
    }

    /** A certificate that signs itself; returns its file. */
    private Path make(String name, String extension) throws Exception {
        keytool(name, "-genkeypair", "-keyalg", "EC", "-dname", "CN=" + name, "-ext", extension);
        keytool(name, "-exportcert", "-rfc", "-file", file(name, ".pem").toString());
        return file(name, ".pem");
    }

    /** Has an authority sign a certificate anew. */
    private void sign(String name, String authority, String extension) throws Exception {
        String request = file(name, ".csr").toString();
        String signed = file(name, ".signed").toString();
        keytool(name, "-certreq", "-file", request);
        keytool(authority, "-gencert", "-infile", request, "-outfile", signed, "-ext", extension, "-rfc");
        Files.writeString(Path.of(signed), Files.readString(file(authority, ".pem")), StandardOpenOption.APPEND);
        keytool(name, "-importcert", "-file", signed, "-noprompt");
    }

    /** A server with a certificate that answers every question. */
    private String serve(String name) throws Exception {
        KeyStore store = KeyStore.getInstance(file(name, ".p12").toFile(), PASSWORD.toCharArray());
        KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(store, PASSWORD.toCharArray());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);
        HttpsServer server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(context));
        server.createContext("/", exchange -> {
            byte[] body = "{\"answer\": 42}".getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        servers.add(server);
        return "https://127.0.0.1:" + server.getAddress().getPort();
    }

    private static Object ask(String address, @Nullable Path trusted) {
        return new ControlClient(() -> List.of(new NodeAddress(address, "", trusted))).get("/run", Map.class);
    }

    @Test
    void aCertificateOfTheFileIsTakenWhateverItsName() throws Exception {
        Path own = make("node", "san=dns:elsewhere.example");
        String address = serve("node");
        assertThat(ask(address, own)).isEqualTo(ANSWER);
        Path other = make("other", HERE);
        assertThatThrownBy(() -> ask(address, other))
                .isInstanceOf(ControlClient.Unavailable.class)
                .hasMessageContaining(address + " (nobody that is trusted has signed its certificate: give --ca-file");
        assertThatThrownBy(() -> ask(address, null)).hasMessageContaining("nobody that is trusted has signed");
    }

    @Test
    void aSignedCertificateIsTakenForItsNameOnly() throws Exception {
        Path authority = make("authority", "bc:c");
        make("here", HERE);
        sign("here", "authority", HERE);
        assertThat(ask(serve("here"), authority)).isEqualTo(ANSWER);
        make("elsewhere", "san=dns:elsewhere.example");
        sign("elsewhere", "authority", "san=dns:elsewhere.example");
        String address = serve("elsewhere");
        assertThatThrownBy(() -> ask(address, authority))
                .hasMessageContaining("its certificate is not taken: No subject alternative names matching IP");
    }

    @Test
    void whereOneSpeaksTlsAndTheOtherDoesNotThatIsSaid() throws Exception {
        make("node", HERE);
        String tls = serve("node");
        assertThatThrownBy(() -> ask(tls.replace("https://", ""), null))
                .hasMessageContaining("if it speaks TLS, put https:// before its address");
        try (ServerSocket clear = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Thread node = new Thread(() -> answerBytes(clear));
            node.start();
            assertThatThrownBy(() -> ask("https://127.0.0.1:" + clear.getLocalPort(), null))
                    .hasMessageContaining("speaks no TLS; leave https:// out");
            node.join();
        }
    }

    /** As a node in the clear that is greeted by TLS. */
    private static void answerBytes(ServerSocket server) {
        try (Socket socket = server.accept()) {
            byte[] greeting = new byte[16384];
            assertThat(socket.getInputStream().read(greeting)).isPositive();
            assertThat(greeting[0]).as("a handshake").isEqualTo((byte) 22);
            socket.getOutputStream().write("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void aFileThatHoldsNoCertificatesIsNamed() throws Exception {
        Path none = Files.writeString(folder.resolve("none.pem"), "nothing");
        assertThatThrownBy(() -> ask("https://127.0.0.1:1", none))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("none.pem")
                .hasMessageContaining("--ca-file");
    }

    @Test
    void addressesWithAndWithoutTlsAreHostAndPort() {
        assertThat(new NodeAddress("gpu-17:8080", "").api()).hasToString("Optional[http://gpu-17:8080/api/v1]");
        assertThat(new NodeAddress("https://gpu-17:8080", "").api())
                .hasToString("Optional[https://gpu-17:8080/api/v1]");
        for (String wrong :
                List.of("https://gpu-17", "https://", "https://gpu-17:8080/page", "https://a@gpu-17:8080")) {
            assertThat(new NodeAddress(wrong, "").api()).as(wrong).isEmpty();
        }
    }
}
