package io.flm.launch.submit;

import com.typesafe.config.Config;
import io.flm.launch.run.MemoryNeed;
import io.flm.launch.run.NodeFiles;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Several processes on this machine, each a node of one cluster, started and ended by this process.
 *
 * @param count how many
 */
public record ChildProcessLauncher(int count) implements Launcher {
    @Override
    public List<String> options() {
        return List.of("--nodes", String.valueOf(count));
    }

    @Override
    public int processes() {
        return count;
    }

    @Override
    public Optional<MemoryNeed.Layout> layout(Config config) {
        return Optional.of(ChildProcesses.layout(config, count));
    }

    @Override
    public String starting() {
        return "starting " + count + " nodes";
    }

    @Override
    public Nodes start(RunRequest request, LongSupplier nanoTime, Consumer<String> notes) {
        return new ChildProcesses(request, count, nanoTime, notes);
    }

    @Override
    public Optional<String> command(String name) {
        return Optional.empty();
    }

    @Override
    public String advice(Path run) {
        return "the nodes' logs in " + NodeFiles.folder(run) + " say more";
    }
}
