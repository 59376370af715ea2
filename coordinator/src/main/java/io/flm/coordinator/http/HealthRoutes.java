package io.flm.coordinator.http;

import static akka.http.javadsl.server.Directives.complete;
import static akka.http.javadsl.server.Directives.completeWithFuture;
import static akka.http.javadsl.server.Directives.concat;
import static akka.http.javadsl.server.Directives.get;
import static akka.http.javadsl.server.Directives.path;

import akka.http.javadsl.model.HttpResponse;
import akka.http.javadsl.model.StatusCodes;
import akka.http.javadsl.server.Route;
import io.flm.coordinator.Coordinator;
import io.flm.coordinator.RunView;

/**
 * {@code /health}: the process, the node and the run, asked for each by itself. A scheduler starts a node again that is not alive,
 * or not ready for long; a run in trouble is for people, and no other process mends it. None needs a token.
 */
final class HealthRoutes {
    private record Alive(boolean alive) {}

    private record Ready(boolean ready, String reason) {}

    private record RunHealth(boolean well, String state, String reason) {}

    private final CoordinatorClient coordinator;

    HealthRoutes(CoordinatorClient coordinator) {
        this.coordinator = coordinator;
    }

    Route route() {
        return concat(
                path("alive", () -> get(() -> complete(HttpAnswers.json(StatusCodes.OK, new Alive(true))))),
                path(
                        "ready",
                        () -> get(() -> completeWithFuture(coordinator.shown(
                                Coordinator.GetRun::new,
                                (RunView run) -> HttpAnswers.json(
                                        StatusCodes.OK, new Ready(true, "the node's coordinator answers")))))),
                path(
                        "run",
                        () -> get(() ->
                                completeWithFuture(coordinator.shown(Coordinator.GetRun::new, HealthRoutes::ofRun)))));
    }

    private static HttpResponse ofRun(RunView run) {
        boolean well = switch (run.state()) {
            case "idle", "training", "paused", "finished" -> true;
            default -> false;
        };
        return HttpAnswers.json(
                well ? StatusCodes.OK : StatusCodes.SERVICE_UNAVAILABLE,
                new RunHealth(well, run.state(), run.reason()));
    }
}
