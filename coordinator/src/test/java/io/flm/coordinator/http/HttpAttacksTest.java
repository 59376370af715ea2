package io.flm.coordinator.http;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.Behaviors;
import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.flm.coordinator.Coordinator;
import io.flm.coordinator.Coordinator.Answer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** What reaches the endpoint from programs that are no clients: bytes on sockets, and names that others chose. */
@Timeout(60)
class HttpAttacksTest {
    private static final ActorTestKit KIT = ActorTestKit.create();
    private static final int CONNECTIONS = 8;
    private static final String END = "Connection: close\r\n\r\n";

    private static final List<Coordinator.Command> COMMANDS = new CopyOnWriteArrayList<>();
    private static int port;

    private final List<Socket> sockets = new ArrayList<>();

    @BeforeAll
    static void bind() throws Exception {
        ActorRef<Coordinator.Command> coordinator = KIT.spawn(Behaviors.receiveMessage(m -> {
            COMMANDS.add(m);
            if (m instanceof Coordinator.Drain d) {
                d.replyTo().tell(new Answer(false, "training", "there is no worker " + d.worker()));
            } else if (m instanceof Coordinator.Stop s) {
                s.replyTo().tell(new Answer(true, "halting", "it ends"));
            } else if (m instanceof Coordinator.Submit s) {
                s.replyTo().tell(new Answer(true, "waiting", "submitted"));
            }
            return Behaviors.same();
        }));
        HttpSettings settings = LoopbackEndpoint.settings(
                "names = [Lab.Example]", "idle-timeout = 2s", "connections-per-client = " + CONNECTIONS);
        port = LoopbackEndpoint.bind(KIT.system(), coordinator, settings);
    }

    @BeforeEach
    void anew() {
        COMMANDS.clear();
    }

    @AfterEach
    void close() throws IOException {
        for (Socket socket : sockets) {
            socket.close();
        }
    }

    @AfterAll
    static void shutDown() {
        KIT.shutdownTestKit();
    }

    private Socket open() throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(20_000);
        sockets.add(socket);
        return socket;
    }

    /** Sends it on a connection of its own; returns all that comes back until the node closes. */
    private String send(String request) throws IOException {
        Socket socket = open();
        OutputStream out = socket.getOutputStream();
        out.write(request.getBytes(StandardCharsets.ISO_8859_1));
        out.flush();
        return rest(socket);
    }

    private static String rest(Socket socket) throws IOException {
        InputStream in = socket.getInputStream();
        return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }

    private String alive() throws IOException {
        return send("GET /health/alive HTTP/1.1\r\nHost: localhost\r\n" + END);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "localhost",
                "LOCALHOST:8080",
                "localhost.",
                "127.0.0.1:1",
                "127.8.9.1",
                "[::1]:80",
                "lab.example:443",
                "LAB.example"
            })
    void aNodeOnLoopbackAnswersToItsOwnNames(String host) throws IOException {
        assertThat(send("GET /health/alive HTTP/1.1\r\nHost: " + host + "\r\n" + END))
                .startsWith("HTTP/1.1 200 ");
    }

    /** A page of evil.example, whose owner lets that name point to 127.0.0.1, would be served as of the same origin. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "evil.example",
                "evil.example:8080",
                "localhost.evil.example",
                "127.0.0.1.evil.example",
                "0.0.0.0",
                "10.0.0.1",
                "169.254.169.254",
                "[::]",
                "[fe80::1]",
                "2130706433",
                "127.1",
                "localhost..",
                "lab.example.evil.example"
            })
    void aNodeOnLoopbackAnswersToNoOtherName(String host) throws IOException {
        for (String path : List.of("/health/alive", "/api/v1/run", "/metrics")) {
            assertThat(send("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n" + END))
                    .as(path)
                    .startsWith("HTTP/1.1 421 ")
                    .contains("flm.http.names");
        }
        assertThat(send("POST /api/v1/run/stop HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: 0\r\n" + END))
                .startsWith("HTTP/1.1 421 ");
        assertThat(COMMANDS).isEmpty();
    }

    @Test
    void theTargetOfARequestCountsAsItsHostDoes() throws IOException {
        assertThat(send("GET http://evil.example/health/alive HTTP/1.1\r\nHost: evil.example\r\n" + END))
                .startsWith("HTTP/1.1 421 ");
        assertThat(send("GET http://evil.example/health/alive HTTP/1.1\r\nHost: localhost\r\n" + END))
                .startsWith("HTTP/1.1 400 ");
        assertThat(send("GET http://localhost/health/alive HTTP/1.1\r\nHost: localhost\r\n" + END))
                .startsWith("HTTP/1.1 200 ");
        assertThat(send("GET /health/alive HTTP/1.1\r\n" + END)).startsWith("HTTP/1.1 400 ");
        assertThat(send("GET /health/alive HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n" + END))
                .startsWith("HTTP/1.1 400 ");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Origin: http://evil.example",
                "Origin: null",
                "Origin:",
                "Origin: http://localhost:8888",
                "Origin: http://localhost.evil.example",
                "Origin: http://evil.example@localhost:8080",
                "Origin: file://localhost:8080",
                "Origin: http://127.0.0.1:8080",
                "Referer: http://evil.example/page",
                "Referer: http://localhost:80800/",
                "Sec-Fetch-Site: cross-site",
                "Sec-Fetch-Site: same-site",
                "Sec-Fetch-Site: of its own",
                "Sec-Fetch-Site: same-origin\r\nOrigin: http://evil.example",
                "Sec-Fetch-Site: cross-site\r\nOrigin: http://localhost:8080",
                "Origin: http://localhost:8080\r\nReferer: http://evil.example/"
            })
    void aPageOfAnotherSiteGivesNoOrder(String header) throws IOException {
        assertThat(send("POST /api/v1/run/stop HTTP/1.1\r\nHost: localhost:8080\r\nContent-Length: 0\r\n" + header
                        + "\r\n" + END))
                .startsWith("HTTP/1.1 403 ")
                .contains("a page of another site asks");
        assertThat(COMMANDS).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Origin: http://localhost:8080",
                "Origin: http://LOCALHOST:8080",
                "Origin: https://localhost:8080",
                "Referer: http://localhost:8080/page?run=1",
                "Sec-Fetch-Site: same-origin",
                "Sec-Fetch-Site: none",
                "Sec-Fetch-Site: same-origin\r\nOrigin: http://localhost:8080\r\nReferer: http://localhost:8080/"
            })
    void thisNodesOwnPageGivesOrders(String header) throws IOException {
        assertThat(send("POST /api/v1/run/stop HTTP/1.1\r\nHost: localhost:8080\r\nContent-Length: 0\r\n" + header
                        + "\r\n" + END))
                .startsWith("HTTP/1.1 202 ");
    }

    @Test
    void theDefaultPortIsThatOfThePagesScheme() throws IOException {
        String order = "POST /api/v1/run/stop HTTP/1.1\r\nContent-Length: 0\r\n";
        assertThat(send(order + "Host: lab.example\r\nOrigin: https://lab.example\r\n" + END))
                .startsWith("HTTP/1.1 202 ");
        assertThat(send(order + "Host: lab.example\r\nOrigin: https://lab.example:443\r\n" + END))
                .startsWith("HTTP/1.1 202 ");
        assertThat(send(order + "Host: lab.example:443\r\nOrigin: http://lab.example\r\n" + END))
                .startsWith("HTTP/1.1 403 ");
        assertThat(send(order + "Host: [::1]:80\r\nOrigin: http://[::1]\r\n" + END))
                .startsWith("HTTP/1.1 202 ");
    }

    @Test
    void connectionsThatAskNothingKeepNobodyFromAskingAndDoNotStay() throws IOException {
        List<Socket> idle = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            idle.add(open());
        }
        assertThat(alive()).startsWith("HTTP/1.1 200 ");
        for (Socket socket : idle) {
            assertThat(rest(socket))
                    .isEmpty(); // the node has closed it: those over the limit at once, the rest in time
        }
    }

    /** Each of them would else keep what it has asked for in memory, and a place, for as long as its client likes. */
    @Test
    void connectionsThatAskAndReadNothingMakeRoomWithoutAWord() throws Exception {
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        log.start();
        root.addAppender(log);
        List<Socket> unread = new ArrayList<>();
        try {
            String request = "GET /uPlot.esm.js HTTP/1.1\r\nHost: localhost\r\n\r\n";
            for (int i = 0; i < 5 * CONNECTIONS; i++) {
                Socket socket = new Socket();
                socket.setReceiveBufferSize(2048);
                socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
                socket.setSoTimeout(20_000);
                sockets.add(socket);
                unread.add(socket);
                socket.getOutputStream().write(request.repeat(100).getBytes(StandardCharsets.US_ASCII));
            }
            long begun = System.nanoTime();
            while (System.nanoTime() - begun < 2_500_000_000L) { // one that makes room has a second for its answer
                assertThat(alive()).startsWith("HTTP/1.1 200 ");
            }
            int whole = 0;
            for (Socket socket : unread) {
                String answers = restIfAny(socket);
                assertThat(answers).doesNotContain("HTTP/1.1 500");
                whole += answers.split("HTTP/1.1 200", -1).length > 100 ? 1 : 0;
            }
            assertThat(whole).as("connections that were kept").isLessThanOrEqualTo(CONNECTIONS);
        } finally {
            root.detachAppender(log);
        }
        assertThat(List.copyOf(log.list))
                .filteredOn(event -> event.getLevel().isGreaterOrEqual(Level.WARN))
                .isEmpty();
    }

    /** Until the node closes the connection, or cuts it. */
    private static String restIfAny(Socket socket) throws IOException {
        ByteArrayOutputStream read = new ByteArrayOutputStream();
        try {
            socket.getInputStream().transferTo(read);
        } catch (SocketException e) { // cut
        }
        return read.toString(StandardCharsets.UTF_8);
    }

    @Test
    void aRequestThatComesInDropsIsNotWaitedFor() throws Exception {
        Socket head = open();
        head.getOutputStream()
                .write("GET /health/alive HTTP/1.1\r\nHost: localhost\r\n".getBytes(StandardCharsets.US_ASCII));
        long began = System.nanoTime();
        head.setSoTimeout(100);
        boolean closed = false;
        while (!closed && System.nanoTime() - began < 15_000_000_000L) {
            try {
                head.getOutputStream().write("x: y\r\n".getBytes(StandardCharsets.US_ASCII));
                closed = head.getInputStream().read() < 0;
            } catch (java.net.SocketTimeoutException e) {
                // still open
            } catch (IOException e) {
                closed = true;
            }
        }
        assertThat(closed).as("closed after the idle timeout, whatever came in").isTrue();
        assertThat(send("POST /api/v1/run/stop HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                        + "Content-Length: 100\r\n" + END + "{"))
                .startsWith("HTTP/1.1 408 ");
        assertThat(COMMANDS).isEmpty();
    }

    @Test
    void aConnectionThatAsksStaysOpen() throws IOException {
        Socket kept = open();
        for (int i = 0; i < 3; i++) {
            kept.getOutputStream()
                    .write("HEAD /health/alive HTTP/1.1\r\nHost: localhost\r\n\r\n"
                            .getBytes(StandardCharsets.US_ASCII));
            StringBuilder head = new StringBuilder();
            while (head.indexOf("\r\n\r\n") < 0) {
                int next = kept.getInputStream().read();
                assertThat(next).as("answer %d: %s", i, head).isNotNegative();
                head.append((char) next);
            }
            assertThat(head.toString()).startsWith("HTTP/1.1 200 ");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            large header   | 431
            many headers   | 400
            long target    | 414
            no method      | 501
            trace          | 400
            no request     | 400
            two lengths    | 400
            negative       | 400
            folded length  | 400
            bad chunk      | 400
            endless chunk  | 413
            large body     | 413
            huge body      | 413
            old version    | 505
            """)
    void whatIsNoRequestIsAProblem(String kind, int status) throws IOException {
        String get = "GET /health/alive HTTP/1.1\r\nHost: localhost\r\n";
        String post = "POST /api/v1/run/stop HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
        String answer = send(
                switch (kind) {
                    case "large header" -> get + "x: " + "y".repeat(20_000) + "\r\n" + END;
                    case "many headers" -> get + "x: y\r\n".repeat(2000) + END;
                    case "long target" -> "GET /" + "a".repeat(20_000) + " HTTP/1.1\r\nHost: localhost\r\n" + END;
                    case "no method" -> "STEAL /health/alive HTTP/1.1\r\nHost: localhost\r\n" + END;
                    case "trace" ->
                        "TRACE /health/alive HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n" + END + "{}";
                    case "no request" -> "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003\r\n\r\n";
                    case "two lengths" -> post + "Content-Length: 2\r\nContent-Length: 20\r\n" + END + "{}";
                    case "negative" -> post + "Content-Length: -1\r\n" + END + "{}";
                    case "folded length" -> post + "Content-Length: 2, 2\r\n" + END + "{}";
                    case "large body" -> post + "Content-Length: 2000000\r\n" + END + "{}";
                    case "huge body" -> post + "Content-Length: 99999999999\r\n" + END + "{}";
                    case "bad chunk" -> post + "Transfer-Encoding: chunked\r\n" + END + "zz\r\n{}\r\n0\r\n\r\n";
                    case "endless chunk" ->
                        post + "Transfer-Encoding: chunked\r\n" + END
                                + ("400\r\n" + " ".repeat(1024) + "\r\n").repeat(8);
                    default -> "GET /health/alive HTTP/3.0\r\nHost: localhost\r\n" + END;
                });
        assertThat(answer).startsWith("HTTP/1.1 " + status + " ");
        assertThat(answer).contains("application/problem+json").contains("\"status\":" + status);
        assertThat(COMMANDS).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            deep            | 400
            twice           | 400
            trailing        | 400
            list            | 400
            utf-16          | 400
            text            | 415
            json in text    | 415
            """)
    void aBodyThatIsOddIsRefused(String kind, int status) throws IOException {
        String body = switch (kind) {
            case "deep" -> "{\"reason\":" + "[".repeat(1000);
            case "twice" -> "{\"reason\": \"a\", \"reason\": \"b\"}";
            case "trailing" -> "{\"reason\": \"a\"} {\"reason\": \"b\"}";
            case "list" -> "[\"a\"]";
            case "utf-16" -> "\u00ff\u00fe{\u0000}\u0000";
            default -> "{\"reason\": \"a\"}";
        };
        String type = switch (kind) {
            case "text" -> "text/plain";
            case "json in text" -> "text/plain; application/json";
            default -> "application/json";
        };
        String answer = send("POST /api/v1/run/stop HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + type
                + "\r\nContent-Length: " + body.length() + "\r\n" + END + body);
        assertThat(answer).startsWith("HTTP/1.1 " + status + " ");
        assertThat(COMMANDS).isEmpty();
    }

    @Test
    void aWorkersNameIsANameAndNoPath() throws IOException {
        assertThat(send("POST /api/v1/workers/..%2f..%2fetc/drain HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n"
                        + END))
                .startsWith("HTTP/1.1 409 ")
                .contains("there is no worker ../../etc");
        assertThat(send(
                        "POST /api/v1/workers/a%1b%5b2J%0d%0ab/drain HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n"
                                + END))
                .startsWith("HTTP/1.1 409 ")
                .contains("there is no worker a\\\\u001b[2J  b");
        assertThat(COMMANDS).hasSize(2);
    }

    @Test
    void aRunIsNotCalledAsTheProgramsOwnFiles() throws IOException {
        for (String name : List.of(
                "nodes",
                "NODES",
                "checkpoints",
                "effective.conf",
                "lock",
                "..",
                ".",
                ".hidden",
                "-x",
                "a/b",
                "a".repeat(101),
                "a\\u0000",
                "ä",
                "")) {
            String body = "{\"run\": \"" + name.replace("ä", "\\u00e4") + "\", \"config\": \"\"}";
            assertThat(send(
                            "POST /api/v1/run HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
                                    + body.length() + "\r\n" + END + body))
                    .as(name)
                    .startsWith("HTTP/1.1 400 ");
        }
        assertThat(COMMANDS).isEmpty();
    }
}
