package io.flm.launch.command;

import com.typesafe.config.Config;
import io.flm.data.UserException;
import io.flm.launch.config.Configuration;
import io.flm.launch.config.Presets;
import io.flm.worker.objective.Objective;
import io.flm.worker.task.Task;
import io.flm.worker.train.Objectives;
import io.flm.worker.train.Tasks;
import java.util.Iterator;
import java.util.List;

/** The names that help and errors list, read from where the parts themselves are listed: a new one shows by itself. */
final class PartNames {
    private PartNames() {}

    /** Of what models are fine-tuned on. */
    static final class OfTasks implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return Tasks.all(reference("flm.task")).stream().map(Task::key).iterator();
        }
    }

    /** Of what models are pretrained by. */
    static final class OfObjectives implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return Objectives.all(reference("flm.train")).stream()
                    .map(Objective::key)
                    .iterator();
        }
    }

    /** Of what a configuration starts from. */
    static final class OfPresets implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return Presets.NAMES.iterator();
        }
    }

    /** @throws UserException where the word after {@code --task} is no task */
    static void requireTask(String name) {
        List<String> names =
                Tasks.all(reference("flm.task")).stream().map(Task::key).toList();
        if (names.stream().noneMatch(name::equalsIgnoreCase)) {
            throw new UserException("--task " + name + ": no such task; give one of " + String.join(", ", names));
        }
    }

    private static Config reference(String path) {
        return Configuration.builder().build().config().getConfig(path);
    }
}
