package io.flm.coordinator.http;

import static akka.http.javadsl.server.Directives.complete;
import static akka.http.javadsl.server.Directives.completeWithFuture;
import static akka.http.javadsl.server.Directives.concat;
import static akka.http.javadsl.server.Directives.delete;
import static akka.http.javadsl.server.Directives.extractRequest;
import static akka.http.javadsl.server.Directives.get;
import static akka.http.javadsl.server.Directives.post;
import static akka.http.javadsl.server.Directives.respondWithDefaultHeaders;

import akka.http.javadsl.model.HttpRequest;
import akka.http.javadsl.model.HttpResponse;
import akka.http.javadsl.model.StatusCodes;
import akka.http.javadsl.server.Route;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.flm.coordinator.http.HttpAccess.Shown;
import io.flm.data.UserException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * {@code /api/v1/session}: the way of browsers, which cannot send a token with each request. One shows it once, and gets a cookie.
 * These routes need no token: a page asks here whether it needs one.
 */
final class SessionRoutes {
    /**
     * Who the sender of a request is.
     *
     * @param role read, operate, or none: sign in
     * @param by loopback, token, cookie or none
     * @param until when a cookie ends, in milliseconds since 1970; null: it is none
     */
    record SessionView(String role, String by, @Nullable Long until) {
        private static final SessionView NOBODY = new SessionView("none", "none", null);

        private static SessionView of(Caller caller) {
            Instant until = caller.until();
            return new SessionView(
                    caller.role().text(),
                    caller.by().name().toLowerCase(Locale.ROOT),
                    until == null ? null : until.toEpochMilli());
        }
    }

    private record SignIn(@JsonProperty(required = true) String token) {
        @Override
        public String toString() {
            return "SignIn";
        }
    }

    private final Tokens tokens;
    private final HttpAccess access;
    private final SessionCookies cookies;
    private final AuditLog audit;
    private final HttpBodies bodies;

    SessionRoutes(Tokens tokens, HttpAccess access, SessionCookies cookies, AuditLog audit, HttpBodies bodies) {
        this.tokens = tokens;
        this.access = access;
        this.cookies = cookies;
        this.audit = audit;
        this.bodies = bodies;
    }

    Route route() {
        return access.ofNoOtherPage(() -> respondWithDefaultHeaders(
                List.of(HttpAnswers.NOT_KEPT),
                () -> extractRequest(request -> concat(
                        get(() -> completeWithFuture(show(request))),
                        post(() -> bodies.take(body -> signIn(request, HttpBodies.read(body, SignIn.class)))),
                        delete(() -> complete(signOut(request)))))));
    }

    private CompletionStage<HttpResponse> show(HttpRequest request) {
        Shown shown = access.shown(request);
        if (shown instanceof Shown.WrongToken) {
            return access.refuseWrong(request);
        }
        return CompletableFuture.completedFuture(HttpAnswers.json(
                StatusCodes.OK, shown instanceof Shown.As as ? SessionView.of(as.caller()) : SessionView.NOBODY));
    }

    private CompletionStage<HttpResponse> signIn(HttpRequest request, SignIn given) {
        if (given.token() == null) {
            throw new UserException("token is null: give the token of the node's flm.http.token-file");
        }
        if (!tokens.wanted()) {
            return CompletableFuture.completedFuture(HttpAnswers.problem(
                    StatusCodes.CONFLICT, "this node wants no token: everybody on this machine may give orders"));
        }
        Optional<Role> role = tokens.role(given.token().strip());
        if (role.isEmpty()) {
            return access.refuseWrong(request);
        }
        Caller session = cookies.begin(role.get());
        HttpResponse answer = HttpAnswers.json(StatusCodes.OK, SessionView.of(session))
                .addHeader(HttpAnswers.header("Set-Cookie", cookies.set(session)))
                .addAttribute(HttpAnswers.DETAIL, "signed in");
        audit.order(request, session, answer);
        return CompletableFuture.completedFuture(answer);
    }

    /** Makes the browser forget its cookie; one that was copied lasts until its end, or that of the token. */
    private HttpResponse signOut(HttpRequest request) {
        HttpResponse answer = HttpResponse.create()
                .withStatus(StatusCodes.NO_CONTENT)
                .addHeader(HttpAnswers.header("Set-Cookie", cookies.forget()))
                .addAttribute(HttpAnswers.DETAIL, "signed out");
        if (access.shown(request) instanceof Shown.As as) {
            audit.order(request, as.caller(), answer);
        }
        return answer;
    }
}
