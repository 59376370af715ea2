package io.flm.coordinator;

import static akka.http.javadsl.server.Directives.complete;
import static akka.http.javadsl.server.Directives.concat;
import static akka.http.javadsl.server.Directives.get;
import static akka.http.javadsl.server.Directives.handleRejections;
import static akka.http.javadsl.server.Directives.onComplete;
import static akka.http.javadsl.server.Directives.path;
import static akka.http.javadsl.server.Directives.pathPrefix;

import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.AskPattern;
import akka.http.javadsl.Http;
import akka.http.javadsl.ServerBinding;
import akka.http.javadsl.model.ContentTypes;
import akka.http.javadsl.model.HttpEntities;
import akka.http.javadsl.model.HttpResponse;
import akka.http.javadsl.model.MediaTypes;
import akka.http.javadsl.model.StatusCode;
import akka.http.javadsl.model.StatusCodes;
import akka.http.javadsl.server.MethodRejection;
import akka.http.javadsl.server.RejectionHandler;
import akka.http.javadsl.server.Route;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.flm.coordinator.Coordinator.GetRun;
import io.flm.data.UserException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import scala.util.Try;

/**
 * The run over HTTP: {@code GET /api/v1/run}, {@code /health/alive} (the process answers) and {@code /health/ready} (the run
 * trains or has finished). Errors are problem details (RFC 9457).
 */
public final class HttpEndpoint {
    private static final Duration ASK_TIMEOUT = Duration.ofSeconds(3);
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(1);
    private static final ObjectMapper JSON = JsonMapper.builder().build();

    private final ActorSystem<?> system;
    private final ActorRef<Coordinator.Command> coordinator;

    private HttpEndpoint(ActorSystem<?> system, ActorRef<Coordinator.Command> coordinator) {
        this.system = system;
        this.coordinator = coordinator;
    }

    /** Binds; the binding ends with the actor system. Fails with a {@link UserException} where the port cannot be had. */
    public static CompletionStage<ServerBinding> bind(
            ActorSystem<?> system, ActorRef<Coordinator.Command> coordinator, HttpSettings settings) {
        return Http.get(system)
                .newServerAt(settings.host(), settings.port())
                .bind(new HttpEndpoint(system, coordinator).route())
                .handle((binding, failure) -> {
                    if (failure != null) {
                        throw new UserException(
                                "HTTP cannot be served on " + settings.host() + ":" + settings.port()
                                        + " (in use, or not an address of this machine);"
                                        + " give another flm.http.port, 0 for any free one",
                                failure);
                    }
                    return binding.addToCoordinatedShutdown(STOP_TIMEOUT, system);
                });
    }

    Route route() {
        RejectionHandler rejections = RejectionHandler.newBuilder()
                .handle(
                        MethodRejection.class,
                        r -> complete(problem(
                                StatusCodes.METHOD_NOT_ALLOWED,
                                "use " + r.supported().value() + " here")))
                .handleNotFound(complete(
                        problem(StatusCodes.NOT_FOUND, "there are /api/v1/run, /health/ready and /health/alive")))
                .build()
                .withFallback(RejectionHandler.defaultHandler());
        return handleRejections(
                rejections,
                () -> concat(
                        pathPrefix("api", () -> pathPrefix("v1", () -> path("run", () -> get(() -> run(false))))),
                        pathPrefix(
                                "health",
                                () -> concat(
                                        path(
                                                "alive",
                                                () -> get(() -> complete(json(StatusCodes.OK, Map.of("alive", true))))),
                                        path("ready", () -> get(() -> run(true)))))));
    }

    private Route run(boolean readiness) {
        CompletionStage<RunView> view = AskPattern.ask(coordinator, GetRun::new, ASK_TIMEOUT, system.scheduler());
        return onComplete(view, answer -> complete(readiness ? ready(answer) : show(answer)));
    }

    private static HttpResponse show(Try<RunView> answer) {
        return answer.isSuccess() ? json(StatusCodes.OK, answer.get()) : silent();
    }

    private static HttpResponse ready(Try<RunView> answer) {
        if (answer.isFailure()) {
            return silent();
        }
        RunView view = answer.get();
        boolean ready = view.state().equals("training") || view.state().equals("finished");
        return json(
                ready ? StatusCodes.OK : StatusCodes.SERVICE_UNAVAILABLE,
                Map.of("ready", ready, "state", view.state(), "reason", view.reason()));
    }

    private static HttpResponse silent() {
        return problem(
                StatusCodes.SERVICE_UNAVAILABLE,
                "the coordinator did not answer within " + ASK_TIMEOUT.toSeconds() + " s; it may be moving, try again");
    }

    private static HttpResponse json(StatusCode status, Object body) {
        try {
            return HttpResponse.create()
                    .withStatus(status)
                    .withEntity(HttpEntities.create(ContentTypes.APPLICATION_JSON, JSON.writeValueAsBytes(body)));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a view that JSON cannot hold", e);
        }
    }

    private static HttpResponse problem(StatusCode status, String detail) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("type", "about:blank");
        body.put("title", status.reason());
        body.put("status", status.intValue());
        body.put("detail", detail);
        try {
            return HttpResponse.create()
                    .withStatus(status)
                    .withEntity(HttpEntities.create(
                            MediaTypes.applicationWithFixedCharset(
                                            "problem+json", akka.http.javadsl.model.HttpCharsets.UTF_8)
                                    .toContentType(),
                            JSON.writeValueAsBytes(body)));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a problem that JSON cannot hold", e);
        }
    }
}
