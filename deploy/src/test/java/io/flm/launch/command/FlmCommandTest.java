package io.flm.launch.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import io.flm.launch.config.Configuration;
import io.flm.launch.config.Presets;
import io.flm.worker.objective.Objective;
import io.flm.worker.task.Task;
import io.flm.worker.train.Objectives;
import io.flm.worker.train.Tasks;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class FlmCommandTest {
    @TempDir
    private Path folder = Path.of("");

    private CommandLine commandLine(String... arguments) {
        return new TestEnvironment(folder).commandLine(arguments);
    }

    @Test
    void commandsThatAreNotNamedAreOnlyALineOfTheList() {
        Map<String, CommandLine> all = commandLine("@every").getSubcommands();
        CommandLine one = commandLine("pretrain", "--help");
        assertThat(one.getUsageMessage()).isEqualTo(commandLine("@every").getUsageMessage());
        assertThat(one.getSubcommands().keySet()).isEqualTo(all.keySet());
        one.getSubcommands().forEach((name, command) -> {
            String whole = usage(all, name);
            assertThat(usage(commandLine(name).getSubcommands(), name)).isEqualTo(whole);
            if (!name.equals("pretrain")) {
                assertThat(command.getUsageMessage()).hasSizeLessThan(whole.length());
            }
        });
    }

    @Test
    void partsThatThereAreAreListedByHelp() {
        Config config = Configuration.builder().build().config();
        List<String> tasks =
                Tasks.all(config.getConfig("flm.task")).stream().map(Task::key).toList();
        List<String> objectives = Objectives.all(config.getConfig("flm.train")).stream()
                .map(Objective::key)
                .toList();
        assertThat(words("finetune")).containsAll(tasks);
        assertThat(words("compare")).containsAll(tasks).containsAll(objectives);
        assertThat(words("pretrain")).containsAll(objectives).containsAll(Presets.NAMES);
    }

    private List<String> words(String command) {
        return List.of(usage(commandLine(command).getSubcommands(), command).split("[^a-z0-9-]+"));
    }

    private static String usage(Map<String, CommandLine> commands, String name) {
        return Objects.requireNonNull(commands.get(name)).getUsageMessage();
    }
}
