package io.flm.launch.submit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.flm.coordinator.RunView;
import io.flm.launch.console.Json;
import io.flm.launch.run.NodeAddress;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A run that is followed by a node's events, and asked for only where these do not say it. */
@Timeout(60)
class RunFeedTest {
    private static final String END = "end of the stream";

    private final BlockingQueue<String> events = new LinkedBlockingQueue<>();
    private final AtomicInteger asked = new AtomicInteger();
    private final AtomicInteger streams = new AtomicInteger();
    private final AtomicLong now = new AtomicLong(1);
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private volatile RunView run = view("training", 10);
    private volatile boolean tells = true;
    private HttpServer node = serverOf(threads);
    private RunFeed feed = feed();

    private static HttpServer serverOf(ExecutorService threads) {
        try {
            HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            server.setExecutor(threads);
            return server;
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private RunFeed feed() {
        String address = "127.0.0.1:" + node.getAddress().getPort();
        return new RunFeed(new ControlClient(() -> List.of(new NodeAddress(address, "a-token"))), now::get);
    }

    @BeforeEach
    void serve() {
        node.createContext("/api/v1/run", exchange -> {
            asked.incrementAndGet();
            answer(exchange, Json.line(run));
        });
        node.createContext("/api/v1/events", exchange -> {
            assertThat(exchange.getRequestHeaders().getFirst("Authorization")).isEqualTo("Bearer a-token");
            streams.incrementAndGet();
            if (tells) {
                tell(exchange);
            } else {
                exchange.sendResponseHeaders(503, -1);
                exchange.close();
            }
        });
        node.start();
    }

    private static void answer(HttpExchange exchange, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(200, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    private void tell(HttpExchange exchange) throws IOException {
        exchange.sendResponseHeaders(200, 0);
        try (OutputStream out = exchange.getResponseBody()) {
            for (String event = events.take(); !event.equals(END); event = events.take()) {
                out.write((event + "\n\n").getBytes(StandardCharsets.UTF_8));
                out.flush();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @AfterEach
    void stop() {
        feed.close();
        events.add(END);
        node.stop(0);
        threads.shutdownNow();
    }

    private static RunView view(String state, long step) {
        return new RunView(
                "r", "id", state, "why", 1, step, 100, 3.0, List.of(), 5, 6, 7.0, null, 1, 0, null, null, List.of(),
                List.of());
    }

    private static String step(long step) {
        return """
                event: step
                id: a-%1$d
                data: {"type":"step","generation":1,"step":%1$d,"loss":2.5,"heads":[],"rates":{"samplesPerSecond":50.0,\
                "tokensPerSecond":60.0,"laneMs":1.0,"shares":{"data":0.1,"forward":0.2,"backward":0.3,"exchange":0.2,\
                "optimizer":0.2},"traffic":{"sentBytesPerSecond":0,"receivedBytesPerSecond":0}},"learningRate":0.1,\
                "gradientNorm":1.0,"at":1}""".formatted(step);
    }

    private RunView await(Predicate<RunView> wanted) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (System.nanoTime() < end) {
            RunView view = feed.look();
            if (wanted.test(view)) {
                return view;
            }
            Thread.sleep(10);
        }
        throw new AssertionError("the feed still says " + feed.look());
    }

    /** Begins, and waits until the stream is what looks are answered by. */
    private void begin() throws InterruptedException {
        events.add("event: run\nid: a-1\ndata: " + Json.line(run));
        int before = -1;
        while (asked.get() != before || streams.get() == 0) {
            before = asked.get();
            feed.look();
            feed.look();
            Thread.sleep(50);
        }
    }

    @Test
    void stepsAreHeardAndNotAskedFor() throws Exception {
        begin();
        int before = asked.get();
        events.add(step(41));
        RunView heard = await(view -> view.step() == 42);
        assertThat(heard.loss()).isEqualTo(2.5);
        assertThat(heard.samplesPerSecond()).isEqualTo(50);
        assertThat(heard.state()).isEqualTo("training");
        events.add("""
                event: workers
                data: {"type":"workers","changed":[{"name":"w1","node":"n","device":"cpu","state":"training","rank":0,"lanes":"[0, 8)",\
                "laneMs":1.0,"generation":1,"steps":42,"reason":"trains","timeShares":null,"traffic":null}],"gone":[],"at":2}""");
        assertThat(await(view -> !view.workers().isEmpty()).workers().get(0).steps())
                .isEqualTo(42);
        events.add("event: notes\ndata: {\"type\":\"notes\",\"notes\":[\"a worker is slow\"],\"at\":3}");
        assertThat(await(view -> !view.notes().isEmpty()).step()).isEqualTo(42);
        events.add(step(20)); // told late
        events.add("event: workers\ndata: {\"type\":\"workers\",\"changed\":[],\"gone\":[\"w1\"],\"at\":4}");
        assertThat(await(view -> view.workers().isEmpty()).step()).isEqualTo(42);
        assertThat(asked.get()).isEqualTo(before);
        now.addAndGet(TimeUnit.SECONDS.toNanos(4));
        events.add(": a comment");
        Thread.sleep(200);
        now.addAndGet(TimeUnit.SECONDS.toNanos(2));
        feed.look();
        assertThat(asked.get()).as("rates and the time that is left").isEqualTo(before + 1);
    }

    @Test
    void aStateIsAskedFor() throws Exception {
        begin();
        run = view("finished", 100);
        events.add("event: state\ndata: {\"type\":\"state\",\"state\":\"finished\",\"reason\":\"done\",\"at\":1}");
        assertThat(await(RunView::ended).step()).isEqualTo(100);
    }

    /** Who has submitted a run must not hear that there is none, from before. */
    @Test
    void whatAnOrderChangedIsAskedFor() throws Exception {
        begin();
        run = view("forming", 0);
        feed.askAnew();
        assertThat(feed.look().state()).isEqualTo("forming");
    }

    @Test
    void whereNoStreamCanBeHadEachLookAsks() throws Exception {
        tells = false;
        for (int i = 0; i < 5; i++) {
            run = view("training", i);
            assertThat(feed.look().step()).isEqualTo(i);
            Thread.sleep(20);
        }
        assertThat(asked.get()).isEqualTo(5);
        assertThat(streams.get()).as("not each time anew").isEqualTo(1);
        tells = true;
        now.addAndGet(TimeUnit.SECONDS.toNanos(3));
        feed.look();
        begin();
        assertThat(streams.get()).isEqualTo(2);
    }

    @Test
    void aStreamThatEndsOrFallsSilentIsNoAnswer() throws Exception {
        begin();
        events.add(END);
        run = view("training", 50);
        assertThat(await(view -> view.step() == 50)).isNotNull();
        now.addAndGet(TimeUnit.SECONDS.toNanos(3));
        feed.look();
        begin();
        run = view("training", 60);
        now.addAndGet(TimeUnit.SECONDS.toNanos(6));
        assertThat(feed.look().step()).isEqualTo(60);
    }

    @Test
    void whoDoesNotAnswerIsUnavailable() throws Exception {
        begin();
        node.stop(0);
        events.add(END);
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        assertThatThrownBy(() -> {
                    while (System.nanoTime() < end) {
                        feed.look();
                        Thread.sleep(10);
                    }
                })
                .isInstanceOf(ControlClient.Unavailable.class);
    }
}
