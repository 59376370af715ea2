package io.flm.launch.compare;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigValueFactory;
import io.flm.launch.config.Configuration;
import io.flm.launch.console.Screen;
import io.flm.launch.console.Waiting;
import io.flm.worker.train.TaskData;
import io.flm.worker.train.Tasks;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What the fine-tunings of a comparison read, looked at before anything is pretrained. A file that was found wrong after days of
 * pretraining could not be mended: the comparison's folder belongs to the files as they were.
 */
final class FineTuningData {
    private FineTuningData() {}

    /** @throws io.flm.data.UserException naming the task, and what is wrong */
    static void look(Experiment experiment, Screen screen) {
        for (Task task : experiment.tasks()) {
            if (task.fineTuned()) {
                try (Waiting waiting = Waiting.shown(screen, "looking at the data of " + task.name())) {
                    look(task, experiment, screen, waiting);
                }
            }
        }
    }

    private static void look(Task task, Experiment experiment, Screen screen, Waiting waiting) {
        Configuration.Builder layers = Configuration.builder().task(task.name());
        experiment.fineTuningSettings().forEach(setting -> layers.set(setting, Path.of("")));
        Config config = layers.build()
                .given()
                .withFallback(experiment.configuration().config())
                .withValue("flm.task.name", ConfigValueFactory.fromAnyRef(task.name()));
        config = with(config, task.train(), "flm.task.train", "flm.data.paths");
        config = with(config, task.validation(), "flm.task.val", "flm.data.eval-paths");
        waiting.on("reading " + task.train());
        Map<String, Object> learnt = Tasks.of(config)
                .orElseThrow()
                .settings(
                        config.getStringList("flm.task.train").stream()
                                .map(Path::of)
                                .toList(),
                        screen::say);
        for (Map.Entry<String, Object> setting : learnt.entrySet()) {
            config = config.withValue(setting.getKey(), ConfigValueFactory.fromAnyRef(setting.getValue()));
        }
        TaskData.look(Tasks.of(config).orElseThrow(), config, screen::say, waiting::on);
    }

    /** Files without pictures are of the pictures of the pretraining. */
    private static Config with(Config config, List<Path> files, String annotations, String pictures) {
        List<String> read = new ArrayList<>();
        List<String> shown = new ArrayList<>();
        files.forEach(file -> (TaskData.isAnnotation(file.toString()) ? read : shown).add(file.toString()));
        Config with = config.withValue(annotations, ConfigValueFactory.fromIterable(read));
        return shown.isEmpty() ? with : with.withValue(pictures, ConfigValueFactory.fromIterable(shown));
    }
}
