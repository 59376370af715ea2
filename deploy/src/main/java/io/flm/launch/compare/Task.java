package io.flm.launch.compare;

import io.flm.data.UserException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

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

    private static final List<Task> KNOWN = List.of(
            of(
                    ZERO_SHOT,
                    Measure.share("retrievalR1", "Retrieval by likelihood, R@1", "textRetrievalR1", "imageRetrievalR1"),
                    Measure.share("clozeAccuracy", "Cloze accuracy", "clozeAccuracy")),
            of("vqa", Measure.share("accuracy", "VQA accuracy", "accuracy")),
            of("nlvr2", Measure.share("accuracy", "NLVR2 accuracy", "accuracy")),
            of("nlvr", Measure.share("accuracy", "NLVR accuracy", "accuracy")),
            of("entail", Measure.share("accuracy", "Entailment accuracy", "accuracy")),
            of("retrieval", Measure.share("retrievalR1", "Retrieval, R@1", "textRetrievalR1", "imageRetrievalR1")),
            of("caption", new Measure("cider", "CIDEr", List.of("cider"), false)));

    Task {
        measures = List.copyOf(measures);
        train = List.copyOf(train);
        validation = List.copyOf(validation);
    }

    private static Task of(String name, Measure... measures) {
        return new Task(name, List.of(measures), !name.equals(ZERO_SHOT), List.of(), List.of());
    }

    static String names() {
        return KNOWN.stream().map(Task::name).collect(Collectors.joining(", "));
    }

    /**
     * The tasks of a comparison.
     *
     * @param names as in {@code --tasks}
     * @param train by task, as in {@code --train TASK=FILE}
     * @param validation likewise
     */
    static List<Task> parse(List<String> names, Map<String, List<Path>> train, Map<String, List<Path>> validation) {
        List<Task> tasks = new ArrayList<>();
        for (String text : names) {
            String name = text.strip().toLowerCase(Locale.ROOT);
            Task known = KNOWN.stream()
                    .filter(task -> task.name().equals(name))
                    .findFirst()
                    .orElseThrow(
                            () -> new UserException("--tasks " + text + ": no such task; give some of " + names()));
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
        return map;
    }

    private static List<String> strings(List<Path> paths) {
        return paths.stream().map(Path::toString).toList();
    }
}
