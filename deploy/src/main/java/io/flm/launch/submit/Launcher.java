package io.flm.launch.submit;

import com.typesafe.config.Config;
import io.flm.launch.run.MemoryNeed;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Where the nodes of a run are: it starts them, or finds those that are up. Another kind of place, such as a batch system, is
 * another class that implements this, and an option of {@code flm pretrain} that makes one.
 */
public interface Launcher {
    /** The options of {@code flm pretrain} that lead there again. */
    List<String> options();

    /** Processes that train and end with this command, its own included; 0: none, the nodes are up and outlive it. */
    int processes();

    /** How the run is spread over this machine; empty: it takes nothing of it. */
    Optional<MemoryNeed.Layout> layout(Config config);

    /** What is waited for while {@link #start} runs. */
    String starting();

    /**
     * Starts or finds the nodes; they may come up later.
     *
     * @param nanoTime a clock
     * @param notes takes sentences for the user
     */
    Nodes start(RunRequest request, LongSupplier nanoTime, Consumer<String> notes);

    /** The command that asks nodes which outlive this process for something, such as {@code stop}; empty: they end with it. */
    Optional<String> command(String name);

    /**
     * What to do where nodes do not come up.
     *
     * @param run the run's folder
     */
    String advice(Path run);

    /** Whether the nodes belong to others, who check for themselves what they can carry out. */
    default boolean isExternal() {
        return processes() == 0;
    }
}
