package io.flm.launch.submit;

import com.typesafe.config.Config;
import io.flm.launch.run.MemoryNeed;
import io.flm.launch.run.NodeFiles;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/** One node in this process. */
public record InProcessLauncher() implements Launcher {
    @Override
    public List<String> options() {
        return List.of();
    }

    @Override
    public int processes() {
        return 1;
    }

    @Override
    public Optional<MemoryNeed.Layout> layout(Config config) {
        return Optional.of(InProcessNode.layout(config));
    }

    @Override
    public String starting() {
        return "starting PyTorch";
    }

    @Override
    public Nodes start(RunRequest request, LongSupplier nanoTime, Consumer<String> notes) {
        return new InProcessNode(request, nanoTime, notes);
    }

    @Override
    public Optional<String> command(String name) {
        return Optional.empty();
    }

    @Override
    public String advice(Path run) {
        return "the node's log in " + NodeFiles.folder(run) + " says more";
    }
}
