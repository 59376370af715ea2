package io.flm.launch.submit;

import com.typesafe.config.Config;
import io.flm.coordinator.http.Submission;
import io.flm.launch.config.Configuration;
import io.flm.launch.console.Program;
import io.flm.launch.run.NodeAddress;
import io.flm.worker.torch.TorchRoute;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What is to be trained, and where.
 *
 * @param configuration the effective one; {@code flm} holds known keys of the right types only
 * @param run the run's folder: it exists and is locked by this process
 * @param home this program's folder
 * @param resume whether to go on from the run's newest checkpoint; where there is none, the run begins anew
 * @param minWorkers with fewer nothing trains; 0: all of this process, one of several nodes
 * @param where it is trained
 */
public record RunRequest(
        Configuration configuration, Path run, Path home, boolean resume, int minWorkers, Where where) {
    /** Which nodes train. */
    public sealed interface Where {
        /** The options of {@code flm pretrain} that lead there again. */
        List<String> options();

        /** How many processes are started for it, this one too; 0: none, its nodes are up. */
        int processes();
    }

    /** One node in this process. */
    public record Here() implements Where {
        @Override
        public List<String> options() {
            return List.of();
        }

        @Override
        public int processes() {
            return 1;
        }
    }

    /** So many processes on this machine, started and ended by this one. */
    public record Children(int count) implements Where {
        @Override
        public List<String> options() {
            return List.of("--nodes", String.valueOf(count));
        }

        @Override
        public int processes() {
            return count;
        }
    }

    /**
     * A cluster that is up.
     *
     * @param tokenFile holds the token of its nodes; null: they want none
     */
    public record Cluster(List<NodeAddress> nodes, @Nullable Path tokenFile) implements Where {
        public Cluster {
            nodes = List.copyOf(nodes);
        }

        @Override
        public List<String> options() {
            String addresses = nodes.stream().map(NodeAddress::address).collect(Collectors.joining(","));
            return withToken("--cluster", addresses);
        }

        @Override
        public int processes() {
            return 0;
        }

        /** The command of this program that asks the first node for something, such as {@code stop}. */
        String command(String name) {
            return Program.hint(withToken(name, "--node", nodes.get(0).address()));
        }

        private List<String> withToken(String... words) {
            List<String> all = new ArrayList<>(List.of(words));
            if (tokenFile != null) {
                all.addAll(List.of("--token-file", tokenFile.toString()));
            }
            return all;
        }
    }

    /** The effective configuration, Akka's part included. */
    public Config config() {
        return configuration.config();
    }

    /** The run's name, shown to users: its folder's, in the letters that names have. */
    public String name() {
        return Submission.nameOf(String.valueOf(run.getFileName()));
    }

    /** The arguments of the command that goes on with the run. */
    public List<String> resumption() {
        List<String> arguments = new ArrayList<>(List.of("pretrain", "--run", run.toString(), "--resume"));
        arguments.addAll(where.options());
        if (minWorkers > 0) {
            arguments.addAll(List.of("--min-workers", String.valueOf(minWorkers)));
        }
        String torch = System.getProperty(TorchRoute.PROPERTY, "");
        if (!torch.isEmpty()) {
            arguments.addAll(List.of("--torch", torch));
        }
        arguments.addAll(configuration.nodeOptions());
        return arguments;
    }
}
