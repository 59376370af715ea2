package io.flm.coordinator.http;

import static akka.http.javadsl.server.Directives.complete;
import static akka.http.javadsl.server.Directives.completeWithFuture;
import static akka.http.javadsl.server.Directives.concat;
import static akka.http.javadsl.server.Directives.extractRequest;
import static akka.http.javadsl.server.Directives.get;
import static akka.http.javadsl.server.Directives.path;
import static akka.http.javadsl.server.Directives.pathEnd;
import static akka.http.javadsl.server.Directives.pathPrefix;
import static akka.http.javadsl.server.PathMatchers.segment;

import akka.actor.typed.ActorRef;
import akka.http.javadsl.model.HttpEntities;
import akka.http.javadsl.model.HttpRequest;
import akka.http.javadsl.model.HttpResponse;
import akka.http.javadsl.model.MediaTypes;
import akka.http.javadsl.model.StatusCodes;
import akka.http.javadsl.server.Route;
import io.flm.coordinator.Coordinator;
import io.flm.coordinator.PictureView;
import io.flm.coordinator.SamplesView;
import io.flm.data.UserException;
import io.flm.worker.ShownSamples;
import java.util.Base64;
import java.util.List;

/** The held-out samples that people look at: {@code /api/v1/samples}, and each one's picture below {@code /api/v1/samples/NUMBER/picture}. */
final class SampleRoutes {
    private final CoordinatorClient coordinator;

    SampleRoutes(CoordinatorClient coordinator) {
        this.coordinator = coordinator;
    }

    Route route() {
        return concat(
                pathEnd(() -> get(() -> extractRequest(this::samples))),
                pathPrefix(segment(), number -> path("picture", () -> get(() -> picture(number)))));
    }

    private Route samples(HttpRequest request) {
        long step;
        try {
            step = new QueryNumbers(request.getUri(), List.of("step"), "step, as in ?step=1000")
                    .step("step", Long.MAX_VALUE);
        } catch (UserException e) {
            return complete(HttpAnswers.problem(StatusCodes.BAD_REQUEST, String.valueOf(e.getMessage())));
        }
        return completeWithFuture(coordinator.shownInTurn(
                (ActorRef<SamplesView> to) -> new Coordinator.GetSamples(step, to),
                view -> HttpAnswers.json(StatusCodes.OK, view)));
    }

    private Route picture(String number) {
        if (!number.matches("[0-9]{1,2}")) {
            return complete(none(number));
        }
        return completeWithFuture(coordinator.shown(
                (ActorRef<PictureView> to) -> new Coordinator.GetPicture(Integer.parseInt(number), to),
                view -> answer(number, view)));
    }

    private static HttpResponse answer(String number, PictureView view) {
        String png = view.png();
        return png == null
                ? none(number)
                : HttpResponse.create()
                        .withEntity(HttpEntities.create(
                                MediaTypes.IMAGE_PNG.toContentType(),
                                Base64.getDecoder().decode(png)));
    }

    private static HttpResponse none(String number) {
        return HttpAnswers.problem(
                StatusCodes.NOT_FOUND,
                "no sample of the number " + number
                        + "; /api/v1/samples lists those that are shown, of which a run has at most "
                        + ShownSamples.MOST);
    }
}
