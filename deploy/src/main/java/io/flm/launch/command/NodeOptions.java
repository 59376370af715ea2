package io.flm.launch.command;

import io.flm.data.UserException;
import io.flm.launch.run.NodeAddress;
import io.flm.launch.run.NodeFiles;
import io.flm.launch.run.RunFiles;
import io.flm.launch.submit.ControlClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How a command finds the run that it is about: by a node's address, else by the run's folder. */
final class NodeOptions {
    @Option(
            names = "--node",
            paramLabel = "HOST:PORT",
            description = "The HTTP address of a node of the run, any one; repeat for more.")
    private List<String> nodes = List.of();

    @Option(
            names = "--run",
            paramLabel = "DIR",
            description =
                    "Or the run's folder, where its nodes left their addresses. Default: the run in runs/ that was"
                            + " worked on last.")
    private @Nullable Path run;

    @Option(
            names = "--token-file",
            paramLabel = "F",
            description = "Holds the token that nodes outside of this machine want.")
    private @Nullable Path tokenFile;

    @Option(
            names = "--ca-file",
            paramLabel = "F",
            description =
                    "For a node that speaks TLS, --node https://HOST:PORT: a PEM file of who signed its certificate, or the certificate.")
    private @Nullable Path caFile;

    /** For an order, which wants a node that takes it. */
    ControlClient client(Environment environment) {
        if (nodes.isEmpty() && NodeFiles.read(folder(environment)).isEmpty()) {
            throw new UserException(folder(environment)
                    + ": no node works there; is the run over? Otherwise give the HTTP address of a node with --node");
        }
        return questions(environment);
    }

    /** For questions: the nodes of a folder may still be coming, or be gone. */
    ControlClient questions(Environment environment) {
        String token = tokenFile == null
                ? ""
                : NodeAddress.readToken(environment.resolve(tokenFile).toString());
        Path certificates = caFile == null ? null : environment.resolve(caFile);
        if (!nodes.isEmpty()) {
            List<NodeAddress> targets = nodes.stream()
                    .map(address -> new NodeAddress(address, token, certificates))
                    .toList();
            return new ControlClient(() -> targets);
        }
        Path folder = folder(environment);
        return new ControlClient(() -> NodeFiles.targets(folder, token, certificates));
    }

    /** Whether the run is known by the address of a node, and not by its folder. */
    boolean byAddress() {
        return !nodes.isEmpty();
    }

    Path folder(Environment environment) {
        if (run != null) {
            Path folder = environment.resolve(run);
            if (!Files.isDirectory(folder)) {
                throw new UserException(folder + ": no such folder; check --run");
            }
            return folder;
        }
        Path runs = environment.folder().resolve("runs");
        return RunFiles.newest(runs)
                .orElseThrow(() -> new UserException(
                        runs + ": holds no run; say which with --run, or give the HTTP address of a node with --node"));
    }
}
