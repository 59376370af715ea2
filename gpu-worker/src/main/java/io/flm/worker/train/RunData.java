package io.flm.worker.train;

import com.typesafe.config.Config;
import io.flm.data.DataSettings;
import io.flm.data.Dataset;
import io.flm.data.Examples;
import io.flm.data.PictureSource;
import io.flm.data.RemoteSettings;
import io.flm.data.Sha256;
import io.flm.data.Split;
import io.flm.data.source.Sources;
import io.flm.worker.task.Task;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What a run trains on, opened.
 *
 * @param examples what samples are made of
 * @param pictures theirs
 * @param heldOut samples of the same data that are never trained on
 */
public record RunData(Examples examples, PictureSource pictures, long heldOut) implements AutoCloseable {
    /**
     * Opens what {@code flm.data} and {@code flm.task.train} name.
     *
     * @param note is told what is left out, in one line each
     */
    public static RunData open(Config config, Consumer<String> note) {
        DataSettings data = DataSettings.from(config);
        Optional<Task> task = Tasks.of(config);
        if (task.isPresent()) {
            List<Path> annotations = paths(config, "flm.task.train");
            return of(task.get(), annotations, data.paths(), data.remote(), note);
        }
        Dataset samples = Sources.open(data, Split.training(data.holdOut()));
        return new RunData(samples.captioned(), samples, samples.inAll() - samples.size());
    }

    /** Whether the configuration says what a task is scored on. */
    public static boolean isScored(Task task, Config config) {
        return !config.getStringList("flm.data.eval-paths").isEmpty()
                && (!task.needsAnnotations()
                        || !config.getStringList("flm.task.val").isEmpty());
    }

    private static RunData of(
            Task task, List<Path> annotations, List<Path> paths, RemoteSettings remote, Consumer<String> note) {
        PictureSource pictures = pictures(annotations, paths, remote);
        try {
            return new RunData(task.trained(annotations, pictures, note), pictures, 0);
        } catch (RuntimeException | Error e) {
            pictures.close();
            throw e;
        }
    }

    /** Without annotations the pictures bring their captions. */
    static PictureSource pictures(List<Path> annotations, List<Path> paths, RemoteSettings remote) {
        return annotations.isEmpty() ? Sources.open(paths, Split.ALL, remote) : PictureSource.open(paths, remote);
    }

    /** A list of paths in a configuration. */
    public static List<Path> paths(Config config, String key) {
        return config.getStringList(key).stream().map(Path::of).toList();
    }

    /** Of all that decides which samples come of it. */
    public String sha256() {
        String of = examples.sha256();
        return of.equals(pictures.sha256())
                ? of
                : Sha256.of((of + pictures.sha256()).getBytes(StandardCharsets.US_ASCII));
    }

    @Override
    public void close() {
        pictures.close();
    }
}
