package io.flm.coordinator.http;

import static akka.http.javadsl.server.Directives.complete;
import static akka.http.javadsl.server.Directives.concat;
import static akka.http.javadsl.server.Directives.extractRequest;
import static akka.http.javadsl.server.Directives.get;
import static akka.http.javadsl.server.Directives.path;

import akka.http.javadsl.model.HttpRequest;
import akka.http.javadsl.model.HttpResponse;
import akka.http.javadsl.model.StatusCodes;
import akka.http.javadsl.server.Route;

/** What this very node remembers: {@code /api/v1/bad-samples}, and for those who operate {@code /api/v1/log}. */
final class NodeRoutes {
    private final NodeRecords records;

    NodeRoutes(NodeRecords records) {
        this.records = records;
    }

    Route route() {
        return concat(
                path("bad-samples", () -> get(() -> complete(HttpAnswers.json(StatusCodes.OK, records.badSamples())))),
                path("log", () -> get(() -> extractRequest(request -> complete(log(request))))));
    }

    /** Its lines name files and addresses, which whoever watches a run need not know. */
    private HttpResponse log(HttpRequest request) {
        Role role = request.getAttribute(HttpAccess.CALLER).orElseThrow().role();
        return role.includes(Role.OPERATE)
                ? HttpAnswers.json(StatusCodes.OK, records.log())
                : HttpAnswers.problem(
                        StatusCodes.FORBIDDEN,
                        "the log wants the token to operate, and yours is the one to read; give that of the node's"
                                + " flm.http.token-file",
                        HttpAnswers.header("WWW-Authenticate", "Bearer error=\"insufficient_scope\""));
    }
}
