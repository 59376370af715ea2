package io.flm.launch.command;

import io.flm.coordinator.Coordinator.Answer;
import io.flm.data.PlainText;
import io.flm.launch.console.Failure;
import io.flm.launch.console.Json;
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

/** {@code flm pause}, {@code continue}, {@code checkpoint} and {@code stop}: an order to the run as a whole. */
@Command(mixinStandardHelpOptions = true, versionProvider = Version.class, sortOptions = false)
class ControlCommand implements Callable<Integer> {
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

    /** {@code flm drain} and {@code flm admit}: an order about one worker. */
    private static final class OfWorker extends ControlCommand {
        @Parameters(paramLabel = "WORKER", description = "Its name, as `${ROOT-COMMAND-NAME} status` shows it.")
        private String worker = "";

        private OfWorker(Environment environment, String order) {
            super(environment, order);
        }

        @Override
        String path() {
            return "/workers/"
                    + URLEncoder.encode(worker, StandardCharsets.UTF_8).replace("+", "%20");
        }
    }

    /** All of them. */
    static List<FlmCommand.Entry> entries(Environment e) {
        return List.of(
                entry(
                        new ControlCommand(e, "pause"),
                        "Lets a run halt after the step at hand, with a checkpoint, and wait."),
                entry(new ControlCommand(e, "continue"), "Lets a paused run go on."),
                entry(
                        new ControlCommand(e, "checkpoint"),
                        "Lets a run write a checkpoint after the step at hand, and go on."),
                entry(new ControlCommand(e, "stop"), "Ends a run after the step at hand, with a checkpoint."),
                entry(
                        new OfWorker(e, "drain"),
                        "Leaves a worker out after the step at hand; the others go on with its lanes."),
                entry(new OfWorker(e, "admit"), "Takes a drained worker in again."));
    }

    private static FlmCommand.Entry entry(ControlCommand order, String description) {
        return new FlmCommand.Entry(order.order, new String[] {description}, () -> {
            CommandLine command = new CommandLine(order);
            command.getCommandSpec().usageMessage().description(description);
            return command;
        });
    }

    /** What the order is about, as a node's HTTP names it. */
    String path() {
        return "/run";
    }

    @Override
    public Integer call() {
        Answer answer = nodes.client(environment).post(path() + "/" + order, "", Answer.class);
        environment.out().println(json ? Json.line(answer) : PlainText.of(answer.state() + ": " + answer.reason()));
        return Failure.OK;
    }
}
