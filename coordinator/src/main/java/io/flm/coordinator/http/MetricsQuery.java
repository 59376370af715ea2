package io.flm.coordinator.http;

import akka.actor.typed.ActorRef;
import akka.http.javadsl.model.Uri;
import io.flm.coordinator.Coordinator;
import io.flm.coordinator.MetricsView;
import io.flm.data.UserException;
import java.util.List;

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
        QueryNumbers given = new QueryNumbers(uri, NAMES, "from, to and points, as in ?from=1000&points=200");
        long from = given.step("from", 0);
        long to = given.step("to", Long.MAX_VALUE);
        int points = given.count("points", 1, MetricsView.MOST_POINTS, POINTS);
        if (to < from) {
            throw new UserException("from=" + from + " is after to=" + to + "; give the first step, then the last");
        }
        return new MetricsQuery(from, to, points);
    }

    Coordinator.GetMetrics question(ActorRef<MetricsView> replyTo) {
        return new Coordinator.GetMetrics(from, to, points, replyTo);
    }
}
