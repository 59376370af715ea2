package io.flm.coordinator.http;

import static akka.http.javadsl.server.Directives.complete;
import static akka.http.javadsl.server.Directives.completeWithFuture;
import static akka.http.javadsl.server.Directives.extractRequest;
import static akka.http.javadsl.server.Directives.mapRequest;
import static akka.http.javadsl.server.Directives.mapResponse;
import static akka.http.javadsl.server.Directives.respondWithDefaultHeaders;

import akka.actor.typed.ActorSystem;
import akka.http.javadsl.model.AttributeKey;
import akka.http.javadsl.model.HttpHeader;
import akka.http.javadsl.model.HttpMethods;
import akka.http.javadsl.model.HttpRequest;
import akka.http.javadsl.model.HttpResponse;
import akka.http.javadsl.model.StatusCodes;
import akka.http.javadsl.server.Route;
import akka.pattern.Patterns;
import java.net.InetAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * Which requests are let in: {@link #known} those that call this node by its name, {@link #ofNoOtherPage} of these all but those of
 * other sites' pages, {@link #allowed} of these the ones of somebody who may.
 */
final class HttpAccess {
    /** Who sends a request; for what is allowed. */
    static final AttributeKey<Caller> CALLER = AttributeKey.create("caller", Caller.class);

    private static final Duration WRONG_PAUSE = Duration.ofSeconds(1);
    private static final int MOST_WRONG = 16; // of one address, that wait for their answer at the same time

    private static final List<HttpHeader> FOR_BROWSERS = List.of(
            HttpAnswers.header("X-Content-Type-Options", "nosniff"),
            HttpAnswers.header("Cross-Origin-Resource-Policy", "same-origin"));

    private final ActorSystem<?> system;
    private final Predicate<String> ownNames;
    private final boolean tls;
    private final Tokens tokens;
    private final SessionCookies cookies;
    private final AuditLog audit;
    private final RequestRate rate;
    private final RequestRate rateOfKnown;
    private final int perSecond;
    private final LongSupplier nanoTime;
    private final Map<InetAddress, Integer> wrong = new HashMap<>();

    HttpAccess(
            ActorSystem<?> system,
            HttpSettings settings,
            SessionCookies cookies,
            AuditLog audit,
            LongSupplier nanoTime) {
        this.system = system;
        this.ownNames = settings.ownNames();
        this.tls = settings.tls().isPresent();
        this.tokens = settings.tokens();
        this.cookies = cookies;
        this.audit = audit;
        this.perSecond = settings.requestsPerSecond();
        this.rate = new RequestRate(perSecond);
        this.rateOfKnown = new RequestRate(perSecond);
        this.nanoTime = nanoTime;
    }

    /**
     * Lets in requests that call this node by a name of its own, and no more of them than an address may send. Those who show a right token
     * count by themselves: others of the same machine, or behind the same proxy, do not keep them from their run.
     */
    Route known(Supplier<Route> inner) {
        return respondWithDefaultHeaders(
                FOR_BROWSERS,
                () -> extractRequest(request -> {
                    RequestRate its = showsRight(request) ? rateOfKnown : rate;
                    if (!its.take(client(request), nanoTime.getAsLong())) {
                        audit.refused(request, "too many requests a second");
                        return complete(HttpAnswers.problem(
                                StatusCodes.TOO_MANY_REQUESTS,
                                "more than " + perSecond + " requests a second come from your address"
                                        + " (flm.http.requests-per-second); ask less often, or listen to /api/v1/events",
                                HttpAnswers.header("Retry-After", "1")));
                    }
                    String name = request.getUri().host().address();
                    return ownNames.test(name)
                            ? inner.get()
                            : complete(HttpAnswers.problem(
                                    StatusCodes.MISDIRECTED_REQUEST,
                                    "this node does not answer to the name " + name
                                            + "; call it localhost or 127.0.0.1, or add the name to flm.http.names"));
                }));
    }

    private boolean showsRight(HttpRequest request) {
        Optional<String> authorization = authorization(request);
        return tokens.wanted()
                && (authorization.isPresent()
                        ? role(authorization.get()).isPresent()
                        : cookies.of(request).stream()
                                .flatMap(cookie -> cookies.read(cookie).stream())
                                .anyMatch(session -> !cookies.isOver(session)));
    }

    private static Optional<String> authorization(HttpRequest request) {
        return request.getHeader("Authorization").map(HttpHeader::value);
    }

    /** Of a token; none: it is wrong, or of another kind. */
    private Optional<Role> role(String authorization) {
        return authorization.regionMatches(true, 0, "Bearer ", 0, 7)
                ? tokens.role(authorization.substring(7).strip())
                : Optional.empty();
    }

    private static InetAddress client(HttpRequest request) {
        return request.getAttribute(HttpConnections.CLIENT).orElseThrow();
    }

    /** Lets in requests that no page of another site makes a browser send, whatever the browser knows. */
    Route ofNoOtherPage(Supplier<Route> inner) {
        return extractRequest(request -> {
            if (Sender.of(request, tls) == Sender.OTHER_PAGE) {
                audit.refused(request, "a page of another site");
                return complete(
                        HttpAnswers.problem(
                                StatusCodes.FORBIDDEN,
                                "a page of another site asks; only this node's own page may, under the address that you called"));
            }
            return inner.get();
        });
    }

    /** Lets in questions of those who may read, and orders of those who may operate; orders are logged. */
    Route allowed(Supplier<Route> inner) {
        return ofNoOtherPage(() -> extractRequest(request -> {
            Shown shown = shown(request);
            if (shown instanceof Shown.WrongToken) {
                return completeWithFuture(refuseWrong(request));
            }
            if (shown instanceof Shown.Nothing nothing) {
                return complete(HttpAnswers.problem(
                        StatusCodes.UNAUTHORIZED, nothing.why(), HttpAnswers.header("WWW-Authenticate", "Bearer")));
            }
            return respondWithDefaultHeaders(
                    List.of(HttpAnswers.NOT_KEPT), () -> may(request, ((Shown.As) shown).caller(), inner));
        }));
    }

    private Route may(HttpRequest request, Caller caller, Supplier<Route> inner) {
        if (isQuestion(request)) { // every role may ask
            return mapRequest(asked -> asked.addAttribute(CALLER, caller), inner);
        }
        return mapResponse(
                response -> {
                    audit.order(request, caller, response);
                    return response;
                },
                () -> refusal(request, caller)
                        .map(refused -> complete(refused))
                        .orElseGet(() -> mapRequest(order -> order.addAttribute(CALLER, caller), inner)));
    }

    private static boolean isQuestion(HttpRequest request) {
        return request.method().equals(HttpMethods.GET) || request.method().equals(HttpMethods.HEAD);
    }

    /** Why a caller may not give an order; empty: it may. */
    private Optional<HttpResponse> refusal(HttpRequest request, Caller caller) {
        if (!caller.role().includes(Role.OPERATE)) {
            return Optional.of(HttpAnswers.problem(
                    StatusCodes.FORBIDDEN,
                    "orders want the token to operate, and yours is the one to read; give that of the node's"
                            + " flm.http.token-file, with flm by --token-file",
                    HttpAnswers.header("WWW-Authenticate", "Bearer error=\"insufficient_scope\"")));
        }
        if (caller.by() == Caller.By.COOKIE && Sender.of(request, tls) != Sender.OWN_PAGE) {
            return Optional.of(HttpAnswers.problem(
                    StatusCodes.FORBIDDEN,
                    "orders with a cookie are those of this node's page, and this one has no Origin;"
                            + " send the token as \"Authorization: Bearer ...\""));
        }
        return Optional.empty();
    }

    /** What a request shows of its sender. */
    sealed interface Shown {
        record As(Caller caller) implements Shown {}

        /** @param why and what to do */
        record Nothing(String why) implements Shown {}

        record WrongToken() implements Shown {}
    }

    /** Where there is a token a cookie does not count. */
    Shown shown(HttpRequest request) {
        if (!tokens.wanted()) {
            return new Shown.As(Caller.ANYBODY);
        }
        Optional<String> authorization = authorization(request);
        if (authorization.isPresent()) {
            return role(authorization.get())
                    .<Shown>map(role -> new Shown.As(Caller.withToken(role)))
                    .orElseGet(() -> new Shown.WrongToken());
        }
        Shown found = new Shown.Nothing(
                "this node wants its token; send it as \"Authorization: Bearer ...\", with flm by --token-file");
        for (String cookie : cookies.of(request)) {
            Optional<Caller> session = cookies.read(cookie);
            if (session.isEmpty()) { // nobody guesses a signature: no need to be slow
                audit.refused(request, "a wrong cookie");
                found = new Shown.Nothing("this browser's sign-in is of another token; sign in again");
            } else if (cookies.isOver(session.get())) {
                return new Shown.Nothing("this browser's sign-in has ended; sign in again with the node's token");
            } else {
                return new Shown.As(session.get());
            }
        }
        return found;
    }

    /**
     * Answers slowly, and a few at a time: guessing takes long. Whoever shows the right token is never kept out: else anybody behind
     * the same proxy could keep the operators from their run.
     */
    CompletionStage<HttpResponse> refuseWrong(HttpRequest request) {
        audit.refused(request, "a wrong token");
        HttpResponse answer = HttpAnswers.problem(
                StatusCodes.UNAUTHORIZED,
                "the token is wrong; give that of the node's flm.http.token-file, with flm by --token-file",
                HttpAnswers.header("WWW-Authenticate", "Bearer error=\"invalid_token\""));
        InetAddress from = client(request);
        if (!beginWrong(from)) {
            return CompletableFuture.completedFuture(HttpAnswers.problem(
                    StatusCodes.TOO_MANY_REQUESTS,
                    "the token is wrong, as in " + MOST_WRONG + " other requests of your address",
                    HttpAnswers.header("Retry-After", "1")));
        }
        return Patterns.after(
                        WRONG_PAUSE,
                        system.classicSystem().scheduler(),
                        system.executionContext(),
                        () -> CompletableFuture.completedFuture(answer))
                .whenComplete((answered, e) -> endWrong(from));
    }

    private synchronized boolean beginWrong(InetAddress from) {
        int waiting = wrong.getOrDefault(from, 0);
        if (waiting >= MOST_WRONG) {
            return false;
        }
        wrong.put(from, waiting + 1);
        return true;
    }

    private synchronized void endWrong(InetAddress from) {
        wrong.computeIfPresent(from, (same, now) -> now <= 1 ? null : now - 1);
    }
}
