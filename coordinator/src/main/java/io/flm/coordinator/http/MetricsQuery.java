package io.flm.coordinator.http;

import akka.actor.typed.ActorRef;
import akka.http.javadsl.model.Uri;
import akka.http.scaladsl.model.IllegalUriException;
import akka.japi.Pair;
import io.flm.coordinator.Coordinator;
import io.flm.coordinator.MetricsView;
import io.flm.data.UserException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which steps {@code GET /api/v1/metrics} is asked for.
 *
 * @param from the first step
 * @param to the last one
 * @param points buckets at most
 */
record MetricsQuery(long from, long to, int points) {
    private static final int POINTS = 500;
    private static final List<String> NAMES = List.of("from", "to", "points");

    /** @throws UserException where it is none, in one line */
    static MetricsQuery of(Uri uri) {
        Map<String, String> given = new HashMap<>();
        for (Pair<String, String> each : pairs(uri)) {
            if (!NAMES.contains(each.first())) {
                throw new UserException("the query has \"" + each.first()
                        + "\", and may have from, to and points, as in ?from=1000&points=200");
            }
            if (given.put(each.first(), each.second()) != null) {
                throw new UserException("the query has " + each.first() + " twice; give it once");
            }
        }
        long from = number(given, "from", 0, Long.MAX_VALUE, 0);
        long to = number(given, "to", 0, Long.MAX_VALUE, Long.MAX_VALUE);
        long points = number(given, "points", 1, MetricsView.MOST_POINTS, POINTS);
        if (to < from) {
            throw new UserException("from=" + from + " is after to=" + to + "; give the first step, then the last");
        }
        return new MetricsQuery(from, to, (int) points);
    }

    private static List<Pair<String, String>> pairs(Uri uri) {
        try {
            return uri.query().toList();
        } catch (IllegalUriException e) {
            throw new UserException(
                    "the query cannot be read; give from, to and points, as in ?from=1000&points=200", e);
        }
    }

    private static long number(Map<String, String> given, String name, long least, long most, long otherwise) {
        String text = given.get(name);
        if (text == null) {
            return otherwise;
        }
        try {
            long number = Long.parseLong(text);
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException e) { // as one that is out of range
        }
        String range =
                most == Long.MAX_VALUE ? "a step, " + least + " or more" : "a number from " + least + " to " + most;
        throw new UserException(name + " is \"" + text + "\"; give " + range);
    }

    Coordinator.GetMetrics question(ActorRef<MetricsView> replyTo) {
        return new Coordinator.GetMetrics(from, to, points, replyTo);
    }
}
