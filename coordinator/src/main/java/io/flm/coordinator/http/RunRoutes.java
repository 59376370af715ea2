package io.flm.coordinator.http;

import static akka.http.javadsl.server.Directives.complete;
import static akka.http.javadsl.server.Directives.completeWithFuture;
import static akka.http.javadsl.server.Directives.concat;
import static akka.http.javadsl.server.Directives.extractRequest;
import static akka.http.javadsl.server.Directives.get;
import static akka.http.javadsl.server.Directives.path;
import static akka.http.javadsl.server.Directives.pathEnd;
import static akka.http.javadsl.server.Directives.pathPrefix;
import static akka.http.javadsl.server.PathMatchers.segment;

import akka.actor.typed.ActorSystem;
import akka.actor.typed.DispatcherSelector;
import akka.http.javadsl.model.HttpRequest;
import akka.http.javadsl.model.HttpResponse;
import akka.http.javadsl.model.StatusCodes;
import akka.http.javadsl.server.Route;
import io.flm.coordinator.PastRun;
import io.flm.data.UserException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/** The runs that a node keeps: {@code /api/v1/runs}, and the figures of one below {@code /api/v1/runs/NAME/metrics}. */
final class RunRoutes {
    private final KeptRuns runs;
    private final Executor blocking;

    RunRoutes(KeptRuns runs, ActorSystem<?> system) {
        this.runs = runs;
        this.blocking = system.dispatchers().lookup(DispatcherSelector.blocking());
    }

    Route route() {
        return concat(
                pathEnd(() ->
                        get(() -> completeWithFuture(read(() -> HttpAnswers.json(StatusCodes.OK, runs.newest()))))),
                pathPrefix(
                        segment(),
                        run -> path("metrics", () -> get(() -> extractRequest(request -> metrics(run, request))))));
    }

    private Route metrics(String run, HttpRequest request) {
        MetricsQuery query;
        try {
            query = MetricsQuery.of(request.getUri());
        } catch (UserException e) {
            return complete(HttpAnswers.problem(StatusCodes.BAD_REQUEST, String.valueOf(e.getMessage())));
        }
        return completeWithFuture(read(() -> HttpAnswers.json(
                StatusCodes.OK,
                PastRun.metrics(run, each -> runs.steps(run, each), query.from(), query.to(), query.points()))));
    }

    /** One at a time: a run may have millions of steps, and the threads that read are others' too. */
    private CompletionStage<HttpResponse> read(Supplier<HttpResponse> answer) {
        return CompletableFuture.supplyAsync(
                () -> {
                    synchronized (runs) {
                        return answer.get();
                    }
                },
                blocking);
    }
}
