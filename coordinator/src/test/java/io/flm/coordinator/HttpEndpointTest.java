package io.flm.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.Behaviors;
import akka.http.javadsl.ServerBinding;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.coordinator.RunView.WorkerView;
import io.flm.data.UserException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class HttpEndpointTest {
    private static final ActorTestKit KIT = ActorTestKit.create();
    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static volatile String state = "training";
    private static int port;

    @BeforeAll
    static void bind() throws Exception {
        ActorRef<Coordinator.Command> coordinator = KIT.spawn(Behaviors.receiveMessage(m -> {
            if (m instanceof Coordinator.GetRun g) {
                g.replyTo()
                        .tell(new RunView(
                                "emoji",
                                "emoji-1",
                                state,
                                "all members joined",
                                1,
                                7,
                                100,
                                3.25,
                                List.of(),
                                99,
                                990,
                                null,
                                1,
                                2,
                                null,
                                null,
                                List.of(),
                                List.of(new WorkerView("w0", "n", "cpu", "training", 0, "[0, 2)", 3, 1, 7, "joined"))));
            }
            return Behaviors.same();
        }));
        ServerBinding binding = HttpEndpoint.bind(KIT.system(), coordinator, new HttpSettings("127.0.0.1", 0))
                .toCompletableFuture()
                .get(20, TimeUnit.SECONDS);
        port = binding.localAddress().getPort();
    }

    @AfterAll
    static void shutDown() {
        KIT.shutdownTestKit();
    }

    private static HttpResponse<String> send(String method, String path) throws Exception {
        URI uri = URI.create("http://127.0.0.1:" + port + path);
        return CLIENT.send(
                HttpRequest.newBuilder(uri)
                        .method(method, BodyPublishers.noBody())
                        .build(),
                BodyHandlers.ofString());
    }

    @Test
    void showsTheRun() throws Exception {
        HttpResponse<String> response = send("GET", "/api/v1/run");
        assertThat(response.statusCode()).isEqualTo(200);
        JsonNode run = new ObjectMapper().readTree(response.body());
        assertThat(run.get("step").asLong()).isEqualTo(7);
        assertThat(run.get("loss").asDouble()).isEqualTo(3.25);
        assertThat(run.get("samplesPerSecond").asDouble()).isEqualTo(99);
        assertThat(run.get("reason").asText()).isEqualTo("all members joined");
        assertThat(run.get("workers").get(0).get("lanes").asText()).isEqualTo("[0, 2)");
    }

    @Test
    void readinessFollowsTheStateAndLivenessDoesNot() throws Exception {
        assertThat(send("GET", "/health/ready").statusCode()).isEqualTo(200);
        state = "forming";
        assertThat(send("GET", "/health/ready").statusCode()).isEqualTo(503);
        assertThat(send("GET", "/health/alive").statusCode()).isEqualTo(200);
        state = "training";
    }

    @Test
    void wrongPathsAndMethodsAreAnsweredWithProblemDetails() throws Exception {
        HttpResponse<String> missing = send("GET", "/api/v1/nothing");
        assertThat(missing.statusCode()).isEqualTo(404);
        assertThat(missing.headers().firstValue("content-type").orElse("")).startsWith("application/problem+json");
        assertThat(send("POST", "/api/v1/run").statusCode()).isEqualTo(405);
    }

    @Test
    void aPortInUseIsSaidInOneLine() {
        assertThatThrownBy(() -> HttpEndpoint.bind(
                                KIT.system(),
                                KIT.<Coordinator.Command>createTestProbe().getRef(),
                                new HttpSettings("127.0.0.1", port))
                        .toCompletableFuture()
                        .get(20, TimeUnit.SECONDS))
                .hasRootCauseInstanceOf(java.net.BindException.class)
                .cause()
                .isInstanceOf(UserException.class)
                .hasMessageContaining("127.0.0.1:" + port)
                .hasMessageContaining("flm.http.port");
    }
}
