package io.flm.coordinator.http;

import akka.NotUsed;
import akka.actor.Cancellable;
import akka.actor.typed.ActorSystem;
import akka.http.javadsl.IncomingConnection;
import akka.http.javadsl.model.AttributeKey;
import akka.http.javadsl.model.HttpRequest;
import akka.http.javadsl.model.HttpResponse;
import akka.japi.function.Function;
import akka.stream.KillSwitches;
import akka.stream.Materializer;
import akka.stream.SharedKillSwitch;
import akka.stream.javadsl.Flow;
import akka.stream.javadsl.Source;
import java.net.InetAddress;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;

/**
 * The connections that are open. Every new one is served: if its client, or all together, have as many as they may, the one that is
 * idle for the longest makes room. So a thousand connections that ask nothing keep nobody from asking, and none of them stays.
 */
final class HttpConnections {
    /** Clients that may hold all of their connections at once; a process may open 1024 files by default. */
    private static final int CLIENTS = 4;

    private static final class Connection {
        private final InetAddress client;
        private final SharedKillSwitch end;
        private boolean asks;
        private boolean streams;
        private Cancellable idleEnd = Cancellable.alreadyCancelled();

        private Connection(InetAddress client, SharedKillSwitch end) {
            this.client = client;
            this.end = end;
        }
    }

    /** The connection that a request came by, for answers that go on for as long as somebody reads them. */
    static final AttributeKey<Streaming> STREAMING = AttributeKey.create("streaming", Streaming.class);

    /** The address that a request came from: a proxy's where there is one. */
    static final AttributeKey<InetAddress> CLIENT = AttributeKey.create("client", InetAddress.class);

    private final int perClient;
    private final Duration idleTimeout;
    private final Function<HttpRequest, CompletionStage<HttpResponse>> handler;
    private final ActorSystem<?> system;
    private final Set<Connection> open = new LinkedHashSet<>(); // those that have asked last are last

    HttpConnections(
            HttpSettings settings,
            Function<HttpRequest, CompletionStage<HttpResponse>> handler,
            ActorSystem<?> system) {
        this.perClient = settings.connectionsPerClient();
        this.idleTimeout = settings.idleTimeout();
        this.handler = handler;
        this.system = system;
    }

    void serve(IncomingConnection incoming) {
        SharedKillSwitch end = KillSwitches.shared("http");
        Connection connection = new Connection(incoming.remoteAddress().getAddress(), end);
        begin(connection);
        incoming.handleWith(
                        Flow.of(HttpRequest.class)
                                .via(end.flow())
                                .mapAsync(1, request -> {
                                    asks(connection);
                                    return handler.apply(request.addAttribute(STREAMING, new Streaming(connection))
                                                    .addAttribute(CLIENT, connection.client))
                                            .whenComplete((response, e) -> idles(connection));
                                })
                                .watchTermination((notUsed, done) -> done),
                        Materializer.matFromSystem(system))
                .whenComplete((done, e) -> ended(connection));
    }

    private synchronized void begin(Connection connection) {
        Predicate<Connection> same = other -> other.client.equals(connection.client);
        if (open.stream().filter(same).count() >= perClient) {
            makeRoom(same);
        } else if (open.size() >= CLIENTS * perClient) {
            makeRoom(other -> true);
        }
        open.add(connection);
        endIfIdle(connection);
    }

    private void makeRoom(Predicate<Connection> among) {
        Connection idle = open.stream()
                .filter(among)
                .filter(connection -> !connection.asks)
                .findFirst()
                .orElseGet(() -> open.stream().filter(among).findFirst().orElseThrow());
        ended(idle);
        idle.end.shutdown(); // where it asks, after its answer
    }

    /** Lets the answers of a connection that never end count as a request that is under way, and end with the connection. */
    final class Streaming {
        private final Connection connection;

        private Streaming(Connection connection) {
            this.connection = connection;
        }

        <T> Source<T, NotUsed> of(Source<T, NotUsed> answer) {
            return answer.via(connection.end.flow()).watchTermination((notUsed, done) -> {
                streams(connection, true);
                done.whenComplete((ended, e) -> streams(connection, false));
                return notUsed;
            });
        }
    }

    private synchronized void streams(Connection connection, boolean streams) {
        connection.streams = streams;
        if (streams) {
            asks(connection);
        } else {
            idles(connection);
        }
    }

    private synchronized void asks(Connection connection) {
        connection.asks = true;
        connection.idleEnd.cancel();
    }

    private synchronized void idles(Connection connection) {
        if (connection.streams) {
            return; // the answer has only begun
        }
        connection.asks = false;
        if (open.remove(connection)) {
            open.add(connection);
            endIfIdle(connection);
        }
    }

    /** Also if a request comes in drops: it counts once its head is whole. */
    private void endIfIdle(Connection connection) {
        connection.idleEnd =
                system.scheduler().scheduleOnce(idleTimeout, connection.end::shutdown, system.executionContext());
    }

    private synchronized void ended(Connection connection) {
        open.remove(connection);
        connection.idleEnd.cancel();
    }
}
