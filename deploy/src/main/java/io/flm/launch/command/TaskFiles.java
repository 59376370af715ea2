package io.flm.launch.command;

import io.flm.data.FileErrors;
import io.flm.data.SmallFile;
import io.flm.data.TextFile;
import io.flm.data.UserException;
import io.flm.launch.config.Configuration;
import io.flm.worker.train.TaskData;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The files of a task: annotations and pictures. */
final class TaskFiles {
    private static final int MOST_ANSWER_BYTES = 4 << 20;

    @Option(
            names = "--train",
            paramLabel = "FILE",
            arity = "1..*",
            description =
                    "What it is trained on: annotation files (json, jsonl, each also gz), and where the pictures are"
                            + " (tar, tar.gz, folders). Without annotation files: the captions of the shards.")
    private List<Path> train = List.of();

    @Option(
            names = "--val",
            paramLabel = "FILE",
            arity = "1..*",
            description = "What it is scored on when it is trained, likewise.")
    private List<Path> val = List.of();

    @Option(
            names = "--answers",
            paramLabel = "F",
            description = "vqa: the answers to choose among, a line each. Default: those of --train.")
    private @Nullable Path answers;

    List<Path> train() {
        return train;
    }

    void over(Configuration.Builder layers, Environment environment) {
        Path folder = environment.folder();
        over(layers, train, "--train", "flm.task.train", "flm.data.paths", folder);
        over(layers, val, "--val", "flm.task.val", "flm.data.eval-paths", folder);
        if (answers != null) {
            layers.option("flm.task.answers", answers(environment.resolve(answers)), "--answers", folder);
        }
    }

    /** Without pictures those of the pretrained model's own data stay. */
    private static void over(
            Configuration.Builder layers,
            List<Path> files,
            String name,
            String annotations,
            String pictures,
            Path folder) {
        if (!files.isEmpty()) {
            layers.option(annotations, strings(files, true), name, folder);
            List<String> others = strings(files, false);
            if (!others.isEmpty()) {
                layers.option(pictures, others, name, folder);
            }
        }
    }

    private static List<String> answers(Path file) {
        List<String> answers = text(file)
                .lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .distinct()
                .toList();
        if (answers.size() < 2) {
            throw new UserException(file + ": holds fewer than two answers; give one a line");
        }
        return answers;
    }

    private static String text(Path file) {
        try {
            return TextFile.utf8(SmallFile.read(file, MOST_ANSWER_BYTES));
        } catch (IOException e) {
            throw new UserException(file + ": cannot be read (" + FileErrors.reason(e) + "); give answers, one a line");
        }
    }

    /** Annotation files, or all others. */
    static List<String> strings(List<Path> files, boolean annotations) {
        return files.stream()
                .map(Path::toString)
                .filter(file -> TaskData.isAnnotation(file) == annotations)
                .toList();
    }
}
