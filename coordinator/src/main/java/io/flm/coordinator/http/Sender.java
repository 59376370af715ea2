package io.flm.coordinator.http;

import akka.http.javadsl.model.HttpHeader;
import akka.http.javadsl.model.HttpRequest;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import java.util.Optional;

/**
 * What a request says of the page that made a browser send it. A page cannot write these headers, and cannot keep a browser from
 * adding {@code Origin} to whatever is no GET.
 */
enum Sender {
    /** A program, or the browser's user by the address line. */
    NO_PAGE,
    /** A page of this very node. */
    OWN_PAGE,
    /** Another site's, or that of another port of this machine. */
    OTHER_PAGE;

    /** @param tls whether this node itself speaks TLS: then its pages come by https only */
    static Sender of(HttpRequest request, boolean tls) {
        Optional<String> host = request.getHeader("Host").map(HttpHeader::value);
        Optional<String> origin = request.getHeader("Origin").map(HttpHeader::value);
        Optional<String> referer = request.getHeader("Referer").map(HttpHeader::value);
        Optional<String> site =
                request.getHeader("Sec-Fetch-Site").map(HttpHeader::value).filter(value -> !value.equals("none"));
        if (origin.isEmpty() && referer.isEmpty() && site.isEmpty()) {
            return NO_PAGE;
        }
        boolean own = origin.map(page -> isSame(page, host, tls)).orElse(true)
                && referer.map(page -> isSame(page, host, tls)).orElse(true)
                && site.map("same-origin"::equals).orElse(true);
        return own ? OWN_PAGE : OTHER_PAGE;
    }

    /**
     * Whether a page is of the host and port that a request calls. In the clear the scheme is the page's: the TLS of a
     * proxy cannot be seen here.
     * {@code null}, which sandboxes send, is no page of anybody.
     */
    private static boolean isSame(String page, Optional<String> host, boolean tls) {
        try {
            URI origin = new URI(page);
            String scheme = origin.getScheme() == null ? "" : origin.getScheme().toLowerCase(Locale.ROOT);
            if (!scheme.equals("https") && (tls || !scheme.equals("http"))) {
                return false;
            }
            URI called = new URI(scheme + "://" + host.orElse(""));
            return origin.getHost() != null
                    && origin.getRawUserInfo() == null
                    && origin.getHost().equalsIgnoreCase(called.getHost())
                    && port(origin) == port(called);
        } catch (URISyntaxException e) {
            return false;
        }
    }

    private static int port(URI uri) {
        return uri.getPort() >= 0 ? uri.getPort() : "https".equalsIgnoreCase(uri.getScheme()) ? 443 : 80;
    }
}
