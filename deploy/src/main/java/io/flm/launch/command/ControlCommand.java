package io.flm.launch.command;

import io.flm.coordinator.Coordinator.Answer;
import io.flm.data.PlainText;
import io.flm.launch.console.Failure;
import io.flm.launch.console.Json;
import io.flm.launch.console.Version;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code flm pause}, {@code continue}, {@code checkpoint} and {@code stop}: an order to the run as a whole. */
@Command(mixinStandardHelpOptions = true, versionProvider = Version.class, sortOptions = false)
final class ControlCommand implements Callable<Integer> {
    private final Environment environment;
    private final String order;

    @Mixin
    private final NodeOptions nodes = new NodeOptions();

    @Option(names = "--json", description = "Prints the answer as one JSON object.")
    private boolean json;

    private ControlCommand(Environment environment, String order) {
        this.environment = environment;
        this.order = order;
    }

    /** All of them. */
    static List<FlmCommand.Entry> entries(Environment environment) {
        return List.of(
                entry(environment, "pause", "Lets a run halt after the step at hand, with a checkpoint, and wait."),
                entry(environment, "continue", "Lets a paused run go on."),
                entry(environment, "checkpoint", "Lets a run write a checkpoint after the step at hand, and go on."),
                entry(environment, "stop", "Ends a run after the step at hand, with a checkpoint."));
    }

    private static FlmCommand.Entry entry(Environment environment, String order, String description) {
        return new FlmCommand.Entry(order, new String[] {description}, () -> {
            CommandLine command = new CommandLine(new ControlCommand(environment, order));
            command.getCommandSpec().usageMessage().description(description);
            return command;
        });
    }

    @Override
    public Integer call() {
        Answer answer = nodes.client(environment).post("/run/" + order, "", Answer.class);
        tell(environment, answer, json);
        return Failure.OK;
    }

    static void tell(Environment environment, Answer answer, boolean json) {
        environment.out().println(json ? Json.line(answer) : PlainText.of(answer.state() + ": " + answer.reason()));
    }
}
