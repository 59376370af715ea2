package io.flm.worker.train;

import io.flm.data.PictureSource;
import io.flm.data.RemoteSettings;
import io.flm.worker.task.ScoredExamples;
import io.flm.worker.task.Task;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/**
 * What a task is scored on, opened.
 *
 * @param scored the examples
 * @param pictures theirs
 */
public record ScoredData(ScoredExamples scored, PictureSource pictures) implements AutoCloseable {
    /**
     * Opens it.
     *
     * @param annotations files; empty if the pictures' own captions are meant
     * @param remote how pictures on servers are read
     * @param note is told what is left out, in one line each
     */
    public static ScoredData open(
            Task task, List<Path> annotations, List<Path> paths, RemoteSettings remote, Consumer<String> note) {
        PictureSource pictures = RunData.pictures(annotations, paths, remote);
        try {
            return new ScoredData(task.scored(annotations, pictures, note), pictures);
        } catch (RuntimeException | Error e) {
            pictures.close();
            throw e;
        }
    }

    @Override
    public void close() {
        pictures.close();
    }
}
