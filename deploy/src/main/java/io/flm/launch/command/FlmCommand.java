package io.flm.launch.command;

import io.flm.launch.console.Failure;
import io.flm.launch.console.Logs;
import io.flm.launch.console.Version;
import io.flm.worker.torch.TorchRoute;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;
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

    private static final String EMPTY = "an empty word is no path";

    @Spec
    private CommandSpec spec = CommandSpec.create();

    /** A command: its line in the list of commands, and the whole of it. */
    record Entry(String name, String[] description, Supplier<CommandLine> whole) {
        private static Entry of(Class<?> type, Supplier<Object> command) {
            Command says = type.getAnnotation(Command.class);
            return new Entry(says.name(), says.description(), () -> new CommandLine(command.get()));
        }

        private CommandLine line() {
            CommandSpec spec = CommandSpec.create();
            spec.usageMessage().description(description);
            return new CommandLine(spec);
        }
    }

    private static List<Entry> entries(Environment environment, Logs logs) {
        List<Entry> entries = new ArrayList<>();
        entries.add(Entry.of(PretrainCommand.class, () -> new PretrainCommand(environment, logs)));
        entries.add(Entry.of(FinetuneCommand.class, () -> new FinetuneCommand(environment, logs)));
        entries.add(Entry.of(NodeCommand.class, () -> new NodeCommand(environment, logs)));
        entries.add(Entry.of(StatusCommand.class, () -> new StatusCommand(environment)));
        entries.add(Entry.of(RunsCommand.class, () -> new RunsCommand(environment)));
        entries.add(Entry.of(UiCommand.class, () -> new UiCommand(environment)));
        entries.addAll(ControlCommand.entries(environment));
        entries.add(Entry.of(EvaluateCommand.class, () -> new EvaluateCommand(environment)));
        entries.add(Entry.of(CompareCommand.class, () -> new CompareCommand(environment, logs)));
        entries.add(Entry.of(CaptionCommand.class, () -> new CaptionCommand(environment)));
        entries.add(Entry.of(ExportCommand.class, () -> new ExportCommand(environment)));
        entries.add(Entry.of(BridgeCommand.class, () -> new BridgeCommand(environment)));
        entries.add(Entry.of(ConfigCommand.class, () -> new ConfigCommand(environment)));
        entries.add(new Entry(
                "data",
                DataCommand.class.getAnnotation(Command.class).description(),
                () -> DataCommand.commandLine(environment)));
        entries.add(Entry.of(PlanCommand.class, () -> new PlanCommand(environment)));
        entries.add(Entry.of(SimulateCommand.class, () -> new SimulateCommand(environment, logs)));
        entries.add(Entry.of(DoctorCommand.class, () -> new DoctorCommand(environment)));
        entries.add(Entry.of(VersionCommand.class, () -> new VersionCommand(environment)));
        return entries;
    }

    /**
     * The command line for these arguments. Commands that they do not name have no more than their line in the list of
     * commands: to build all takes longer than anything else in a start.
     *
     * @param teller tells a failure to the user and returns the exit code
     */
    static CommandLine commandLine(
            Environment environment, Logs logs, ToIntFunction<Throwable> teller, String... arguments) {
        Set<String> named = new HashSet<>(List.of(arguments));
        boolean hidden = named.stream().anyMatch(argument -> argument.startsWith("@")); // arguments in a file
        CommandLine flm = new CommandLine(new FlmCommand());
        for (Entry entry : entries(environment, logs)) {
            boolean whole = hidden || named.contains(entry.name());
            flm.addSubcommand(entry.name(), whole ? entry.whole().get() : entry.line());
        }
        flm.registerConverter(Path.class, FlmCommand::path);
        flm.setExecutionStrategy(result -> {
            Integer help = CommandLine.executeHelpRequest(result);
            if (help != null) {
                return help;
            }
            logs.begin();
            return new CommandLine.RunLast().execute(result);
        });
        flm.setOut(new PrintWriter(environment.out(), true, StandardCharsets.UTF_8));
        flm.setCommandName(environment.program().word());
        flm.setCaseInsensitiveEnumValuesAllowed(true);
        flm.setParameterExceptionHandler((exception, all) -> refuse(exception, environment));
        flm.setExecutionExceptionHandler((exception, command, result) -> teller.applyAsInt(exception));
        return flm;
    }

    /** An empty word comes of a variable of the shell that is not set, and would be the folder at hand. */
    private static Path path(String word) {
        if (word.isEmpty()) {
            throw new TypeConversionException(EMPTY);
        }
        return Path.of(word);
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
            if (unmatched.getUnmatched().contains("")) { // what converts words to paths refused it as one of several
                line = EMPTY;
            } else if (!suggestions.isEmpty()) {
                line += "; did you mean " + suggestions.get(0) + "?";
            }
        }
        String command = exception.getCommandLine().getCommandSpec().qualifiedName(); // begins as the program is called
        environment.say(line + (line.contains("--help") ? "" : " (see `" + command + " --help`)"));
        return Failure.REFUSED;
    }
}
