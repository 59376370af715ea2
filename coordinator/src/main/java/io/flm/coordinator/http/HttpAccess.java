package io.flm.coordinator.http;

import static akka.http.javadsl.server.Directives.complete;
import static akka.http.javadsl.server.Directives.extractRequest;

import akka.http.javadsl.model.HttpHeader;
import akka.http.javadsl.model.HttpRequest;
import akka.http.javadsl.model.StatusCodes;
import akka.http.javadsl.server.Route;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** Which requests are let in. */
final class HttpAccess {
    private final Predicate<String> ownNames;
    private final String token;

    HttpAccess(HttpSettings settings) {
        this.ownNames = settings.ownNames();
        this.token = settings.token();
    }

    /** Lets in requests that call this node by a name of its own. */
    Route known(Supplier<Route> inner) {
        return extractRequest(request -> {
            String name = request.getUri().host().address();
            return ownNames.test(name)
                    ? inner.get()
                    : complete(HttpAnswers.problem(
                            StatusCodes.MISDIRECTED_REQUEST,
                            "this node does not answer to the name " + name
                                    + "; call it localhost or 127.0.0.1, or add the name to flm.http.names"));
        });
    }

    /** Lets in requests with the token, but none of a web page, whatever the browser knows. */
    Route allowed(Supplier<Route> inner) {
        return extractRequest(request -> {
            if (isOfAPage(request)) {
                return complete(HttpAnswers.problem(
                        StatusCodes.FORBIDDEN,
                        "web pages are not served here; use flm, curl or the browser's address line"));
            }
            if (!token.isEmpty() && !hasToken(request)) {
                return complete(HttpAnswers.problem(
                        StatusCodes.UNAUTHORIZED,
                        "this node wants its token; send it as \"Authorization: Bearer ...\", with flm by --token-file",
                        HttpAnswers.header("WWW-Authenticate", "Bearer")));
            }
            return inner.get();
        });
    }

    /** What a browser adds if a page asks, and not its user; old ones say no more than which page it was. */
    private static boolean isOfAPage(HttpRequest request) {
        return request.getHeader("Origin").isPresent()
                || request.getHeader("Referer").isPresent()
                || request.getHeader("Sec-Fetch-Site")
                        .filter(site -> !site.value().equals("none"))
                        .isPresent();
    }

    private boolean hasToken(HttpRequest request) {
        Optional<String> given = request.getHeader("Authorization").map(HttpHeader::value);
        byte[] wanted = ("Bearer " + token).getBytes(StandardCharsets.UTF_8);
        return MessageDigest.isEqual(wanted, given.orElse("").getBytes(StandardCharsets.UTF_8)); // in constant time
    }
}
