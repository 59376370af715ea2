package io.flm.worker.train;

import io.flm.data.Examples;
import io.flm.data.PictureSource;
import io.flm.data.RemoteSettings;
import io.flm.data.SampleException;
import io.flm.data.UserException;
import io.flm.worker.task.ScoredExamples;
import io.flm.worker.task.Task;
import java.io.IOException;
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
     * Opens it. Texts of annotation files are looked at: one that cannot be read would end the scoring, which begins when the training
     * is over.
     *
     * @param annotations files; empty if the pictures' own captions are meant
     * @param remote how pictures on servers are read
     * @param note is told what is left out, in one line each
     */
    public static ScoredData open(
            Task task, List<Path> annotations, List<Path> paths, RemoteSettings remote, Consumer<String> note) {
        PictureSource pictures = RunData.pictures(annotations, paths, remote);
        try {
            ScoredExamples scored = task.scored(annotations, pictures, note);
            if (!annotations.isEmpty()) {
                requireTexts(annotations, scored.examples());
            }
            return new ScoredData(scored, pictures);
        } catch (RuntimeException | Error e) {
            pictures.close();
            throw e;
        }
    }

    private static void requireTexts(List<Path> annotations, Examples examples) {
        long unusable = 0;
        String first = "";
        for (long index = 0; index < examples.size(); index++) {
            try {
                examples.texts(index);
            } catch (SampleException | IOException e) {
                first = unusable == 0 ? String.valueOf(e.getMessage()) : first;
                unusable++;
            }
        }
        if (unusable > 0) {
            throw new UserException(annotations + ": " + unusable + " of " + examples.size()
                    + " examples have no text to score, the first " + first
                    + "; mend them, or leave them out of what is scored");
        }
    }

    @Override
    public void close() {
        pictures.close();
    }
}
