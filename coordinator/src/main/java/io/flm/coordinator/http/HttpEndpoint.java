package io.flm.coordinator.http;

import static akka.http.javadsl.server.Directives.complete;
import static akka.http.javadsl.server.Directives.completeWithFuture;
import static akka.http.javadsl.server.Directives.concat;
import static akka.http.javadsl.server.Directives.extractRequest;
import static akka.http.javadsl.server.Directives.get;
import static akka.http.javadsl.server.Directives.handleExceptions;
import static akka.http.javadsl.server.Directives.handleRejections;
import static akka.http.javadsl.server.Directives.path;
import static akka.http.javadsl.server.Directives.pathEnd;
import static akka.http.javadsl.server.Directives.pathPrefix;
import static akka.http.javadsl.server.Directives.post;
import static akka.http.javadsl.server.PathMatchers.segment;

import akka.Done;
import akka.NotUsed;
import akka.actor.CoordinatedShutdown;
import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.DispatcherSelector;
import akka.actor.typed.Props;
import akka.http.javadsl.model.HttpEntities;
import akka.http.javadsl.model.HttpHeader;
import akka.http.javadsl.model.HttpRequest;
import akka.http.javadsl.model.HttpResponse;
import akka.http.javadsl.model.MediaTypes;
import akka.http.javadsl.model.StatusCodes;
import akka.http.javadsl.server.ExceptionHandler;
import akka.http.javadsl.server.Route;
import akka.stream.ActorAttributes;
import akka.stream.Attributes;
import akka.stream.Supervision;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.stream.javadsl.Tcp;
import akka.util.ByteString;
import io.flm.coordinator.Coordinator;
import io.flm.coordinator.Coordinator.Answer;
import io.flm.coordinator.GenerationsView;
import io.flm.coordinator.MetricsView;
import io.flm.coordinator.RunView;
import io.flm.data.UserException;
import io.flm.worker.RunPlan;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The run over HTTP, the same on any node: {@code /api/v1/run}, {@code /api/v1/workers}, {@code /api/v1/generations} and {@code
 * /api/v1/metrics} as JSON, {@code /api/v1/events} as they happen,
 * {@code /metrics} for Prometheus, {@code /health} for schedulers. Errors are problem details (RFC 9457). docs/http.md has it in full.
 */
public final class HttpEndpoint {
    private static final Logger LOG = LoggerFactory.getLogger(HttpEndpoint.class);
    private static final Duration TLS_PAUSE = Duration.ofSeconds(2); // between looks at the files of the certificate
    /** Of connections: else the first that cannot be served ends the listener. */
    private static final Attributes ONE_FAILS_ALONE =
            ActorAttributes.withSupervisionStrategy(Supervision.getResumingDecider());

    private static final String PATHS =
            "there are /api/v1/run, /api/v1/workers, /api/v1/generations, /api/v1/metrics, /api/v1/events,"
                    + " /api/v1/runs, /api/v1/samples, /api/v1/bad-samples, /api/v1/log, /api/v1/session, /api/v1/openapi.json, /metrics, /health/alive, /health/ready and /health/run";
    private static final AtomicLong HUBS = new AtomicLong(); // names of actors are unique

    /**
     * What comes of {@code POST /api/v1/run}.
     *
     * @param id of the run's plan
     */
    public record Submitted(String id, String state, String reason) {}

    private final ActorSystem<?> system;
    private final CoordinatorClient coordinator;
    private final InstantSource clock;
    private final HttpAccess access;
    private final HttpBodies bodies;
    private final OrderRoutes orders;
    private final SessionRoutes session;
    private final OpenApi openApi;
    private final HealthRoutes health;
    private final Submission.Planner planner;
    private final MetricsAnswer metrics;
    private final RunRoutes runs;
    private final SampleRoutes samples;
    private final NodeRoutes node;
    private final ActorRef<EventHub.Message> events;

    private HttpEndpoint(
            ActorSystem<?> system,
            ActorRef<Coordinator.Command> coordinator,
            HttpSettings settings,
            Submission.Planner planner,
            PrometheusRegistry metrics,
            KeptRuns runs,
            NodeRecords records,
            InstantSource clock) {
        this.system = system;
        this.coordinator = new CoordinatorClient(system, coordinator);
        this.clock = clock;
        SessionCookies cookies = new SessionCookies(
                settings.tokens(), settings.sessionLife(), settings.tls().isPresent(), clock);
        AuditLog audit = new AuditLog(System::nanoTime);
        this.access = new HttpAccess(system, settings, cookies, audit, System::nanoTime);
        this.bodies = new HttpBodies(system, settings.maxBodyBytes());
        this.orders = new OrderRoutes(bodies, this.coordinator);
        this.session = new SessionRoutes(settings.tokens(), access, cookies, audit, bodies);
        this.health = new HealthRoutes(this.coordinator);
        this.openApi = new OpenApi(settings.tokens().wanted(), cookies.name());
        this.planner = planner;
        this.metrics = new MetricsAnswer(metrics);
        this.runs = new RunRoutes(runs);
        this.samples = new SampleRoutes(this.coordinator);
        this.node = new NodeRoutes(records);
        this.events =
                system.systemActorOf(EventHub.create(coordinator), "events-" + HUBS.incrementAndGet(), Props.empty());
    }

    /**
     * Binds; the binding ends with the actor system. Fails with a {@link UserException} if the port cannot be had.
     *
     * @param coordinator or a proxy of it
     * @param planner makes plans of the runs that are submitted
     * @param metrics what this node counts, for {@code /metrics}
     * @param runs that this node keeps
     * @param clock of the day, by which sign-ins end
     */
    public static CompletionStage<Tcp.ServerBinding> bind(
            ActorSystem<?> system,
            ActorRef<Coordinator.Command> coordinator,
            HttpSettings settings,
            Submission.Planner planner,
            PrometheusRegistry metrics,
            KeptRuns runs,
            InstantSource clock) {
        return bind(system, coordinator, settings, planner, metrics, runs, NodeRecords.NONE, clock);
    }

    /**
     * The same, of a node that remembers more.
     *
     * @param records of this node
     */
    public static CompletionStage<Tcp.ServerBinding> bind(
            ActorSystem<?> system,
            ActorRef<Coordinator.Command> coordinator,
            HttpSettings settings,
            Submission.Planner planner,
            PrometheusRegistry metrics,
            KeptRuns runs,
            NodeRecords records,
            InstantSource clock) {
        Optional<NodeTls> tls;
        try {
            tls = settings.tls().map(files -> new NodeTls(files, clock));
        } catch (UserException e) {
            return CompletableFuture.failedFuture(e);
        }
        Route route = new HttpEndpoint(system, coordinator, settings, planner, metrics, runs, records, clock).route();
        tls.ifPresent(shown -> refreshAgainAndAgain(shown, system));
        Duration longestStill = settings.idleTimeout().plus(HttpBodies.TIMEOUT).plus(CoordinatorClient.TIMEOUT);
        HttpConnections connections = new HttpConnections(
                settings, route.handler(system), new HttpTransport(system, tls, longestStill), system);
        return Tcp.get(system)
                .bind(settings.host(), settings.port())
                .to(Sink.foreach(connections::serve).withAttributes(ONE_FAILS_ALONE))
                .run(system)
                .handle((binding, failure) -> {
                    if (failure != null) {
                        throw new UserException(
                                "HTTP cannot be served on " + settings.host() + ":" + settings.port()
                                        + " (in use, or not an address of this machine);"
                                        + " give another flm.http.port, 0 for any free one",
                                failure);
                    }
                    endWith(system, binding, connections);
                    return binding;
                });
    }

    private static void endWith(ActorSystem<?> system, Tcp.ServerBinding binding, HttpConnections connections) {
        CoordinatedShutdown shutdown = CoordinatedShutdown.get(system);
        String name = "http-" + binding.localAddress().getPort();
        shutdown.addTask(
                CoordinatedShutdown.PhaseServiceUnbind(),
                name,
                () -> binding.unbind().thenApply(unbound -> Done.getInstance()));
        shutdown.addTask(CoordinatedShutdown.PhaseServiceRequestsDone(), name, connections::end);
    }

    private static void refreshAgainAndAgain(NodeTls tls, ActorSystem<?> system) {
        system.scheduler()
                .scheduleWithFixedDelay(
                        TLS_PAUSE, TLS_PAUSE, tls::refresh, system.dispatchers().lookup(DispatcherSelector.blocking()));
    }

    Route route() {
        ExceptionHandler exceptions = ExceptionHandler.newBuilder()
                .matchAny(e -> {
                    LOG.error("HTTP request", e);
                    return complete(HttpAnswers.problem(
                            StatusCodes.INTERNAL_SERVER_ERROR, "internal error: " + e + "; the node's log has more"));
                })
                .build();
        return handleExceptions(
                exceptions,
                () -> access.known(() -> handleRejections(
                        HttpRejections.of(PATHS),
                        () -> concat(
                                handleRejections(HttpRejections.ofMethods(), this::open),
                                access.allowed(() -> concat(
                                        pathPrefix("api", () -> pathPrefix("v1", this::api)),
                                        path("metrics", () -> get(() -> extractRequest(this::prometheus)))))))));
    }

    /** What needs no token, also to be told that it has no such method. */
    private Route open() {
        return concat(
                PageFiles.route(),
                pathPrefix("health", health::route),
                pathPrefix(
                        "api",
                        () -> pathPrefix(
                                "v1",
                                () -> concat(
                                        path("session", session::route),
                                        path("openapi.json", () -> get(() -> complete(openApi.document())))))));
    }

    private Route api() {
        return concat(
                pathPrefix(
                        "run",
                        () -> concat(
                                pathEnd(() -> concat(
                                        get(() -> tagged(run -> run)),
                                        post(() -> extractRequest(
                                                request -> bodies.take(body -> submit(request, body)))))),
                                orders.ofRun())),
                pathPrefix(
                        "workers",
                        () -> concat(
                                pathEnd(() -> get(() -> tagged(RunView::workers))),
                                pathPrefix(segment(), orders::ofWorker))),
                path(
                        "generations",
                        () -> get(() -> completeWithFuture(coordinator.shown(
                                Coordinator.GetGenerations::new,
                                (GenerationsView view) -> HttpAnswers.json(StatusCodes.OK, view.generations()))))),
                pathPrefix("runs", runs::route),
                pathPrefix("samples", samples::route),
                node.route(),
                path("metrics", () -> get(() -> extractRequest(this::metrics))),
                path("events", () -> get(() -> extractRequest(request -> complete(events(request))))));
    }

    private Route prometheus(HttpRequest request) {
        return completeWithFuture(coordinator
                .ask(Coordinator.GetRun::new)
                .handle((RunView run, Throwable silence) -> metrics.of(request, silence == null ? run : null)));
    }

    private Route metrics(HttpRequest request) {
        MetricsQuery query;
        try {
            query = MetricsQuery.of(request.getUri());
        } catch (UserException e) {
            return complete(HttpAnswers.problem(StatusCodes.BAD_REQUEST, String.valueOf(e.getMessage())));
        }
        return completeWithFuture(coordinator.shownInTurn(
                (ActorRef<MetricsView> to) -> query.question(to), view -> HttpAnswers.json(StatusCodes.OK, view)));
    }

    /** Until the listener goes. */
    private HttpResponse events(HttpRequest request) {
        String lastId =
                request.getHeader("Last-Event-ID").map(HttpHeader::value).orElse("");
        Source<ByteString, NotUsed> source = untilSessionEnds(request, EventHub.events(events, lastId));
        Source<ByteString, NotUsed> streamed = request.getAttribute(HttpConnections.STREAMING)
                .map(connection -> connection.of(source))
                .orElse(source);
        return HttpResponse.create()
                .withEntity(HttpEntities.create(MediaTypes.TEXT_EVENT_STREAM.toContentType(), streamed));
    }

    /** A stream that was begun with a cookie ends with it. */
    private <T> Source<T, NotUsed> untilSessionEnds(HttpRequest request, Source<T, NotUsed> answer) {
        Instant until = request.getAttribute(HttpAccess.CALLER).orElseThrow().until();
        return until == null ? answer : answer.takeWithin(Duration.between(clock.instant(), until));
    }

    /** A part of the run, with what an order names that is about the run as it is there. */
    private Route tagged(Function<RunView, Object> part) {
        return completeWithFuture(coordinator.shown(
                Coordinator.GetTagged::new,
                (Coordinator.Tagged run) -> HttpAnswers.json(StatusCodes.OK, part.apply(run.run()))
                        .addHeader(HttpAnswers.header("ETag", "\"" + run.tag() + "\""))));
    }

    /** Reads the configuration beside the dispatcher that heartbeats need: it is somebody else's, and may take long. */
    private CompletionStage<HttpResponse> submit(HttpRequest request, String body) {
        Optional<String> id = RepeatedSubmission.id(request, body);
        return CompletableFuture.supplyAsync(
                        () -> {
                            RunPlan plan = planner.plan(HttpBodies.read(body, Submission.class));
                            return id.map(plan::withId).orElse(plan);
                        },
                        system.dispatchers().lookup(DispatcherSelector.blocking()))
                .thenCompose(this::submit);
    }

    private CompletionStage<HttpResponse> submit(RunPlan plan) {
        return coordinator.shown(
                (ActorRef<Answer> replyTo) -> new Coordinator.Submit(plan, replyTo),
                answer -> answer.accepted()
                        ? HttpAnswers.json(
                                        StatusCodes.CREATED, new Submitted(plan.id(), answer.state(), answer.reason()))
                                .addHeader(HttpAnswers.header("Location", "/api/v1/run"))
                                .addAttribute(HttpAnswers.DETAIL, plan.run() + ": " + answer.reason())
                        : HttpAnswers.problem(StatusCodes.CONFLICT, answer.reason()));
    }
}
