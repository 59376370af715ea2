package io.flm.coordinator.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.Behaviors;
import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.coordinator.Coordinator;
import io.flm.coordinator.Coordinator.Answer;
import io.flm.coordinator.GenerationsView;
import io.flm.data.UserException;
import io.flm.worker.RunPlan;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** Who is let in by nodes that want tokens: roles, sign-ins of browsers, and what the log has of them. */
@Timeout(60)
class HttpAccessTest {
    private static final ActorTestKit KIT = ActorTestKit.create();
    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String OPERATE = "a-token-to-operate";
    private static final String READ = "a-token-that-may-read";
    private static final Duration LIFE = Duration.ofMinutes(30);
    private static final Instant BEGIN = Instant.parse("2023-06-18T10:00:00.250Z");

    private static final List<Coordinator.Command> ORDERS = new CopyOnWriteArrayList<>();
    private static volatile Instant now = BEGIN;
    private static volatile boolean accepts = true;
    private static int port;

    private final ListAppender<ILoggingEvent> log = new ListAppender<>();

    @BeforeAll
    static void bind() throws Exception {
        port = bind(new Tokens("o", OPERATE, "r", READ), 10_000);
    }

    private static int bind(Tokens tokens, int perSecond) throws Exception {
        ActorRef<Coordinator.Command> coordinator = KIT.spawn(Behaviors.receiveMessage(m -> {
            if (m instanceof Coordinator.GetGenerations g) {
                g.replyTo().tell(new GenerationsView(List.of()));
            } else if (m instanceof Coordinator.Stop s) {
                ORDERS.add(m);
                s.replyTo().tell(new Answer(accepts, "halting", accepts ? "stop over HTTP" : "nothing runs"));
            } else if (m instanceof Coordinator.Drain d) {
                ORDERS.add(m);
                d.replyTo().tell(new Answer(false, "training", "there is no worker " + d.worker()));
            }
            return Behaviors.same();
        }));
        return HttpEndpoint.bind(
                        KIT.system(),
                        coordinator,
                        LoopbackEndpoint.settings(
                                tokens,
                                "session-life = " + LIFE.toSeconds() + "s",
                                "idle-timeout = 1 minute",
                                "connections-per-client = 100",
                                "requests-per-second = " + perSecond),
                        s -> RunPlan.of(s.run(), "id", s.config(), "1", 4, 100),
                        new PrometheusRegistry(),
                        KeptRuns.NONE,
                        () -> now)
                .toCompletableFuture()
                .get(20, TimeUnit.SECONDS)
                .localAddress()
                .getPort();
    }

    @BeforeEach
    void anew() {
        ORDERS.clear();
        now = BEGIN;
        accepts = true;
        log.start();
        logger().setLevel(Level.INFO);
        logger().addAppender(log);
    }

    @AfterEach
    void detach() {
        logger().detachAppender(log);
    }

    private static Logger logger() {
        return (Logger) LoggerFactory.getLogger(AuditLog.class);
    }

    private List<String> lines() {
        return log.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    }

    @AfterAll
    static void shutDown() {
        KIT.shutdownTestKit();
    }

    private static HttpRequest request(int to, String method, String path, String body, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + to + path))
                .method(method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
        if (!body.isEmpty()) {
            request.header("Content-Type", "application/json");
        }
        return headers.length > 0 ? request.headers(headers).build() : request.build();
    }

    private static HttpResponse<String> send(int to, String method, String path, String body, String... headers)
            throws Exception {
        return CLIENT.send(request(to, method, path, body, headers), BodyHandlers.ofString());
    }

    private static HttpResponse<String> send(String method, String path, String... headers) throws Exception {
        return send(port, method, path, "", headers);
    }

    private static String[] token(String token) {
        return new String[] {"Authorization", "Bearer " + token};
    }

    private static HttpResponse<String> signIn(int to, String token) throws Exception {
        return send(to, "POST", "/api/v1/session", "{\"token\": \"" + token + "\"}", "Origin", origin(to));
    }

    private static String origin(int to) {
        return "http://127.0.0.1:" + to;
    }

    /** {@code name=value}, as a browser sends it back. */
    private static String cookie(HttpResponse<?> response) {
        assertThat(response.statusCode()).as("%s", response.body()).isEqualTo(200);
        return response.headers().firstValue("set-cookie").orElseThrow().replaceAll(";.*", "");
    }

    private static void assertRefused(HttpResponse<String> response, int status, String detail) throws Exception {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        assertThat(JSON.readTree(response.body()).get("detail").asText())
                .contains(detail)
                .doesNotContain("\n", OPERATE, READ);
        assertThat(ORDERS).isEmpty();
    }

    @Test
    void aReaderSeesAllAndChangesNothing() throws Exception {
        assertThat(send("GET", "/api/v1/generations", token(READ)).statusCode()).isEqualTo(200);
        assertThat(send("HEAD", "/api/v1/generations", token(READ)).statusCode())
                .isEqualTo(200);
        HttpResponse<String> stop = send("POST", "/api/v1/run/stop", token(READ));
        assertRefused(stop, 403, "orders want the token to operate");
        assertThat(stop.headers().firstValue("www-authenticate").orElse("")).contains("insufficient_scope");
        for (String path : List.of(
                "/api/v1/run",
                "/api/v1/run/pause",
                "/api/v1/run/continue",
                "/api/v1/run/checkpoint",
                "/api/v1/workers/w/drain",
                "/api/v1/workers/w/admit")) {
            assertRefused(send(port, "POST", path, "{}", token(READ)), 403, "--token-file");
        }
    }

    @Test
    void anOperatorSeesAllAndGivesOrders() throws Exception {
        assertThat(send("GET", "/api/v1/generations", token(OPERATE)).statusCode())
                .isEqualTo(200);
        assertThat(send("POST", "/api/v1/run/stop", token(OPERATE)).statusCode())
                .isEqualTo(202);
        assertThat(ORDERS).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Bearer ",
                "Bearer a-token-to-operat",
                "Bearer a-token-to-operatee",
                "Bearer A-TOKEN-TO-OPERATE",
                "Bearer a-token-to-operate a-token-to-operate",
                "Basic YS10b2tlbi10by1vcGVyYXRlOg==",
                "a-token-to-operate"
            })
    void aTokenIsRightAsAWholeOnly(String authorization) throws Exception {
        assertRefused(send("POST", "/api/v1/run/stop", "Authorization", authorization), 401, "the token is wrong");
    }

    @Test
    void whereOneTokenIsWantedNoOtherOpens() throws Exception {
        int single = bind(new Tokens("o", OPERATE, "", ""), 10_000);
        assertRefused(send(single, "GET", "/api/v1/generations", "", token(READ)), 401, "the token is wrong");
        assertRefused(send(single, "GET", "/api/v1/generations", "", token("")), 401, "the token is wrong");
    }

    @Test
    void tokensThatWouldLetReadersOperateAreRefused() {
        assertThatThrownBy(() -> new Tokens("", "", "r", READ))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("flm.http.read-token-file without flm.http.token-file");
        assertThatThrownBy(() -> new Tokens("o", READ, "r", READ)).hasMessageContaining("the same token");
        assertThat(new Tokens("o", OPERATE, "r", READ).toString()).doesNotContain(OPERATE, READ);
    }

    @Test
    void aBrowserSignsInOnceAndGivesOrdersFromItsPage() throws Exception {
        HttpResponse<String> signedIn = signIn(port, OPERATE);
        assertThat(signedIn.statusCode()).as(signedIn.body()).isEqualTo(200);
        String set = signedIn.headers().firstValue("set-cookie").orElseThrow();
        assertThat(set)
                .matches("flm-[0-9a-f]{8}=operate\\.\\d+\\.[\\w-]{8}\\.[\\w-]{43}; Max-Age=1800; Path=/; HttpOnly;"
                        + " SameSite=Strict")
                .doesNotContain(OPERATE);
        assertThat(signedIn.headers().firstValue("cache-control")).contains("no-store");
        JsonNode view = JSON.readTree(signedIn.body());
        assertThat(view.get("role").asText()).isEqualTo("operate");
        assertThat(view.get("until").asLong())
                .isEqualTo(Instant.parse("2023-06-18T10:30:00Z").toEpochMilli());

        String cookie = cookie(signedIn);
        assertThat(send("GET", "/api/v1/generations", "Cookie", "other=1; " + cookie + "; x")
                        .statusCode())
                .isEqualTo(200);
        assertThat(send("POST", "/api/v1/run/stop", "Cookie", cookie, "Origin", origin(port))
                        .statusCode())
                .isEqualTo(202);
        assertThat(send("POST", "/api/v1/run/stop", "Cookie", cookie, "Sec-Fetch-Site", "same-origin")
                        .statusCode())
                .isEqualTo(202);
    }

    @Test
    void anOrderWithACookieIsOfThisNodesPage() throws Exception {
        String cookie = cookie(signIn(port, OPERATE));
        assertRefused(send("POST", "/api/v1/run/stop", "Cookie", cookie), 403, "no Origin");
        assertRefused(send("POST", "/api/v1/run/stop", "Cookie", cookie, "Sec-Fetch-Site", "none"), 403, "no Origin");
        for (String other : List.of("http://evil.example", "null", "http://127.0.0.1:1", "http://localhost:" + port)) {
            assertRefused(
                    send("POST", "/api/v1/run/stop", "Cookie", cookie, "Origin", other), 403, "a page of another site");
        }
        assertRefused(
                send("GET", "/api/v1/generations", "Cookie", cookie, "Sec-Fetch-Site", "cross-site"),
                403,
                "a page of another site");
    }

    @Test
    void aReadersCookieReads() throws Exception {
        String cookie = cookie(signIn(port, READ));
        assertThat(send("GET", "/api/v1/generations", "Cookie", cookie).statusCode())
                .isEqualTo(200);
        assertRefused(
                send("POST", "/api/v1/run/stop", "Cookie", cookie, "Origin", origin(port)),
                403,
                "orders want the token to operate");
    }

    @Test
    void everyNodeWithTheSameTokenTakesACookieAndNoOther() throws Exception {
        String operates = cookie(signIn(port, OPERATE));
        String reads = cookie(signIn(port, READ));
        int same = bind(new Tokens("elsewhere", OPERATE, "too", READ), 10_000);
        assertThat(send(same, "GET", "/api/v1/generations", "", "Cookie", operates)
                        .statusCode())
                .isEqualTo(200);
        int other = bind(new Tokens("o", "of-another-cluster", "r", READ), 10_000);
        assertRefused(send(other, "GET", "/api/v1/generations", "", "Cookie", operates), 401, "wants its token");
        String renamed = cookie(signIn(other, READ)).replaceAll("=.*", "=") + operates.replaceAll(".*=", "");
        assertRefused(send(other, "GET", "/api/v1/generations", "", "Cookie", renamed), 401, "of another token");
        int newReaders = bind(new Tokens("o", OPERATE, "r", "another-one-to-read"), 10_000);
        assertRefused(send(newReaders, "GET", "/api/v1/generations", "", "Cookie", reads), 401, "of another token");
    }

    @Test
    void aCookieEndsInTime() throws Exception {
        String cookie = cookie(signIn(port, OPERATE));
        now = Instant.parse("2023-06-18T10:29:59.999Z");
        assertThat(send("GET", "/api/v1/generations", "Cookie", cookie).statusCode())
                .isEqualTo(200);
        now = Instant.parse("2023-06-18T10:30:00Z");
        assertRefused(send("GET", "/api/v1/generations", "Cookie", cookie), 401, "sign-in has ended");
        assertRefused(send("POST", "/api/v1/run/stop", "Cookie", cookie, "Origin", origin(port)), 401, "sign in again");
    }

    @Test
    void aCookieThatWasChangedIsWorthNothing() throws Exception {
        String reads = cookie(signIn(port, READ));
        String name = reads.substring(0, reads.indexOf('=') + 1);
        String[] parts = reads.substring(name.length()).split("\\.", -1);
        for (String forged : List.of(
                "operate." + parts[1] + "." + parts[2] + "." + parts[3],
                "read." + (Long.parseLong(parts[1]) + 1) + "." + parts[2] + "." + parts[3],
                "read." + parts[1] + ".AAAAAAAA." + parts[3],
                "read." + parts[1] + "." + parts[2] + "." + parts[3].substring(1),
                "read." + parts[1] + "." + parts[2] + ".",
                "read." + parts[1] + "." + parts[2],
                "read.99999999999999999999." + parts[2] + "." + parts[3],
                "read.-1." + parts[2] + "." + parts[3],
                "root." + parts[1] + "." + parts[2] + "." + parts[3],
                "...",
                "",
                "%00")) {
            assertRefused(send("GET", "/api/v1/generations", "Cookie", name + forged), 401, "of another token");
        }
    }

    @Test
    void aWrongTokenIsNotMadeGoodByACookie() throws Exception {
        String cookie = cookie(signIn(port, OPERATE));
        assertRefused(
                send("GET", "/api/v1/generations", "Cookie", cookie, "Authorization", "Bearer wrong"), 401, "wrong");
    }

    @Test
    void aPageSeesWhetherItHasToSignIn() throws Exception {
        assertThat(send("GET", "/api/v1/session").body())
                .isEqualTo("{\"role\":\"none\",\"by\":\"none\",\"until\":null}");
        assertThat(send("GET", "/api/v1/session", token(READ)).body())
                .isEqualTo("{\"role\":\"read\",\"by\":\"token\",\"until\":null}");
        String cookie = cookie(signIn(port, OPERATE));
        assertThat(send("GET", "/api/v1/session", "Cookie", cookie).body())
                .isEqualTo("{\"role\":\"operate\",\"by\":\"cookie\",\"until\":1687084200000}");
        assertRefused(send("GET", "/api/v1/session", token("wrong")), 401, "wrong");
        int open = bind(new Tokens("", "", "", ""), 10_000);
        assertThat(send(open, "GET", "/api/v1/session", "").body())
                .isEqualTo("{\"role\":\"operate\",\"by\":\"loopback\",\"until\":null}");
        assertRefused(signIn(open, OPERATE), 409, "wants no token");
    }

    @Test
    void aSignInThatIsWrongGivesNoCookie() throws Exception {
        HttpResponse<String> wrong = signIn(port, "not-the-token-of-it");
        assertRefused(wrong, 401, "the token is wrong");
        assertThat(wrong.headers().firstValue("set-cookie")).isEmpty();
        assertRefused(signIn(port, ""), 401, "the token is wrong");
        assertRefused(send(port, "POST", "/api/v1/session", "{\"token\": null}"), 400, "token is null");
        assertRefused(send(port, "POST", "/api/v1/session", "{}"), 400, "Missing");
        HttpResponse<String> planted = send(
                port, "POST", "/api/v1/session", "{\"token\": \"" + OPERATE + "\"}", "Origin", "http://evil.example");
        assertRefused(planted, 403, "a page of another site");
        assertThat(planted.headers().firstValue("set-cookie")).isEmpty();
    }

    @Test
    void aBrowserSignsOut() throws Exception {
        String cookie = cookie(signIn(port, OPERATE));
        HttpResponse<String> out = send("DELETE", "/api/v1/session", "Cookie", cookie, "Origin", origin(port));
        assertThat(out.statusCode()).isEqualTo(204);
        assertThat(out.headers().firstValue("set-cookie").orElse(""))
                .matches("flm-[0-9a-f]{8}=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict");
        assertRefused(
                send("DELETE", "/api/v1/session", "Cookie", cookie, "Origin", "http://evil.example"),
                403,
                "a page of another site");
    }

    /** An EventSource sends no token. */
    @Test
    void eventsAreHeardWithACookieForAsLongAsItLasts() throws Exception {
        assertThat(send("GET", "/api/v1/events").statusCode()).isEqualTo(401);
        String cookie = cookie(signIn(port, READ));
        now = BEGIN.plus(LIFE).minusSeconds(2);
        HttpResponse<InputStream> stream =
                CLIENT.send(request(port, "GET", "/api/v1/events", "", "Cookie", cookie), BodyHandlers.ofInputStream());
        assertThat(stream.statusCode()).isEqualTo(200);
        assertThat(stream.headers().firstValue("cache-control")).contains("no-store");
        try (InputStream events = stream.body()) {
            events.readAllBytes(); // ends
        }
    }

    @Test
    void wrongTokensAreAnsweredAFewAtATimeAndKeepNobodyOut() throws Exception {
        List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
        HttpClient guesses = HttpClient.newHttpClient(); // with connections of its own
        for (int i = 0; i < 80; i++) {
            answers.add(guesses.sendAsync(
                    request(port, "GET", "/api/v1/generations", "", token("guess-" + i)), BodyHandlers.ofString()));
        }
        assertThat(send("GET", "/api/v1/generations", token(READ)).statusCode()).isEqualTo(200);
        List<Integer> statuses = new ArrayList<>();
        for (CompletableFuture<HttpResponse<String>> answer : answers) {
            statuses.add(answer.get(30, TimeUnit.SECONDS).statusCode());
        }
        assertThat(statuses).containsOnly(401, 429).contains(429);
        assertThat(statuses.stream().filter(status -> status == 401).count()).isGreaterThanOrEqualTo(16);
    }

    /** They may be other users of this machine, or others behind the same proxy. */
    @Test
    void thoseOfTheSameAddressWhoAskTooOftenKeepNobodyOutWhoShowsATokenOrACookie() throws Exception {
        int slow = bind(new Tokens("o", OPERATE, "r", READ), 10);
        String cookie = cookie(signIn(slow, READ));
        int others;
        do {
            others = send(slow, "GET", "/health/alive", "").statusCode();
        } while (others == 200);
        assertThat(others).isEqualTo(429);
        assertThat(send(slow, "GET", "/api/v1/generations", "", token(OPERATE)).statusCode())
                .isEqualTo(200);
        assertThat(send(slow, "GET", "/api/v1/generations", "", "Cookie", cookie)
                        .statusCode())
                .isEqualTo(200);
        int own;
        do {
            own = send(slow, "GET", "/api/v1/generations", "", token(OPERATE)).statusCode();
        } while (own == 200);
        assertThat(own).isEqualTo(429);
    }

    @Test
    void anAddressThatAsksTooOftenIsToldToWait() throws Exception {
        int slow = bind(new Tokens("o", OPERATE, "", ""), 10);
        List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
        HttpClient hasty = HttpClient.newHttpClient();
        for (int i = 0; i < 60; i++) {
            answers.add(hasty.sendAsync(request(slow, "GET", "/health/alive", ""), BodyHandlers.ofString()));
        }
        int refused = 0;
        for (CompletableFuture<HttpResponse<String>> answer : answers) {
            HttpResponse<String> one = answer.get(30, TimeUnit.SECONDS);
            if (one.statusCode() == 429) {
                refused++;
                assertThat(one.body()).contains("flm.http.requests-per-second");
                assertThat(one.headers().firstValue("retry-after")).contains("1");
            }
        }
        assertThat(refused).isBetween(1, 50);
    }

    @Test
    void anOrderIsALineOfTheLog() throws Exception {
        send("POST", "/api/v1/run/stop", token(OPERATE));
        send("POST", "/api/v1/run/stop", token(READ));
        accepts = false;
        send("POST", "/api/v1/run/stop", token(OPERATE));
        send("GET", "/api/v1/generations", token(OPERATE));
        String cookie = cookie(signIn(port, OPERATE));
        send("POST", "/api/v1/run/stop", "Cookie", cookie, "Origin", origin(port));
        String session = cookie.split("\\.", -1)[2];
        assertThat(lines())
                .containsExactly(
                        "POST /api/v1/run/stop by operate (token) from 127.0.0.1: 202 stop over HTTP",
                        "POST /api/v1/run/stop by read (token) from 127.0.0.1: 403 orders want the token to operate, and"
                                + " yours is the one to read; give that of the node's flm.http.token-file, with flm by"
                                + " --token-file",
                        "POST /api/v1/run/stop by operate (token) from 127.0.0.1: 409 nothing runs",
                        "POST /api/v1/session by operate (cookie " + session + ") from 127.0.0.1: 200 signed in",
                        "POST /api/v1/run/stop by operate (cookie " + session + ") from 127.0.0.1: 409 nothing runs");
    }

    @Test
    void theReasonOfAnOrderIsInItsLine() throws Exception {
        send(port, "POST", "/api/v1/run/continue", "{\"reason\": \"the fan turns\"}", token(OPERATE));
        assertThat(lines()).singleElement().asString().endsWith("; reason: the fan turns");
    }

    @Test
    void foreignTextForgesNoLine() throws Exception {
        String name = "a%0d%0aPOST%20%2fapi%2fv1%2frun%2fstop%20by%20operate%20from%2010.0.0.1:%20202%1b%5b2J%e2%80%ae";
        send("POST", "/api/v1/workers/" + name + "/drain", token(OPERATE));
        assertThat(lines())
                .singleElement()
                .satisfies(line -> assertThat(line)
                        .matches("\\P{Cntrl}*")
                        .startsWith("POST /api/v1/workers/a%0D%0APOST%20")
                        .contains(" by operate (token) from 127.0.0.1: 409 there is no worker a  POST")
                        .contains("\\u001b[2J\\u202e"));
    }

    @Test
    void whoeverIsNotKnownDoesNotFillTheLog() throws Exception {
        for (int i = 0; i < 3; i++) {
            send("POST", "/api/v1/run/stop", "Origin", "http://evil.example", "Authorization", "Bearer " + OPERATE);
        }
        assertThat(lines())
                .hasSizeLessThanOrEqualTo(1)
                .allMatch(line -> line.matches("\\d+ x a page of another site, the last time from 127\\.0\\.0\\.1"));
    }

    @Test
    void answersAreNotKeptAndNotForOtherSites() throws Exception {
        HttpResponse<String> answer = send("GET", "/api/v1/generations", token(READ));
        assertThat(answer.headers().firstValue("cache-control")).contains("no-store");
        assertThat(answer.headers().firstValue("x-content-type-options")).contains("nosniff");
        assertThat(answer.headers().firstValue("cross-origin-resource-policy")).contains("same-origin");
        assertThat(answer.body()).isEqualTo("[]");
    }
}
