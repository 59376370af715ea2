package io.flm.launch.command;

import akka.actor.typed.ActorSystem;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.flm.coordinator.Coordinator;
import io.flm.coordinator.PastRun;
import io.flm.coordinator.RunView;
import io.flm.coordinator.http.HttpEndpoint;
import io.flm.coordinator.http.HttpSettings;
import io.flm.data.UserException;
import io.flm.launch.config.Configuration;
import io.flm.launch.console.Failure;
import io.flm.launch.console.Interrupts;
import io.flm.launch.console.Version;
import io.flm.launch.run.GenerationLog;
import io.flm.launch.run.LastStatus;
import io.flm.launch.run.MetricsReader;
import io.flm.launch.run.RunFiles;
import io.flm.launch.run.RunFolders;
import io.flm.launch.run.SampleLog;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.nio.file.Path;
import java.time.Clock;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code flm ui}: the page of a run that has ended, from its folder. */
@Command(
        name = "ui",
        description = {
            "Serves the page of a run that has ended: how it ended, its curves, samples and generations. A run that trains serves its own page;"
                    + " flm status says where.",
            "Until Ctrl-C; on this machine only."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false)
final class UiCommand implements Callable<Integer> {
    private final Environment environment;

    @Parameters(paramLabel = "RUN", description = "The run's folder.")
    private Path run = Path.of("");

    @Option(names = "--port", paramLabel = "PORT", description = "Where it is served. Default: any free one.")
    private int port;

    UiCommand(Environment environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() throws InterruptedException {
        Path folder = environment.resolve(run);
        if (!RunFiles.isRun(folder)) {
            throw new UserException(folder + ": no run there; flm runs lists those of a folder");
        }
        if (LastStatus.isFollowed(folder)) {
            throw new UserException(folder + ": this run is under way, and serves its own page; flm status says where");
        }
        if (port < 0 || port > 65535) {
            throw new UserException("--port " + port + ": give a port, 0 for any free one");
        }
        CountDownLatch end = new CountDownLatch(1);
        Interrupts interrupts = Interrupts.on(environment.nanoTime(), signal -> end.countDown());
        try (Server server = new Server(folder, port)) {
            environment.out().println(server.page());
            environment.out().flush();
            end.await();
        }
        return interrupts.asked().map(Interrupts.Signal::exitCode).orElse(Failure.OK);
    }

    /** The page of a run's folder, on loopback. */
    static final class Server implements AutoCloseable {
        private final ActorSystem<Coordinator.Command> system;
        private final int bound;

        Server(Path folder, int port) {
            Config config = ConfigFactory.parseString(
                            "akka.actor.provider = local\nflm.http { host = \"127.0.0.1\", token-file = \"\", read-token-file = \"\","
                                    + " tls { certificate = \"\", key = \"\" } }") // in the clear: it leaves no machine
                    .withFallback(Configuration.builder().build().config());
            RunView view = LastStatus.of(folder);
            system = ActorSystem.create(
                    PastRun.create(
                            view,
                            each -> MetricsReader.read(RunFiles.metricsOf(folder), each),
                            SampleLog.read(RunFiles.samplesOf(folder)),
                            GenerationLog.read(RunFiles.generationsOf(folder)),
                            Clock.systemUTC()),
                    "page",
                    config);
            try {
                bound = HttpEndpoint.bind(
                                system,
                                system,
                                HttpSettings.from(config).withPort(port),
                                submission -> {
                                    throw new UserException(
                                            "this is the page of a past run; start one with flm pretrain");
                                },
                                new PrometheusRegistry(),
                                new RunFolders(RunFolders.beside(folder)),
                                Clock.systemUTC())
                        .toCompletableFuture()
                        .join()
                        .localAddress()
                        .getPort();
            } catch (CompletionException e) {
                close();
                throw e.getCause() instanceof RuntimeException cause ? cause : e;
            }
        }

        String page() {
            return "http://127.0.0.1:" + bound + "/";
        }

        @Override
        public void close() {
            system.terminate();
            system.getWhenTerminated().toCompletableFuture().join();
        }
    }
}
