package io.flm.coordinator.http;

import akka.Done;
import akka.NotUsed;
import akka.actor.Cancellable;
import akka.actor.typed.ActorSystem;
import akka.http.javadsl.model.AttributeKey;
import akka.http.javadsl.model.HttpRequest;
import akka.http.javadsl.model.HttpResponse;
import akka.japi.Pair;
import akka.japi.function.Function;
import akka.stream.KillSwitches;
import akka.stream.Materializer;
import akka.stream.SharedKillSwitch;
import akka.stream.UniqueKillSwitch;
import akka.stream.javadsl.Flow;
import akka.stream.javadsl.Source;
import akka.stream.javadsl.Tcp;
import java.net.InetAddress;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The connections that are open. Every new one is served: if its client, or all together, have as many as they may, the one that is
 * idle for the longest makes room. So a thousand connections that ask nothing keep nobody from asking, and none of them stays.
 *
 * <pre>
 * open -- idle for too long, or makes room --> leaving: no more is let in, and it ends with the answer at hand
 * leaving -- still there after a second    --> cut: it made room and its client does not read, or it never asked for anything
 * </pre>
 */
final class HttpConnections {
    /** Clients that may hold all of their connections at once; a process may open 1024 files by default. */
    private static final int CLIENTS = 4;

    /** How long one that leaves may go on with an answer where others need its room. */
    private static final Duration GRACE = Duration.ofSeconds(1);

    private static final class Connection {
        private final InetAddress client;
        private final SharedKillSwitch end = KillSwitches.shared("http");
        private @Nullable UniqueKillSwitch cut; // null: it has only been accepted
        private boolean asks;
        private boolean hasAsked;
        private boolean streams;
        private Cancellable idleEnd = Cancellable.alreadyCancelled();

        private Connection(InetAddress client) {
            this.client = client;
        }
    }

    /** Why a connection is cut: nobody is told, as its client hears nothing more. */
    private static final class Cut extends RuntimeException {
        private static final long serialVersionUID = 1;

        private Cut() {
            super("the connection has to make room", null, false, false);
        }
    }

    /** The connection that a request came by, for answers that go on for as long as somebody reads them. */
    static final AttributeKey<Streaming> STREAMING = AttributeKey.create("streaming", Streaming.class);

    /** The address that a request came from: a proxy's where there is one. */
    static final AttributeKey<InetAddress> CLIENT = AttributeKey.create("client", InetAddress.class);

    private final int perClient;
    private final Duration idleTimeout;
    private final Function<HttpRequest, CompletionStage<HttpResponse>> handler;
    private final HttpTransport transport;
    private final ActorSystem<?> system;
    private final Set<Connection> open = new LinkedHashSet<>(); // those that have asked last are last
    private final Set<Connection> leaving = new LinkedHashSet<>(); // the first to go is the first to be cut

    private final CompletableFuture<Done> allEnded = new CompletableFuture<>();
    private boolean ending;

    HttpConnections(
            HttpSettings settings,
            Function<HttpRequest, CompletionStage<HttpResponse>> handler,
            HttpTransport transport,
            ActorSystem<?> system) {
        this.perClient = settings.connectionsPerClient();
        this.idleTimeout = settings.idleTimeout();
        this.handler = handler;
        this.transport = transport;
        this.system = system;
    }

    void serve(Tcp.IncomingConnection incoming) {
        Connection connection = new Connection(incoming.remoteAddress().getAddress());
        begin(connection);
        Flow<HttpRequest, HttpResponse, NotUsed> requests = Flow.of(HttpRequest.class)
                .mapAsync(1, request -> {
                    asks(connection);
                    return handler.apply(request.addAttribute(STREAMING, new Streaming(connection))
                                    .addAttribute(CLIENT, connection.client))
                            .whenComplete((response, e) -> idles(connection));
                });
        Pair<UniqueKillSwitch, CompletionStage<Done>> running = incoming.handleWith(
                transport
                        .bytes(requests, incoming.remoteAddress(), connection.end)
                        .watchTermination(Pair::create),
                Materializer.matFromSystem(system));
        begun(connection, running.first());
        running.second().whenComplete((done, e) -> ended(connection));
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
        leave(idle);
        cutLater(idle);
        List<Connection> going = leaving.stream().filter(among).toList();
        if (going.size() > perClient) { // they come faster than a second lets them go
            cut(going.get(0));
        }
    }

    private void leave(Connection connection) {
        open.remove(connection);
        leaving.add(connection);
        connection.idleEnd.cancel();
        connection.end.shutdown();
    }

    private void cutLater(Connection connection) {
        system.scheduler().scheduleOnce(GRACE, () -> cut(connection), system.executionContext());
    }

    private synchronized void cut(Connection connection) {
        UniqueKillSwitch cut = connection.cut;
        if (leaving.remove(connection) && cut != null) {
            cut.abort(new Cut());
        }
    }

    private synchronized void begun(Connection connection, UniqueKillSwitch cut) {
        connection.cut = cut;
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
        connection.hasAsked = true;
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
                system.scheduler().scheduleOnce(idleTimeout, () -> endIdle(connection), system.executionContext());
    }

    /** An answer that is still being read goes on. Where there was none, nothing is to be waited for, not even a handshake. */
    private synchronized void endIdle(Connection connection) {
        if (connection.asks || !open.contains(connection)) {
            return; // a request came just now, or it leaves already
        }
        connection.end.shutdown();
        if (!connection.hasAsked) {
            leave(connection);
            cutLater(connection);
        }
    }

    private synchronized void ended(Connection connection) {
        open.remove(connection);
        leaving.remove(connection);
        connection.idleEnd.cancel();
        if (ending) {
            tellIfAllEnded();
        }
    }

    /** Ends all, each with the answer at hand, as far as that comes within {@link #GRACE}. */
    synchronized CompletionStage<Done> end() {
        ending = true;
        List.copyOf(open).forEach(this::leave);
        system.scheduler().scheduleOnce(GRACE, this::cutAll, system.executionContext());
        tellIfAllEnded();
        return allEnded;
    }

    private synchronized void cutAll() {
        List.copyOf(leaving).forEach(this::cut);
        allEnded.complete(Done.getInstance());
    }

    private void tellIfAllEnded() {
        if (open.isEmpty() && leaving.isEmpty()) {
            allEnded.complete(Done.getInstance());
        }
    }
}
