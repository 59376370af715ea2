package io.flm.coordinator.http;

import akka.http.javadsl.model.HttpRequest;
import akka.http.javadsl.model.HttpResponse;
import io.flm.data.PlainText;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who gave which order, from where, and what came of it: a line of the node's log each, and never a token. Requests of those who are
 * not known are counted, and told at most every ten seconds: else whoever reaches the node could fill the disk.
 */
final class AuditLog {
    private static final Logger LOG = LoggerFactory.getLogger(AuditLog.class);
    private static final long PAUSE_NS = TimeUnit.SECONDS.toNanos(10);
    private static final int MOST_TEXT = 300;

    private static final class Refused {
        private long count;
        private long toldAt;
    }

    private final LongSupplier nanoTime;
    private final Map<String, Refused> refused = new LinkedHashMap<>();

    AuditLog(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /** An order, carried out or not. */
    void order(HttpRequest request, Caller caller, HttpResponse response) {
        LOG.info(
                "{} {} by {} from {}: {} {}",
                request.method().value(),
                plain(request.getUri().path()),
                caller,
                from(request),
                response.status().intValue(),
                plain(response.getAttribute(HttpAnswers.DETAIL).orElse("")));
    }

    /** @param why as in "a wrong token": one of a few */
    synchronized void refused(HttpRequest request, String why) {
        long now = nanoTime.getAsLong();
        Refused kind = refused.computeIfAbsent(why, first -> {
            Refused begun = new Refused();
            begun.toldAt = now - PAUSE_NS;
            return begun;
        });
        kind.count++;
        if (now - kind.toldAt >= PAUSE_NS) {
            LOG.info("{} x {}, the last time from {}", kind.count, why, from(request));
            kind.count = 0;
            kind.toldAt = now;
        }
    }

    private static String from(HttpRequest request) {
        return request.getAttribute(HttpConnections.CLIENT).orElseThrow().getHostAddress();
    }

    private static String plain(String text) {
        return PlainText.cut(PlainText.of(text), MOST_TEXT);
    }
}
