package io.flm.launch.command;

import io.flm.launch.config.Configuration;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of all commands that train: what computes, and what all random numbers follow from. */
final class WorkerOptions {
    @Option(names = "--workers", paramLabel = "N", description = "Workers of this node; at most as many as lanes.")
    private @Nullable Integer workers;

    @Option(names = "--devices", paramLabel = "D", description = "auto, cpu, or a list such as cuda:0,cuda:1.")
    private @Nullable String devices;

    @Option(names = "--threads", paramLabel = "N", description = "Threads of a worker on the CPU.")
    private @Nullable Integer threads;

    @Option(names = "--seed", paramLabel = "N", description = "What all random numbers follow from.")
    private @Nullable Long seed;

    /** Lays the options that were given over the other layers. */
    void over(Configuration.Builder layers, Path folder) {
        option(layers, "flm.worker.workers", workers, "--workers", folder);
        option(layers, "flm.worker.devices", devices, "--devices", folder);
        option(layers, "flm.worker.threads", threads, "--threads", folder);
        option(layers, "flm.train.seed", seed, "--seed", folder);
    }

    /** Lays a value over the other layers, if there is one. */
    static void option(Configuration.Builder layers, String key, @Nullable Object value, String name, Path folder) {
        if (value != null) {
            layers.option(key, value, name, folder);
        }
    }
}
