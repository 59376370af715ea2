package io.flm.launch.command;

import com.typesafe.config.Config;
import io.flm.data.UserException;
import io.flm.launch.run.NodeAddress;
import io.flm.launch.submit.ChildProcessLauncher;
import io.flm.launch.submit.ClusterLauncher;
import io.flm.launch.submit.InProcessLauncher;
import io.flm.launch.submit.Launcher;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Where {@code flm pretrain} trains, and on how many workers at least. Without these options: in this process. */
final class LauncherOptions {
    /** Processes of this machine, or a cluster: one of the two. */
    private static final class Place {
        @Option(
                names = "--nodes",
                paramLabel = "N",
                description =
                        "Trains in N processes of this machine, each a node of a cluster; one that dies is started again.")
        private @Nullable Integer nodes;

        @Option(
                names = "--cluster",
                paramLabel = "HOST:PORT",
                split = ",",
                description = "Or trains on a cluster that is up: the HTTP addresses of one or more of its nodes.")
        private @Nullable List<String> cluster;
    }

    @ArgGroup
    private Place place = new Place();

    @Option(
            names = "--min-workers",
            paramLabel = "N",
            description = "With fewer nothing trains. Default: 1 with --nodes or --cluster.")
    private int minWorkers;

    @Mixin
    private final ClusterAccess access = new ClusterAccess();

    int minWorkers() {
        return minWorkers;
    }

    /** @throws UserException where there are more nodes than lanes, or the token cannot be read */
    Launcher launcher(Config config, Environment environment) {
        if (place.cluster != null) {
            Path file = access.tokenFile(environment);
            String token = file == null ? "" : NodeAddress.readToken(file.toString());
            Path certificates = access.caFile(environment);
            return new ClusterLauncher(
                    place.cluster.stream()
                            .map(address -> new NodeAddress(address, token, certificates))
                            .toList(),
                    file);
        }
        if (place.nodes == null) {
            return new InProcessLauncher();
        }
        int lanes = config.getInt("flm.train.lanes");
        if (place.nodes < 1 || place.nodes > lanes) {
            throw new UserException("--nodes " + place.nodes + ": give at least 1 and at most as many as there are"
                    + " lanes (flm.train.lanes = " + lanes + ")");
        }
        return new ChildProcessLauncher(place.nodes);
    }
}
