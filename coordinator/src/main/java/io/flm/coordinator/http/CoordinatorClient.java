package io.flm.coordinator.http;

import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.AskPattern;
import akka.http.javadsl.model.HttpResponse;
import akka.http.javadsl.model.StatusCodes;
import akka.japi.function.Function;
import io.flm.coordinator.Coordinator;
import java.time.Duration;
import java.util.concurrent.CompletionStage;

/** Asks the coordinator, wherever it is; while it moves to another node nobody answers. */
final class CoordinatorClient {
    static final Duration TIMEOUT = Duration.ofSeconds(3);

    /** Long questions that the coordinator is asked at the same time: it has the next one when it has answered one. */
    private static final int MOST_LONG = 2;

    /** Those that wait; a browser asks for a few at a time. */
    private static final int MOST_WAITING = 64;

    private final Turns inTurn = new Turns(MOST_LONG, MOST_WAITING, TIMEOUT);
    private final ActorSystem<?> system;
    private final ActorRef<Coordinator.Command> coordinator;

    CoordinatorClient(ActorSystem<?> system, ActorRef<Coordinator.Command> coordinator) {
        this.system = system;
        this.coordinator = coordinator;
    }

    /** The answer as it is shown, or that there was none. */
    <T> CompletionStage<HttpResponse> shown(
            Function<ActorRef<T>, Coordinator.Command> question, java.util.function.Function<T, HttpResponse> show) {
        return ask(question).handle((answer, failure) -> failure == null ? show.apply(answer) : silent());
    }

    /** The same of a question that takes it long: a few of this node at a time. */
    <T> CompletionStage<HttpResponse> shownInTurn(
            Function<ActorRef<T>, Coordinator.Command> question, java.util.function.Function<T, HttpResponse> show) {
        return inTurn.take(() -> shown(question, show), CoordinatorClient::tooMany);
    }

    <T> CompletionStage<T> ask(Function<ActorRef<T>, Coordinator.Command> question) {
        return AskPattern.ask(coordinator, question, TIMEOUT, system.scheduler());
    }

    private static HttpResponse tooMany() {
        return HttpAnswers.problem(
                StatusCodes.SERVICE_UNAVAILABLE,
                "too many others ask this node for figures and samples; try again",
                HttpAnswers.header("Retry-After", "1"));
    }

    private static HttpResponse silent() {
        return HttpAnswers.problem(
                StatusCodes.SERVICE_UNAVAILABLE,
                "the coordinator did not answer within " + TIMEOUT.toSeconds()
                        + " s: it is moving to another node, or this node is cut off; try again",
                HttpAnswers.header("Retry-After", "1"));
    }
}
