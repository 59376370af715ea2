package io.flm.launch.submit;

import com.typesafe.config.Config;
import io.flm.coordinator.http.Submission;
import io.flm.launch.config.Configuration;
import io.flm.worker.torch.TorchRoute;
import io.flm.worker.train.Tasks;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What is to be trained, and where.
 *
 * @param configuration the effective one; {@code flm} holds known keys of the right types only
 * @param run the run's folder: it exists and is locked by this process
 * @param home this program's folder
 * @param resume whether to go on from the run's newest checkpoint; if there is none, the run begins anew
 * @param minWorkers with fewer nothing trains; 0: all of this process, one of several nodes
 * @param launcher where it is trained
 */
public record RunRequest(
        Configuration configuration, Path run, Path home, boolean resume, int minWorkers, Launcher launcher) {
    /** The effective configuration, Akka's part included. */
    public Config config() {
        return configuration.config();
    }

    /** The run's name, shown to users: its folder's, in the letters that names have. */
    public String name() {
        return Submission.nameOf(String.valueOf(run.getFileName()));
    }

    private String command() {
        return Tasks.of(config()).isPresent() ? "finetune" : "pretrain";
    }

    /** The arguments of the command that goes on with the run. */
    public List<String> resumption() {
        List<String> arguments = new ArrayList<>(List.of(command(), "--run", run.toString(), "--resume"));
        arguments.addAll(launcher.options());
        if (minWorkers > 0) {
            arguments.addAll(List.of("--min-workers", String.valueOf(minWorkers)));
        }
        String torch = System.getProperty(TorchRoute.PROPERTY, "");
        if (!torch.isEmpty()) {
            arguments.addAll(List.of("--torch", torch));
        }
        arguments.addAll(configuration.nodeOptions());
        return arguments;
    }
}
