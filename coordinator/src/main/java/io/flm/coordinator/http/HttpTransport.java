package io.flm.coordinator.http;

import akka.NotUsed;
import akka.actor.typed.ActorSystem;
import akka.http.javadsl.Http;
import akka.http.javadsl.model.HttpMethod;
import akka.http.javadsl.model.HttpMethods;
import akka.http.javadsl.model.HttpRequest;
import akka.http.javadsl.model.HttpResponse;
import akka.http.javadsl.model.RequestEntityAcceptances;
import akka.http.javadsl.settings.ServerSettings;
import akka.stream.KillSwitches;
import akka.stream.SharedKillSwitch;
import akka.stream.TLSClosing;
import akka.stream.TLSProtocol.SslTlsInbound;
import akka.stream.TLSProtocol.SslTlsOutbound;
import akka.stream.UniqueKillSwitch;
import akka.stream.javadsl.BidiFlow;
import akka.stream.javadsl.Flow;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.TLS;
import akka.stream.javadsl.TLSPlacebo;
import akka.util.ByteString;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;

/**
 * What lies between the bytes of a connection and its requests, the first to see them first:
 *
 * <pre>
 * cut       ends the connection at once, whatever is on its way
 * idle      ends it where no byte has moved in either direction for a while
 * end       lets nothing more in: what has been asked is answered, then the connection ends
 * linger    {@link Lingering}
 * TLS       where the node speaks it
 * HTTP      requests and their answers
 * </pre>
 *
 * <p>A connection ends by its bytes and not by its requests: HTTP cannot tell a request that nobody answers any more from a fault of the
 * program. And a client that does not shake hands has no requests yet, nor one that reads nothing any answer that could be its last.
 */
final class HttpTransport {
    private static final Duration LINGER = Duration.ofSeconds(1);

    /** A method of HTTP that Akka does not know: it would answer that no path has it, and not which ones this path has. */
    private static final HttpMethod QUERY =
            HttpMethods.custom("QUERY", true, true, RequestEntityAcceptances.Expected, true);

    private final ActorSystem<?> system;
    private final ServerSettings settings;
    private final Optional<NodeTls> tls;
    private final Duration longestStill;

    /** @param longestStill a connection on which no byte moves for longer is ended */
    HttpTransport(ActorSystem<?> system, Optional<NodeTls> tls, Duration longestStill) {
        this.system = system;
        this.settings = adapted(ServerSettings.create(system.classicSystem()));
        this.tls = tls;
        this.longestStill = longestStill;
    }

    private static ServerSettings adapted(ServerSettings server) {
        return server.withTimeouts(server.getTimeouts()
                        .withRequestTimeout(
                                scala.concurrent.duration.Duration.Inf())) // its answer is no problem details
                .withTransparentHeadRequests(true)
                .withParserSettings(server.getParserSettings()
                        .withCustomMethods(QUERY)
                        .withIllegalHeaderWarnings(false)) // see HttpParsingErrors
                .withServerHeader(Optional.empty())
                .withParsingErrorHandler(HttpParsingErrors.class.getName());
    }

    /**
     * The bytes of one connection.
     *
     * @param requests answers each
     * @param end its inbound half
     * @return cuts the connection
     */
    Flow<ByteString, ByteString, UniqueKillSwitch> bytes(
            Flow<HttpRequest, HttpResponse, NotUsed> requests, InetSocketAddress from, SharedKillSwitch end) {
        BidiFlow<ByteString, ByteString, ByteString, ByteString, UniqueKillSwitch> cut =
                BidiFlow.fromGraph(KillSwitches.singleBidi());
        Flow<ByteString, ByteString, NotUsed> in =
                Flow.of(ByteString.class).via(end.flow()).via(new Lingering(LINGER));
        return cut.atop(BidiFlow.<ByteString, ByteString>bidirectionalIdleTimeout(longestStill))
                .atop(BidiFlow.fromFlows(in, Flow.of(ByteString.class)))
                .atop(secured().reversed())
                .atop(Http.get(system).serverLayer(settings, Optional.of(from)).reversed())
                .join(requests, Keep.left());
    }

    private BidiFlow<SslTlsOutbound, ByteString, ByteString, SslTlsInbound, NotUsed> secured() {
        return tls.map(shown -> TLS.create(shown::engine, TLSClosing.eagerClose()))
                .orElseGet(HttpTransport::inTheClear);
    }

    /** A placebo makes one kind of what TLS makes. */
    @SuppressWarnings("unchecked")
    private static BidiFlow<SslTlsOutbound, ByteString, ByteString, SslTlsInbound, NotUsed> inTheClear() {
        return (BidiFlow<SslTlsOutbound, ByteString, ByteString, SslTlsInbound, NotUsed>)
                (BidiFlow<?, ?, ?, ?, ?>) TLSPlacebo.getInstance();
    }
}
