package io.flm.launch.command;

import io.flm.launch.console.Version;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code flm data}: looks at data, and packs them, before they are trained on. */
@Command(
        name = "data",
        description = "Looks at data, and at how fast they can be read; packs them, and writes tables of contents.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        synopsisSubcommandLabel = "COMMAND")
final class DataCommand implements Runnable {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    static CommandLine commandLine(Environment environment) {
        return new CommandLine(new DataCommand())
                .addSubcommand(new DataInspectCommand(environment))
                .addSubcommand(new DataBenchCommand(environment))
                .addSubcommand(new DataIndexCommand(environment))
                .addSubcommand(new DataPackCommand(environment));
    }

    /** Without a command. */
    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "no command; `flm data --help` lists them");
    }
}
