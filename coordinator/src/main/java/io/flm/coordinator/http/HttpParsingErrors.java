package io.flm.coordinator.http;

import akka.event.LoggingAdapter;
import akka.http.ParsingErrorHandler;
import akka.http.javadsl.model.HttpResponse;
import akka.http.javadsl.model.StatusCodes;
import akka.http.scaladsl.model.ErrorInfo;
import akka.http.scaladsl.model.StatusCode;
import akka.http.scaladsl.settings.ServerSettings;

/**
 * Answers bytes that are no HTTP request, or too large for one, with problem details. They are not logged: their sender needs no
 * token, and could fill the disk.
 */
public final class HttpParsingErrors extends ParsingErrorHandler {
    /** Akka finds it by this name, as an object of Scala. */
    public static final HttpParsingErrors MODULE$ = new HttpParsingErrors();

    private static final int TRACE_WITH_BODY = 422; // Akka's answer to it alone

    private HttpParsingErrors() {}

    @Override
    public HttpResponse handle(StatusCode status, ErrorInfo error, LoggingAdapter log, ServerSettings settings) {
        return HttpAnswers.problem(
                status.intValue() == TRACE_WITH_BODY ? StatusCodes.BAD_REQUEST : status,
                "no request that is answered here: " + error.summary());
    }
}
