package io.flm.worker.train;

import com.typesafe.config.Config;
import io.flm.data.UserException;
import io.flm.worker.task.Task;
import io.flm.worker.task.caption.CaptionTask;
import io.flm.worker.task.entail.EntailTask;
import io.flm.worker.task.nlvr.NlvrTask;
import io.flm.worker.task.nlvr2.Nlvr2Task;
import io.flm.worker.task.retrieval.RetrievalTask;
import io.flm.worker.task.vqa.VqaTask;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** The tasks that there are. */
public final class Tasks {
    /** The name of none. */
    public static final String NONE = "none";

    private Tasks() {}

    /**
     * All of them, with their settings.
     *
     * @param task {@code flm.task}
     */
    public static List<Task> all(Config task) {
        return List.of(
                VqaTask.from(task),
                new Nlvr2Task(),
                new NlvrTask(),
                new EntailTask(),
                RetrievalTask.from(task),
                CaptionTask.from(task));
    }

    /** The one that {@code flm.task.name} names; empty if the run is pretraining. */
    public static Optional<Task> of(Config root) {
        Config task = root.getConfig("flm.task");
        String name = task.getString("name");
        if (name.equalsIgnoreCase(NONE)) {
            return Optional.empty();
        }
        List<Task> all = all(task);
        return Optional.of(all.stream()
                .filter(t -> t.key().equalsIgnoreCase(name))
                .findFirst()
                .orElseThrow(() -> new UserException("flm.task.name = " + name + ": give one of "
                        + all.stream().map(Task::key).collect(Collectors.joining(", ")))));
    }
}
