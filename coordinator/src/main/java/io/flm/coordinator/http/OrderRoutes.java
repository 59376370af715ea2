package io.flm.coordinator.http;

import static akka.http.javadsl.server.Directives.concat;
import static akka.http.javadsl.server.Directives.extractRequest;
import static akka.http.javadsl.server.Directives.path;
import static akka.http.javadsl.server.Directives.post;

import akka.actor.typed.ActorRef;
import akka.http.javadsl.model.HttpRequest;
import akka.http.javadsl.model.HttpResponse;
import akka.http.javadsl.model.StatusCodes;
import akka.http.javadsl.server.Route;
import io.flm.coordinator.Coordinator;
import io.flm.coordinator.Coordinator.Answer;
import io.flm.data.UserException;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The orders: to a run, and to a worker. A body may give a reason for the history, {@code If-Match} what the order is about. */
final class OrderRoutes {
    private record Order(@Nullable String reason) {}

    /** Makes an order of a reason. */
    private interface Wanted {
        Coordinator.Change order(String reason, ActorRef<Answer> replyTo);
    }

    private final HttpBodies bodies;
    private final CoordinatorClient coordinator;

    OrderRoutes(HttpBodies bodies, CoordinatorClient coordinator) {
        this.bodies = bodies;
        this.coordinator = coordinator;
    }

    /** Below {@code /api/v1/run}. */
    Route ofRun() {
        return concat(
                route("pause", Coordinator.Pause::new),
                route("continue", (why, replyTo) -> new Coordinator.Continue(replyTo)),
                route("checkpoint", (why, replyTo) -> new Coordinator.SaveNow(replyTo)),
                route("stop", Coordinator.Stop::new));
    }

    /** Below {@code /api/v1/workers/NAME}. */
    Route ofWorker(String worker) {
        return concat(
                route("drain", (why, replyTo) -> new Coordinator.Drain(worker, why, replyTo)),
                route("admit", (why, replyTo) -> new Coordinator.Admit(worker, replyTo)));
    }

    private Route route(String name, Wanted wanted) {
        return path(
                name,
                () -> post(() ->
                        extractRequest(request -> bodies.take(body -> give(request, name, reason(body), wanted)))));
    }

    /** @param given the reason that came with the order; empty: none */
    private CompletionStage<HttpResponse> give(HttpRequest request, String order, String given, Wanted wanted) {
        String reason = given.isEmpty() ? order + " over HTTP" : given;
        return IfMatch.tags(request)
                .map(tags -> onlyIf(tags, reason, wanted))
                .orElseGet(() -> coordinator.shown(
                        (ActorRef<Answer> replyTo) -> wanted.order(reason, replyTo), OrderRoutes::answer))
                .thenApply(response -> told(response, given));
    }

    /** Some orders keep their reason nowhere else than in the audit line. */
    private static HttpResponse told(HttpResponse response, String given) {
        String detail = response.getAttribute(HttpAnswers.DETAIL).orElse("");
        return given.isEmpty() || detail.contains(given)
                ? response
                : response.addAttribute(HttpAnswers.DETAIL, detail + "; reason: " + given);
    }

    private CompletionStage<HttpResponse> onlyIf(List<String> tags, String reason, Wanted wanted) {
        Function<Object, HttpResponse> show =
                said -> said instanceof Coordinator.Changed changed ? changed(changed) : answer((Answer) said);
        return coordinator.shown(
                (ActorRef<Object> replyTo) ->
                        new Coordinator.OnlyIf(tags, wanted.order(reason, replyTo.narrow()), replyTo.narrow()),
                show);
    }

    private static String reason(String body) {
        String reason =
                body.isBlank() ? null : HttpBodies.read(body, Order.class).reason();
        if (reason == null) {
            return "";
        }
        if (reason.isBlank() || reason.length() > 1000) {
            throw new UserException("reason: give a short text, or leave it out");
        }
        return reason;
    }

    private static HttpResponse answer(Answer answer) {
        return answer.accepted()
                ? HttpAnswers.json(StatusCodes.ACCEPTED, answer).addAttribute(HttpAnswers.DETAIL, answer.reason())
                : HttpAnswers.problem(StatusCodes.CONFLICT, answer.reason());
    }

    private static HttpResponse changed(Coordinator.Changed now) {
        return HttpAnswers.problem(
                StatusCodes.PRECONDITION_FAILED,
                "the run has changed since you looked: it is " + now.state() + " (" + now.reason()
                        + "); look again, and give the order if it is still meant");
    }
}
