package io.flm.coordinator.http;

import static akka.http.javadsl.server.Directives.complete;

import akka.http.javadsl.model.StatusCodes;
import akka.http.javadsl.server.MethodRejection;
import akka.http.javadsl.server.RejectionHandler;
import akka.http.javadsl.server.RejectionHandlerBuilder;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Requests for paths that there are not, and for methods that a path does not have. */
final class HttpRejections {
    private HttpRejections() {}

    /** @param paths says which there are */
    static RejectionHandler of(String paths) {
        return methods()
                .handleNotFound(complete(HttpAnswers.problem(StatusCodes.NOT_FOUND, paths)))
                .build();
    }

    /** Leaves paths to others. */
    static RejectionHandler ofMethods() {
        return methods().build();
    }

    private static RejectionHandlerBuilder methods() {
        return RejectionHandler.newBuilder().handleAll(MethodRejection.class, all -> {
            String methods = all.stream()
                    .map(rejection -> rejection.supported().value())
                    .flatMap(method -> method.equals("GET") ? Stream.of(method, "HEAD") : Stream.of(method))
                    .distinct()
                    .collect(Collectors.joining(", "));
            return complete(HttpAnswers.problem(
                    StatusCodes.METHOD_NOT_ALLOWED, "use " + methods + " here", HttpAnswers.header("Allow", methods)));
        });
    }
}
