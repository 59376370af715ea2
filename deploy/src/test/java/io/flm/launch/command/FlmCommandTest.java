package io.flm.launch.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
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

    private static String usage(Map<String, CommandLine> commands, String name) {
        return Objects.requireNonNull(commands.get(name)).getUsageMessage();
    }
}
