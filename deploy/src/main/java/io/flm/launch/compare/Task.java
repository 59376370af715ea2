package io.flm.launch.compare;

import com.typesafe.config.Config;
import io.flm.data.UserException;
import io.flm.worker.task.Task.MainScore;
import io.flm.worker.train.Tasks;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What pretrained models are scored by. All that depends on how tasks are fine-tuned and evaluated is here and in {@link CellCommands}.
 *
 * @param measures the first one is the task's main score
 * @param fineTuned whether a model is fine-tuned before it is scored
 * @param train annotations and pictures of the fine-tuning
 * @param validation those that are scored
 */
record Task(String name, List<Measure> measures, boolean fineTuned, List<Path> train, List<Path> validation) {
    /** What is asked of pretrained models as they are. */
    static final String ZERO_SHOT = "zero-shot";

    private static final Task AS_IT_IS = new Task(
            ZERO_SHOT,
            List.of(
                    Measure.share("retrievalR1", "Retrieval by likelihood, R@1", "textRetrievalR1", "imageRetrievalR1"),
                    Measure.share("clozeAccuracy", "Cloze accuracy", "clozeAccuracy")),
            false,
            List.of(),
            List.of());

    Task {
        measures = List.copyOf(measures);
        train = List.copyOf(train);
        validation = List.copyOf(validation);
    }

    /** Of what models are fine-tuned on. */
    private static Task of(io.flm.worker.task.Task task) {
        MainScore score = task.mainScore();
        Measure measure = new Measure(score.key(), score.title(), score.figures(), score.share());
        return new Task(task.key(), List.of(measure), true, List.of(), List.of());
    }

    /**
     * The tasks of a comparison.
     *
     * @param settings {@code flm.task}
     * @param names as in {@code --tasks}
     * @param train by task, as in {@code --train TASK=FILE}
     * @param validation likewise
     */
    static List<Task> parse(
            Config settings, List<String> names, Map<String, List<Path>> train, Map<String, List<Path>> validation) {
        List<Task> all = Stream.concat(
                        Stream.of(AS_IT_IS), Tasks.all(settings).stream().map(Task::of))
                .toList();
        List<Task> tasks = new ArrayList<>();
        for (String text : names) {
            String name = text.strip().toLowerCase(Locale.ROOT);
            Task known = all.stream()
                    .filter(task -> task.name().equals(name))
                    .findFirst()
                    .orElseThrow(() -> new UserException("--tasks " + text + ": no such task; give some of "
                            + all.stream().map(Task::name).collect(Collectors.joining(", "))));
            if (tasks.stream().anyMatch(task -> task.name().equals(name))) {
                throw new UserException("--tasks: " + name + " is there twice; give it once");
            }
            tasks.add(new Task(
                    name,
                    known.measures(),
                    known.fineTuned(),
                    files("--train", known, train),
                    files("--val", known, validation)));
        }
        for (Map<String, List<Path>> given : List.of(train, validation)) {
            given.keySet().stream()
                    .filter(name -> tasks.stream().noneMatch(task -> task.name().equals(name)))
                    .findFirst()
                    .ifPresent(name -> {
                        throw new UserException((given.equals(train) ? "--train " : "--val ") + name
                                + "=...: that task is not in --tasks; add it there, or leave its files out");
                    });
        }
        return tasks;
    }

    private static List<Path> files(String option, Task task, Map<String, List<Path>> given) {
        List<Path> files = given.getOrDefault(task.name(), List.of());
        if (files.isEmpty() == task.fineTuned()) {
            throw new UserException(
                    task.fineTuned()
                            ? "--tasks " + task.name() + ": no files; give its annotations and pictures with " + option
                                    + " " + task.name() + "=FILE, repeated for more"
                            : option + " " + task.name() + "=...: models are scored as they are, on the held-out data;"
                                    + " give these with --eval-data");
        }
        return files;
    }

    /** Its settings, as a comparison's folder keeps them. */
    Map<String, Object> toMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("train", strings(train));
        map.put("validation", strings(validation));
        map.put(
                "contents",
                Contents.of(Stream.of(train, validation).flatMap(List::stream).toList()));
        return map;
    }

    private static List<String> strings(List<Path> paths) {
        return paths.stream().map(Path::toString).toList();
    }
}
