package io.flm.launch.command;

import io.flm.launch.config.Configuration;
import io.flm.launch.config.Settings;
import io.flm.launch.config.StdinConfiguration;
import io.flm.launch.console.Failure;
import io.flm.launch.console.Interrupts;
import io.flm.launch.console.Interrupts.Signal;
import io.flm.launch.console.LogForm;
import io.flm.launch.console.Logs;
import io.flm.launch.console.Version;
import io.flm.launch.node.Node;
import io.flm.launch.run.NodeAddress;
import io.flm.launch.run.NodeFiles;
import io.flm.launch.run.RunFolders;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code flm node}: a node that joins a cluster and works until it is stopped. */
@Command(
        name = "node",
        description = {
            "Joins a cluster and trains what is submitted there, until it is stopped. Where the cluster is lost, or leaves"
                    + " this node out, it joins again by itself.",
            "The first of the nodes given with --join begins the cluster, where it is this one and no other answers."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false)
final class NodeCommand implements Callable<Integer> {
    private static final Duration END_TIMEOUT = Duration.ofSeconds(20);

    private static final class Where {
        @Option(names = "--run", paramLabel = "DIR", description = "The folder of the run that is trained here.")
        private @Nullable Path run;

        @Option(
                names = "--runs",
                paramLabel = "DIR",
                description = "Or the folder of all runs, each in a folder of its name below it. Default: runs.")
        private @Nullable Path runs;
    }

    private final Environment environment;
    private final Logs logs;

    @Option(
            names = "--join",
            paramLabel = "HOST:PORT",
            split = ",",
            description = "Nodes to join, any members; repeat for more. Without: begins a cluster, which others may"
                    + " join.")
    private List<String> join = List.of();

    @ArgGroup
    private Where where = new Where();

    @Option(names = "--name", paramLabel = "NAME", description = "Unique in the cluster. Default: host and process.")
    private @Nullable String name;

    @Option(
            names = "--host",
            paramLabel = "ADDRESS",
            description = "The address that other nodes reach this one by. Default: 127.0.0.1.")
    private @Nullable String host;

    @Option(names = "--port", paramLabel = "PORT", description = "The port that other nodes join. Default: any.")
    private @Nullable Integer port;

    @Option(names = "--key-store", paramLabel = "F", description = "The cluster's key, for addresses off loopback.")
    private @Nullable Path keyStore;

    @Option(names = "--devices", paramLabel = "D", description = "auto, cpu, or a list such as cuda:0,cuda:1.")
    private @Nullable String devices;

    @Option(names = "--workers", paramLabel = "N", description = "Workers of this node.")
    private @Nullable Integer workers;

    @Mixin
    private final ConfigOptions configOptions = new ConfigOptions();

    @Option(
            names = "--driven",
            hidden = true,
            description = "Is told its configuration by standard input, and ends with it.")
    private boolean driven;

    NodeCommand(Environment environment, Logs logs) {
        this.environment = environment;
        this.logs = logs;
    }

    /** No constant: who asks for help needs no log. */
    private static Logger log() {
        return LoggerFactory.getLogger(NodeCommand.class);
    }

    @Override
    public Integer call() throws InterruptedException {
        Configuration configuration = configuration();
        Settings.checkNode(configuration.config());
        Path base = base();
        logs.to(log(base), LogForm.from(configuration.config()));
        try (Node node = new Node(new Node.Setup(
                configuration.config(),
                run -> where.run == null ? base.resolve(run) : base,
                base,
                where.run == null ? base : RunFolders.beside(base),
                environment.home(),
                0,
                false,
                environment.nanoTime(),
                environment::say))) {
            if (driven) {
                // What a terminal, or who ends a whole group of processes, sends the driver reaches its nodes too:
                // they wait for what the driver makes of it, and end with it.
                Interrupts.ignore(List.of(Signal.values()));
                endWithStandardInput(node);
            } else {
                Interrupts.on(environment.nanoTime(), signal -> {
                    log().info("{}: leaving the cluster", signal.shown());
                    end(node);
                });
            }
            NodeFiles.Entry entry = node.awaitReady();
            if (!driven) {
                environment.say("node " + entry.name() + ": others join at " + entry.akka() + "; "
                        + NodeAddress.url(entry.http())
                        + "/api/v1/run; workers: " + String.join(", ", node.workers()) + "; log: " + logs.place());
            }
            node.awaitEnd();
        }
        return Failure.OK;
    }

    private Configuration configuration() {
        Configuration.Builder layers = driven
                ? configOptions.layersOver(StdinConfiguration.read(System.in), environment)
                : configOptions.layers(environment);
        Path folder = environment.folder();
        if (!join.isEmpty()) {
            layers.option("flm.node.join", join, "--join", folder);
        }
        option(layers, "flm.node.name", name, "--name");
        option(layers, "flm.node.host", host, "--host");
        option(layers, "flm.node.port", port, "--port");
        option(layers, "flm.node.key-store", keyStore == null ? null : keyStore.toString(), "--key-store");
        option(layers, "flm.worker.devices", devices, "--devices");
        option(layers, "flm.worker.workers", workers, "--workers");
        return layers.build();
    }

    private void option(Configuration.Builder layers, String key, @Nullable Object value, String option) {
        if (value != null) {
            layers.option(key, value, option, environment.folder());
        }
    }

    private Path base() {
        Path run = where.run;
        Path runs = where.runs;
        return environment.resolve(run != null ? run : runs != null ? runs : Path.of("runs"));
    }

    private Path log(Path base) {
        return NodeFiles.makeFolder(base)
                .resolve((name == null ? "node-" + ProcessHandle.current().pid() : name) + ".log");
    }

    private void endWithStandardInput(Node node) {
        Thread thread = new Thread(
                () -> {
                    try {
                        while (System.in.read() >= 0) {
                            // nothing is said that way
                        }
                    } catch (IOException e) {
                        log().info("standard input", e);
                    }
                    log().info("standard input was closed: the driver is gone");
                    node.halt();
                },
                "standard-input");
        thread.setDaemon(true);
        thread.start();
    }

    /** Leaves; where that takes too long, the process ends nevertheless. */
    private static void end(Node node) {
        node.stop();
        Thread last = new Thread(
                () -> {
                    try {
                        Thread.sleep(END_TIMEOUT.toMillis());
                        log().warn("the node did not end within {} s: the process ends", END_TIMEOUT.toSeconds());
                        node.halt();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                },
                "end-of-node");
        last.setDaemon(true);
        last.start();
    }
}
