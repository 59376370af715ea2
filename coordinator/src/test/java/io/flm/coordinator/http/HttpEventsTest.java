package io.flm.coordinator.http;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.AskPattern;
import akka.actor.typed.javadsl.Behaviors;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.ConfigFactory;
import io.flm.coordinator.Coordinator;
import io.flm.coordinator.CoordinatorEnvironment;
import io.flm.coordinator.CoordinatorSettings;
import io.flm.worker.RunPlan;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What listeners over HTTP hear of a real coordinator. */
@Timeout(60)
class HttpEventsTest {
    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static final ObjectMapper JSON = new ObjectMapper();

    private final ActorTestKit kit = ActorTestKit.create();
    private ActorRef<Coordinator.Command> coordinator = kit.system().deadLetters();
    private volatile boolean answers = true;
    private int port;

    /** An event as it was read; a comment has no type. */
    private record Event(String type, String id, JsonNode data) {}

    private static final class Stream implements AutoCloseable {
        private final HttpResponse<InputStream> response;
        private final BufferedReader lines;

        Stream(HttpResponse<InputStream> response) {
            this.response = response;
            this.lines = new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8));
        }

        /** The next event, comments aside. */
        Event next() throws IOException {
            String type = "";
            String id = "";
            String data = "";
            long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(20); // there is a comment every 2 s
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (System.nanoTime() > until) {
                    throw new IOException("no event within 20 s");
                }
                if (line.startsWith("event: ")) {
                    type = line.substring(7);
                } else if (line.startsWith("id: ")) {
                    id = line.substring(4);
                } else if (line.startsWith("data: ")) {
                    data = line.substring(6);
                } else if (line.isEmpty() && !type.isEmpty()) {
                    return new Event(type, id, JSON.readTree(data));
                }
            }
            throw new IOException("the stream has ended");
        }

        /** The next event of a type, and those before it. */
        List<Event> until(String type) throws IOException {
            List<Event> events = new ArrayList<>();
            do {
                events.add(next());
            } while (!events.get(events.size() - 1).type().equals(type));
            return events;
        }

        @Override
        public void close() throws IOException {
            lines.close();
        }
    }

    @BeforeEach
    void bind() throws Exception {
        coordinator = kit.spawn(Coordinator.withoutReceptionist(
                CoordinatorSettings.from(ConfigFactory.load()),
                new CoordinatorEnvironment(InstantSource.system(), System::nanoTime, () -> "key")));
        ActorRef<Coordinator.Command> reached = kit.spawn(Behaviors.receiveMessage(m -> {
            if (answers) {
                coordinator.tell(m);
            }
            return Behaviors.same();
        }));
        port = LoopbackEndpoint.bind(
                kit.system(), reached, LoopbackEndpoint.settings("idle-timeout = 1s", "connections-per-client = 8"));
    }

    @AfterEach
    void close() {
        kit.shutdownTestKit();
    }

    private Stream listen(String lastId) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/api/v1/events"));
        if (!lastId.isEmpty()) {
            request.header("Last-Event-ID", lastId);
        }
        Stream stream = new Stream(CLIENT.send(request.build(), BodyHandlers.ofInputStream()));
        assertThat(stream.response.statusCode()).isEqualTo(200);
        return stream;
    }

    private void submit(String id) throws Exception {
        AskPattern.ask(
                        coordinator,
                        (ActorRef<Coordinator.Answer> to) ->
                                new Coordinator.Submit(RunPlan.of("r", id, "", "1", 4, 100), to),
                        Duration.ofSeconds(20),
                        kit.system().scheduler())
                .toCompletableFuture()
                .get();
    }

    private void stop() throws Exception {
        AskPattern.ask(
                        coordinator,
                        (ActorRef<Coordinator.Answer> to) -> new Coordinator.Stop("enough", to),
                        Duration.ofSeconds(20),
                        kit.system().scheduler())
                .toCompletableFuture()
                .get();
    }

    private static Event runOf(Stream stream, String id) throws IOException {
        Event run = stream.next();
        while (!run.type().equals("run") || !run.data().get("id").asText().equals(id)) {
            run = stream.next();
        }
        return run;
    }

    @Test
    void firstTheRunAsItStandsThenWhatHappens() throws Exception {
        try (Stream stream = listen("")) {
            assertThat(stream.response.headers().firstValue("content-type")).contains("text/event-stream");
            Event run = stream.next();
            assertThat(run.type()).isEqualTo("run");
            assertThat(run.data().get("id").asText()).isEmpty();
            submit("r-1");
            Event submitted = runOf(stream, "r-1");
            assertThat(submitted.data().get("state").asText()).isEqualTo("waiting");
            stop();
            List<Event> events = stream.until("state");
            Event last = events.get(events.size() - 1);
            assertThat(last.data().get("reason").asText()).isNotEmpty();
            assertThat(last.data().get("at").asLong())
                    .isCloseTo(System.currentTimeMillis(), org.assertj.core.data.Offset.offset(60_000L));
        }
    }

    @Test
    void whoComesBackHearsWhatHappenedMeanwhileAndNothingTwice() throws Exception {
        Event seen;
        try (Stream stream = listen("")) {
            submit("r-1");
            seen = runOf(stream, "r-1");
        }
        stop();
        try (Stream stream = listen(seen.id())) {
            Event next = stream.next();
            assertThat(next.type()).isEqualTo("state");
            assertThat(number(next)).isEqualTo(number(seen) + 1);
        }
        for (String unknown :
                List.of("nonsense", "-1", "x-y", "other-7", seen.id().replaceAll("-.*", "-999999999"))) {
            try (Stream stream = listen(unknown)) {
                assertThat(stream.next().type()).as(unknown).isEqualTo("run");
            }
        }
    }

    private static long number(Event event) {
        return Long.parseLong(event.id().substring(event.id().lastIndexOf('-') + 1));
    }

    /** The idle limit here is one second: a stream in which nothing happens is not idle. */
    @Test
    void aQuietStreamStaysOpen() throws Exception {
        try (Stream stream = listen("")) {
            stream.next();
            stream.until("state");
            TimeUnit.SECONDS.sleep(4);
            submit("r-1");
            assertThat(runOf(stream, "r-1").data().get("state").asText()).isEqualTo("waiting");
        }
    }

    @Test
    void aCoordinatorThatDoesNotAnswerIsToldAndSoIsItsReturn() throws Exception {
        try (Stream stream = listen("")) {
            stream.next();
            answers = false;
            List<Event> events = stream.until("unavailable");
            assertThat(events.get(events.size() - 1).data().get("reason").asText())
                    .contains("no coordinator answers at present");
            answers = true;
            stream.until("available");
            submit("r-1");
            runOf(stream, "r-1");
        }
    }

    /** As many streams as one address may have connections: the next one ends the oldest, and nobody is kept from asking. */
    @Test
    void streamsAreConnectionsOfWhichOneAddressHasSoMany() throws Exception {
        List<Socket> silent = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
            socket.setSoTimeout(20_000);
            OutputStream out = socket.getOutputStream();
            out.write("GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            out.flush();
            assertThat(socket.getInputStream().read())
                    .as("the answer begins before the next one comes")
                    .isEqualTo('H');
            silent.add(socket);
        }
        HttpRequest alive = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/health/alive"))
                .timeout(Duration.ofSeconds(10))
                .build();
        assertThat(CLIENT.send(alive, BodyHandlers.ofString()).statusCode()).isEqualTo(200);
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(20); // there is a comment every 2 s
        InputStream in = silent.get(0).getInputStream();
        while (in.read() >= 0) {
            assertThat(System.nanoTime()).as("the node ends the oldest").isLessThan(until);
        }
        for (Socket socket : silent) {
            socket.close();
        }
    }
}
