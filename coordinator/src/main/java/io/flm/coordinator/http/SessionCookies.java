package io.flm.coordinator.http;

import akka.http.javadsl.model.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Cookies that stand for a token in a browser for a while. A cookie says which role it has and until when, and is signed
 * (HMAC-SHA-256) with a key made of that role's token: every node with the same token takes it, none has to remember it, and it is
 * worth nothing once the token is another one.
 *
 * <pre>
 * flm-1a2b3c4d = operate.1687082400.k3Jx0aPq.SIGNATURE     role, seconds since 1970, name of the sign-in
 * </pre>
 *
 * <p>Browsers do not tell ports of one host apart, so the cookie's name has a part of the cluster: two of them on one machine keep a
 * cookie each.
 */
final class SessionCookies {
    private static final int NAME_BYTES = 4;
    private static final int ID_BYTES = 6;
    private static final int MOST_TRIED = 4; // of one name, which paths tell apart
    private static final SecureRandom RANDOM = new SecureRandom();

    private final Tokens tokens;
    private final Duration life;
    private final boolean secure;
    private final InstantSource clock;
    private final String name;

    /** @param secure whether browsers are to send the cookies by TLS only */
    SessionCookies(Tokens tokens, Duration life, boolean secure, InstantSource clock) {
        this.tokens = tokens;
        this.life = life;
        this.secure = secure;
        this.clock = clock;
        this.name = (secure ? "__Host-flm-" : "flm-") + nameOf(tokens);
    }

    private static String nameOf(Tokens tokens) {
        if (!tokens.wanted()) {
            return "none";
        }
        byte[] hash = hmac(tokens.operate(), "flm cluster");
        StringBuilder hex = new StringBuilder();
        for (int i = 0; i < NAME_BYTES; i++) {
            hex.append(String.format("%02x", hash[i]));
        }
        return hex.toString();
    }

    /** What browsers know the cookie by. */
    String name() {
        return name;
    }

    /** A new sign-in of a role whose token was shown. */
    Caller begin(Role role) {
        byte[] id = new byte[ID_BYTES];
        RANDOM.nextBytes(id);
        Instant until = Instant.ofEpochSecond(clock.instant().plus(life).getEpochSecond());
        return new Caller(role, Caller.By.COOKIE, base64(id), until);
    }

    /** {@code Set-Cookie} of a sign-in. */
    String set(Caller session) {
        Instant until = session.until();
        if (until == null) {
            throw new IllegalArgumentException("a cookie without an end");
        }
        String claim = session.role().text() + "." + until.getEpochSecond() + "." + session.session();
        return name + "=" + claim + "." + signature(session.role(), claim) + "; Max-Age=" + life.toSeconds()
                + attributes();
    }

    /** {@code Set-Cookie} that makes a browser forget. */
    String forget() {
        return name + "=; Max-Age=0" + attributes();
    }

    private String attributes() {
        return "; Path=/; HttpOnly; SameSite=Strict" + (secure ? "; Secure" : "");
    }

    /** The cookies of this cluster that a request has, whether they are right or not. */
    List<String> of(HttpRequest request) {
        return StreamSupport.stream(request.getHeaders().spliterator(), false)
                .filter(header -> header.is("cookie"))
                .flatMap(header -> Stream.of(header.value().split(";")))
                .map(String::strip)
                .filter(pair -> pair.startsWith(name + "="))
                .map(pair -> pair.substring(name.length() + 1))
                .limit(MOST_TRIED)
                .toList();
    }

    /** The sign-in that a cookie is the proof of, ended or not; empty: this cluster has not signed it. */
    Optional<Caller> read(String cookie) {
        String[] parts = cookie.split("\\.", -1);
        if (parts.length != 4 || !parts[1].matches("\\d{1,11}")) {
            return Optional.empty();
        }
        String claim = parts[0] + "." + parts[1] + "." + parts[2];
        for (Role role : Role.values()) {
            if (role.text().equals(parts[0])
                    && !token(role).isEmpty()
                    && MessageDigest.isEqual(
                            signature(role, claim).getBytes(StandardCharsets.UTF_8),
                            parts[3].getBytes(StandardCharsets.UTF_8))) {
                Instant until = Instant.ofEpochSecond(Long.parseLong(parts[1]));
                return Optional.of(new Caller(role, Caller.By.COOKIE, parts[2], until));
            }
        }
        return Optional.empty();
    }

    boolean isOver(Caller session) {
        Instant until = session.until();
        return until != null && !clock.instant().isBefore(until);
    }

    private String token(Role role) {
        return role == Role.OPERATE ? tokens.operate() : tokens.read();
    }

    private String signature(Role role, String claim) {
        return base64(hmac(token(role), "flm session 1 " + claim));
    }

    private static byte[] hmac(String token, String text) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(token.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
            return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has HmacSHA256", e);
        }
    }

    private static String base64(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }
}
