package io.flm.coordinator.http;

import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import com.typesafe.config.ConfigFactory;
import io.flm.coordinator.Coordinator;
import io.flm.worker.RunPlan;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.time.InstantSource;
import java.util.concurrent.TimeUnit;

/** An endpoint on loopback at any free port: of tests. */
final class LoopbackEndpoint {
    private LoopbackEndpoint() {}

    /**
     * Those of {@code reference.conf}, but for bodies of 1024 bytes and requests as often as a test likes.
     *
     * @param more keys below {@code flm.http}, each as {@code key = value}
     */
    static HttpSettings settings(Tokens tokens, String... more) {
        HttpSettings read = HttpSettings.from(ConfigFactory.parseString(
                        "flm.http { host = 127.0.0.1, port = 0, max-body = 1024, requests-per-second = 10000\n"
                                + String.join("\n", more) + "\n}")
                .withFallback(ConfigFactory.defaultReference())
                .resolve());
        return new HttpSettings(
                read.host(),
                read.port(),
                read.names(),
                read.tls(),
                tokens,
                read.sessionLife(),
                read.maxBodyBytes(),
                read.idleTimeout(),
                read.connectionsPerClient(),
                read.requestsPerSecond());
    }

    /** Without tokens. */
    static HttpSettings settings(String... more) {
        return settings(new Tokens("", "", "", ""), more);
    }

    /** Binds one that makes plans of four workers and a hundred steps; returns its port. */
    static int bind(ActorSystem<?> system, ActorRef<Coordinator.Command> coordinator, HttpSettings settings)
            throws Exception {
        return bind(system, coordinator, settings, KeptRuns.NONE);
    }

    /** The same, of a node that keeps runs. */
    static int bind(
            ActorSystem<?> system, ActorRef<Coordinator.Command> coordinator, HttpSettings settings, KeptRuns runs)
            throws Exception {
        return bind(system, coordinator, settings, runs, NodeRecords.NONE);
    }

    /** The same, of a node that remembers more. */
    static int bind(
            ActorSystem<?> system,
            ActorRef<Coordinator.Command> coordinator,
            HttpSettings settings,
            KeptRuns runs,
            NodeRecords records)
            throws Exception {
        return HttpEndpoint.bind(
                        system,
                        coordinator,
                        settings,
                        s -> RunPlan.of(s.run(), "id", s.config(), "1", 4, 100).resuming(s.resume()),
                        new PrometheusRegistry(),
                        runs,
                        records,
                        InstantSource.system())
                .toCompletableFuture()
                .get(20, TimeUnit.SECONDS)
                .localAddress()
                .getPort();
    }
}
