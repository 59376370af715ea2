package io.flm.worker.train;

import com.typesafe.config.Config;
import io.flm.data.RemoteSettings;
import io.flm.data.SharedPictures;
import io.flm.worker.task.Task;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** The files of a task: annotations and pictures, to train on and to score on. */
public final class TaskData {
    private TaskData() {}

    /** Whether a path names annotations; else it names pictures. */
    public static boolean isAnnotation(String path) {
        return path.matches("(?i).*\\.(json|jsonl|jsonlines)(\\.gz)?");
    }

    /**
     * Reads all that a fine-tuning reads, but for the pictures: what would else be found out when the run has begun, or has ended.
     *
     * @param config of the fine-tuning
     * @param say is told what is left out, and how many pictures are both trained on and scored
     * @param doing is told what is read
     * @throws io.flm.data.UserException naming what is wrong
     */
    public static void look(Task task, Config config, Consumer<String> say, Consumer<String> doing) {
        doing.accept("reading " + RunData.paths(config, "flm.task.train"));
        try (RunData trained = RunData.open(config, say)) {
            if (!RunData.isScored(task, config)) {
                return;
            }
            List<Path> annotations = RunData.paths(config, "flm.task.val");
            doing.accept("reading " + annotations);
            try (ScoredData data = ScoredData.open(
                    task,
                    annotations,
                    RunData.paths(config, "flm.data.eval-paths"),
                    RemoteSettings.from(config),
                    say)) {
                SharedPictures shared = SharedPictures.of(
                        trained.examples(), trained.pictures(), data.scored().examples(), data.pictures());
                Optional<String> same = shared.count() == 0 ? Optional.empty() : sameFile(config);
                same.or(shared::sentence).ifPresent(say);
            }
        }
    }

    /**
     * What to tell of a file of both. One of captions may name what is trained on and what is scored in itself: ask for pictures that
     * are shared first.
     */
    private static Optional<String> sameFile(Config config) {
        List<Path> scored = RunData.paths(config, "flm.task.val");
        return scored.isEmpty()
                ? SameFiles.told(
                        RunData.paths(config, "flm.data.paths"),
                        "--train",
                        RunData.paths(config, "flm.data.eval-paths"),
                        "--val")
                : SameFiles.told(RunData.paths(config, "flm.task.train"), "--train", scored, "--val");
    }
}
