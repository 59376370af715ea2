package io.flm.launch.command;

import io.flm.coordinator.Coordinator.Answer;
import io.flm.launch.console.Failure;
import io.flm.launch.console.Version;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code flm drain} and {@code flm admit}: an order about one worker. */
@Command(mixinStandardHelpOptions = true, versionProvider = Version.class, sortOptions = false)
final class WorkerCommand implements Callable<Integer> {
    private final Environment environment;
    private final String order;

    @Parameters(paramLabel = "WORKER", description = "Its name, as `${ROOT-COMMAND-NAME} status` shows it.")
    private String worker = "";

    @Mixin
    private final NodeOptions nodes = new NodeOptions();

    @Option(names = "--json", description = "Prints the answer as one JSON object.")
    private boolean json;

    private WorkerCommand(Environment environment, String order) {
        this.environment = environment;
        this.order = order;
    }

    /** All of them. */
    static List<FlmCommand.Entry> entries(Environment environment) {
        return List.of(
                entry(
                        environment,
                        "drain",
                        "Leaves a worker out after the step at hand; the others go on with its lanes."),
                entry(environment, "admit", "Takes a drained worker in again."));
    }

    private static FlmCommand.Entry entry(Environment environment, String order, String description) {
        return new FlmCommand.Entry(order, new String[] {description}, () -> {
            CommandLine command = new CommandLine(new WorkerCommand(environment, order));
            command.getCommandSpec().usageMessage().description(description);
            return command;
        });
    }

    @Override
    public Integer call() {
        String name = URLEncoder.encode(worker, StandardCharsets.UTF_8).replace("+", "%20");
        Answer answer = nodes.client(environment).post("/workers/" + name + "/" + order, "", Answer.class);
        ControlCommand.tell(environment, answer, json);
        return Failure.OK;
    }
}
