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

import akka.http.javadsl.model.HttpRequest;
import akka.http.javadsl.model.HttpResponse;
import akka.http.javadsl.model.StatusCodes;
import akka.http.javadsl.server.Route;
import io.flm.coordinator.PastRun;
import io.flm.data.UserException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** The runs that a node keeps: {@code /api/v1/runs}, and the figures of one below {@code /api/v1/runs/NAME/metrics}. */
final class RunRoutes {
    /** Requests that may wait for the one that is read; a browser asks for six at a time. */
    static final int MOST_WAITING = 16;

    private final KeptRuns runs;

    /** One at a time, on a thread of its own: a run may have millions of steps, and other requests do not wait for them. */
    private final Executor reader =
            new ThreadPoolExecutor(0, 1, 10, TimeUnit.SECONDS, new ArrayBlockingQueue<>(MOST_WAITING), task -> {
                Thread thread = new Thread(task, "flm-kept-runs");
                thread.setDaemon(true);
                return thread;
            });

    RunRoutes(KeptRuns runs) {
        this.runs = runs;
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

    private CompletionStage<HttpResponse> read(Supplier<HttpResponse> answer) {
        try {
            return CompletableFuture.supplyAsync(answer, reader);
        } catch (RejectedExecutionException e) {
            return CompletableFuture.completedFuture(HttpAnswers.problem(
                    StatusCodes.SERVICE_UNAVAILABLE,
                    MOST_WAITING + " requests wait for figures of kept runs already; try again",
                    HttpAnswers.header("Retry-After", "1")));
        }
    }
}
