package io.flm.launch;

import io.flm.worker.torch.TorchRoute;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.ToIntFunction;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** {@code flm}: says which commands there are. */
@Command(
        name = "flm",
        description = "Pretrains vision-language models by Free Language Modeling.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        synopsisSubcommandLabel = "COMMAND",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:done",
            "1:the run or the check failed",
            "2:refused before it began: command line, configuration, data or machine",
            "128 + n:ended as signal n asked: 129 SIGHUP, 130 Ctrl-C, 143 SIGTERM"
        })
final class FlmCommand implements Runnable {
    /** Which libtorch is loaded; read by the worker's engine before it starts, and by the launcher for the class path. */
    @Option(
            names = "--torch",
            paramLabel = "ROUTE",
            scope = ScopeType.INHERIT,
            description =
                    "Which torch computes: auto (what `${ROOT-COMMAND-NAME} bridge` chose, else bundled), bundled, host, download.")
    void torch(String route) {
        System.setProperty(TorchRoute.PROPERTY, route);
    }

    @Spec
    private CommandSpec spec = CommandSpec.create();

    /**
     * The whole command line.
     *
     * @param teller tells a failure to the user and returns the exit code
     */
    static CommandLine commandLine(Environment environment, Logs logs, ToIntFunction<Throwable> teller) {
        CommandLine flm = new CommandLine(new FlmCommand());
        flm.addSubcommand(new PretrainCommand(environment, logs));
        flm.addSubcommand(new NodeCommand(environment, logs));
        flm.addSubcommand(new StatusCommand(environment));
        flm.addSubcommand(new RunsCommand(environment));
        ControlCommand.addTo(flm, environment);
        WorkerCommand.addTo(flm, environment);
        flm.addSubcommand(new EvaluateCommand(environment));
        flm.addSubcommand(new CaptionCommand(environment));
        flm.addSubcommand(new BridgeCommand(environment));
        flm.addSubcommand(new ConfigCommand(environment));
        flm.addSubcommand(DataCommand.commandLine(environment));
        flm.addSubcommand(new SimulateCommand(environment, logs));
        flm.addSubcommand(new DoctorCommand(environment));
        flm.addSubcommand(new VersionCommand(environment));
        flm.setOut(new PrintWriter(environment.out(), true, StandardCharsets.UTF_8));
        flm.setCommandName(environment.program().word());
        flm.setCaseInsensitiveEnumValuesAllowed(true);
        flm.setParameterExceptionHandler((exception, arguments) -> refuse(exception, environment));
        flm.setExecutionExceptionHandler((exception, command, result) -> teller.applyAsInt(exception));
        return flm;
    }

    /** Without a command. */
    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "no command; `flm --help` lists them");
    }

    private static int refuse(ParameterException exception, Environment environment) {
        String line = String.valueOf(exception.getMessage()).lines().findFirst().orElse("");
        if (exception instanceof UnmatchedArgumentException unmatched) {
            List<String> suggestions = unmatched.getSuggestions();
            if (!suggestions.isEmpty()) {
                line += "; did you mean " + suggestions.get(0) + "?";
            }
        }
        String command = exception.getCommandLine().getCommandSpec().qualifiedName(); // begins as the program is called
        environment.say(line + (line.contains("--help") ? "" : " (see `" + command + " --help`)"));
        return Failure.REFUSED;
    }
}
