package io.flm.launch.submit;

import com.typesafe.config.Config;
import io.flm.launch.console.Program;
import io.flm.launch.run.MemoryNeed;
import io.flm.launch.run.NodeAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A cluster that is up. Its nodes outlive this process.
 *
 * @param nodes one or more of its nodes
 * @param tokenFile holds the token of its nodes; null: they want none
 */
public record ClusterLauncher(
        List<NodeAddress> nodes, @Nullable Path tokenFile) implements Launcher {
    public ClusterLauncher {
        nodes = List.copyOf(nodes);
    }

    @Override
    public List<String> options() {
        return withSecrets("--cluster", nodes.stream().map(NodeAddress::address).collect(Collectors.joining(",")));
    }

    @Override
    public int processes() {
        return 0;
    }

    @Override
    public Optional<MemoryNeed.Layout> layout(Config config) {
        return Optional.empty();
    }

    @Override
    public String starting() {
        return "asking the cluster";
    }

    @Override
    public Nodes start(RunRequest request, LongSupplier nanoTime, Consumer<String> notes) {
        return new ClusterNodes(nodes);
    }

    /** Asks the first node. */
    @Override
    public Optional<String> command(String name) {
        return Optional.of(Program.hint(withSecrets(name, "--node", nodes.get(0).address())));
    }

    @Override
    public String advice(Path run) {
        return "start its nodes, or give others with --cluster HOST:PORT";
    }

    private List<String> withSecrets(String... words) {
        List<String> all = new ArrayList<>(List.of(words));
        if (tokenFile != null) {
            all.addAll(List.of("--token-file", tokenFile.toString()));
        }
        Path certificates = nodes.get(0).certificates();
        if (certificates != null) {
            all.addAll(List.of("--ca-file", certificates.toString()));
        }
        return all;
    }
}
