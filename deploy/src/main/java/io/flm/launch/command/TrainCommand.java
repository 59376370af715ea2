package io.flm.launch.command;

import com.typesafe.config.Config;
import io.flm.data.DataSettings;
import io.flm.data.RemotePath;
import io.flm.data.UserException;
import io.flm.launch.config.Configuration;
import io.flm.launch.config.Settings;
import io.flm.launch.console.Failure;
import io.flm.launch.console.Interrupts;
import io.flm.launch.console.Json;
import io.flm.launch.console.LogForm;
import io.flm.launch.console.Logs;
import io.flm.launch.console.Program;
import io.flm.launch.console.Waiting;
import io.flm.launch.report.MeasuredRatesText;
import io.flm.launch.report.Progress;
import io.flm.launch.run.HeldOutShare;
import io.flm.launch.run.LastStatus;
import io.flm.launch.run.MemoryNeed;
import io.flm.launch.run.RunFiles;
import io.flm.launch.submit.Launcher;
import io.flm.launch.submit.Pretraining;
import io.flm.launch.submit.RunEstimate;
import io.flm.launch.submit.RunListener;
import io.flm.launch.submit.RunRequest;
import io.flm.launch.submit.RunResult;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * A command that trains: collects the configuration, takes a run folder, trains, evaluates. What is trained, its subclasses say:
 * {@link PretrainCommand} and {@link FinetuneCommand}.
 */
abstract class TrainCommand implements Callable<Integer> {

    final Environment environment;
    private final Logs logs;
    private final AtomicReference<@Nullable Path> scoring = new AtomicReference<>(); // the checkpoint that is evaluated

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    final ConfigOptions configOptions = new ConfigOptions();

    @Option(names = "--run", paramLabel = "DIR", description = "The run's folder. Default: the next one in runs/.")
    @Nullable Path run;

    @Option(
            names = "--resume",
            description =
                    "Goes on from the newest checkpoint of the run, with the run's own configuration in the place of"
                            + " the preset. Without --run: the run in runs/ that was worked on last.")
    boolean resume;

    @Option(
            names = "--accept",
            paramLabel = "KEY|data",
            split = ",",
            description =
                    "With --resume: may differ from before though it decides the weights, which follow it from here on;"
                            + " data: the data were mended.")
    private List<String> accept = List.of();

    @Mixin
    private final LauncherOptions launching = new LauncherOptions();

    @Option(
            names = "--dry-run",
            description =
                    "Trains nothing: says what memory, disk and network the run would take, and checks it like a run.")
    private boolean dryRun;

    @Option(names = "--json", description = "Prints one JSON object as the last line of standard output.")
    private boolean json;

    TrainCommand(Environment environment, Logs logs) {
        this.environment = environment;
        this.logs = logs;
    }

    /** How a run is called that has no name of its own. */
    abstract String runName();

    /** The configuration of a run that does not go on. */
    abstract Configuration.Builder newRun();

    /** Lays the command's own options over the other layers. */
    abstract void over(Configuration.Builder layers);

    /** Looks at what it is to be trained on, before a run's folder is made; not where other hosts have it. */
    void look(Config config) {}

    /** Whether the command goes on with a run of this configuration; else {@code flm pretrain} does. */
    boolean trains(Config config) {
        return true;
    }

    /** No constant: who asks for help needs no log. */
    private static Logger log() {
        return LoggerFactory.getLogger(TrainCommand.class);
    }

    @Override
    public Integer call() throws Exception {
        checkOptions();
        AtomicReference<@Nullable RunFiles> held = new AtomicReference<>();
        AtomicReference<@Nullable Pretraining> started = new AtomicReference<>();
        AtomicBoolean begun = new AtomicBoolean();
        Interrupts interrupts = interrupts(held, started, begun);
        Path folder = folder();
        if (resume) {
            RunFiles.requireRun(folder);
        } else {
            RunFiles.requireNew(folder); // before data are read, which takes long
        }
        Configuration configuration = configuration(folder);
        if (resume && !trains(configuration.config())) {
            throw new UserException(folder + ": is no fine-tuning; go on with it by "
                    + Program.hint(LastStatus.resumption(folder)) + ", or give another --run");
        }
        configuration.requireNamedServers();
        Settings.checkNode(configuration.config());
        Settings.checkRun(configuration.config());
        Launcher launcher = launching.launcher(configuration.config(), environment);
        if (!launcher.isExternal()) {
            look(configuration.config());
        }
        Optional<HeldOutShare> heldOut = heldOut(configuration.config(), launcher);
        RunEstimate estimate = estimate(configuration.config(), launcher, folder, heldOut);
        if (dryRun) {
            environment.out().print(json ? Json.line(estimate.toMap()) + "\n" : estimate.text(measuring()));
        }
        if (!launcher.isExternal()) { // its nodes check for themselves
            estimate.check().forEach(environment::warn);
        }
        heldOut.flatMap(share -> share.check(configuration))
                .filter(note -> !dryRun)
                .ifPresent(environment::say);
        if (dryRun) {
            return Failure.OK;
        }
        RunFiles files;
        synchronized (held) {
            files = take(folder);
            held.set(files);
        }
        folder = files.path();
        try {
            logs.to(files.log(), LogForm.from(configuration.config()));
            environment.say((resume ? "going on with " : "run ") + folder + "; log: " + logs.place());
            RunListener listener = progress(configuration);
            RunRequest request =
                    new RunRequest(configuration, folder, environment.home(), resume, launching.minWorkers(), launcher);
            if (!resume) {
                write(files.configuration(), configuration); // a run from now on: SIGKILL may come at any moment
            }
            try (Pretraining pretraining = environment.starter().start(request, listener)) {
                started.set(pretraining);
                if (!pretraining.begin()) {
                    environment.say("stopped before the run was submitted");
                    return interrupts.asked().map(Interrupts.Signal::exitCode).orElse(Failure.FAILED);
                }
                if (resume) {
                    write(files.configuration(), configuration); // a run that did not go on keeps its own
                }
                begun.set(true);
                pretraining.page().ifPresent(page -> environment.say("page: " + page));
                return train(pretraining, interrupts, request, begun);
            }
        } finally {
            if (begun.get()) {
                files.close();
            } else {
                logs.toTemporary();
                files.discard();
            }
        }
    }

    /** From the first on: what a JVM does of its own on a signal lets this thread make the run's folder meanwhile. */
    private Interrupts interrupts(
            AtomicReference<@Nullable RunFiles> held,
            AtomicReference<@Nullable Pretraining> started,
            AtomicBoolean begun) {
        return Interrupts.on(environment.nanoTime(), signal -> {
            Pretraining pretraining = started.get();
            if (pretraining == null) { // what starts cannot be asked to stop, and holds nothing yet
                synchronized (held) { // while the folder is made, there is none to discard
                    environment.say(signal.shown() + ": ended before the run began");
                    RunFiles files = held.get();
                    if (files != null) {
                        files.discard();
                    }
                    Runtime.getRuntime().halt(signal.exitCode());
                }
                return;
            }
            Path scored = scoring.get();
            if (scored != null) { // the run has ended: there is nothing to stop but this process
                environment.screen().status("");
                environment.say(
                        signal.shown() + ": ended while " + scored + " was scored; the run is finished; score it with "
                                + Program.hint("evaluate", "--from", scored.toString()));
                Runtime.getRuntime().halt(signal.exitCode());
            }
            String how =
                    signal.shown() + ": stopping" + (begun.get() ? " after the step at hand, with a checkpoint" : "");
            log().info("{}", how);
            environment.say(how + "; Ctrl-C again ends at once");
            pretraining.stop(signal.shown());
        });
    }

    /** What a run of this machine holds out of its data; the nodes of a cluster have their own. */
    private Optional<HeldOutShare> heldOut(Config config, Launcher launcher) {
        DataSettings data = DataSettings.from(config);
        if (launcher.isExternal() || !HeldOutShare.matters(data)) {
            return Optional.empty();
        }
        try (Waiting waiting = Waiting.shown(environment.screen(), "looking at the data")) {
            waiting.on("reading the tables of " + RemotePath.shown(data.paths()));
            return Optional.of(HeldOutShare.count(data, dryRun));
        }
    }

    private RunEstimate estimate(Config config, Launcher launcher, Path folder, Optional<HeldOutShare> heldOut) {
        MemoryNeed.Layout layout = launcher.layout(config)
                .orElse(new MemoryNeed.Layout(1, 1, 1, false, false)); // of a node with one worker
        return new RunEstimate(config, layout, environment.memory().get(), folder, heldOut);
    }

    /** The command at hand, of a few steps, in a folder of its own. */
    private String measuring() {
        List<String> arguments = new ArrayList<>();
        boolean skipped = false;
        for (String argument : spec.commandLine().getParseResult().originalArgs()) {
            boolean other = argument.matches("--(run|steps|minutes|accept)(=.*)?");
            if (!skipped && !other && !argument.matches("--(dry-run|json|resume)")) {
                arguments.add(argument);
            }
            skipped = other && !argument.contains("=");
        }
        arguments.addAll(List.of("--steps", "20"));
        return environment.program().lines(arguments);
    }

    /** What can be told before anything is read or made. */
    void checkOptions() {
        if (!accept.isEmpty() && !resume) {
            throw new UserException("--accept is for a run that goes on: give --resume, too");
        }
    }

    private Path folder() {
        if (run != null) {
            return environment.resolve(run);
        }
        if (!resume) {
            return RunFiles.next(runs(), runName());
        }
        return RunFiles.newest(runs())
                .orElseThrow(() -> new UserException(runs() + ": holds no run to go on with; say which with --run"));
    }

    private RunFiles take(Path folder) {
        if (resume) {
            return RunFiles.resume(folder);
        }
        return run == null ? RunFiles.createNext(runs(), runName()) : RunFiles.create(folder);
    }

    private Path runs() {
        return environment.folder().resolve("runs");
    }

    private Configuration configuration(Path folder) {
        Configuration.Builder layers = layers(folder);
        if (!accept.isEmpty()) {
            layers.option("flm.checkpoint.accept", accept, "--accept", environment.folder());
        }
        over(layers);
        return layers.build();
    }

    private Configuration.Builder layers(Path folder) {
        return resume ? configOptions.layersOver(RunFiles.configurationOf(folder), environment) : newRun();
    }

    private Progress progress(Configuration configuration) {
        return new Progress(
                environment.screen(),
                environment.nanoTime(),
                configuration.config().getDouble("flm.train.minutes"));
    }

    private static void write(Path file, Configuration configuration) {
        RunFiles.write(file, configuration.render());
    }

    private int train(Pretraining pretraining, Interrupts interrupts, RunRequest request, AtomicBoolean begun)
            throws InterruptedException {
        Path folder = request.run();
        RunResult result;
        try {
            result = pretraining.await();
        } catch (RuntimeException | Error e) {
            environment.screen().status("");
            Failure failure = Failure.of(e).ofRun();
            log().error("the run failed", e);
            environment.say(failure.line()
                    + RunFiles.newestCheckpoint(folder)
                            .map(newest -> "; go on from " + newest + " with " + Program.hint(request.resumption()))
                            .orElse("")
                    + "; log: " + logs.place());
            return failure.exitCode();
        }
        boolean late = interrupts.asked().isEmpty() && result.finished(); // by the time limit
        boolean ended = late || interrupts.asked().isPresent();
        if (ended && !resume && result.steps() == 0 && result.checkpoint() == null && !RunFiles.hasSteps(folder)) {
            begun.set(false); // there is nothing to go on from
            environment.say(result.reason() + ", before the first step" + (late ? "; give more --minutes" : ""));
            return interrupts.asked().map(Interrupts.Signal::exitCode).orElse(late ? Failure.FAILED : Failure.OK);
        }
        environment.say(String.format(
                Locale.ROOT,
                "%s; %scheckpoint: %s",
                result.reason(),
                result.samplesPerSecond() == 0
                        ? "" // no step was left
                        : String.format(Locale.ROOT, "%.0f samples/s; ", result.samplesPerSecond()),
                result.checkpoint() == null ? "none" : result.checkpoint()));
        MeasuredRatesText.of(result.heads()).ifPresent(environment::say);
        if (!result.finished() || (late && result.steps() == 0)) {
            environment.say("go on with: " + environment.program().command(request.resumption()));
        }
        Map<String, @Nullable Object> summary = result.toMap(folder);
        Path checkpoint = result.checkpoint();
        int exitCode = interrupts.asked().map(Interrupts.Signal::exitCode).orElse(Failure.OK);
        if (result.finished() && interrupts.asked().isEmpty() && checkpoint != null) {
            scoring.set(checkpoint);
            try {
                LastEvaluation.of(environment, request, checkpoint, result.steps())
                        .ifPresent(report -> summary.put("heldOut", report));
            } catch (RuntimeException | Error e) { // the run is finished all the same
                log().error("the evaluation failed", e);
                environment.say(Failure.of(e).line() + "; evaluate it with "
                        + Program.hint("evaluate", "--from", checkpoint.toString()));
                exitCode = Failure.FAILED;
            } finally {
                scoring.set(null);
            }
        }
        if (json) {
            environment.out().println(Json.line(summary));
        }
        return exitCode;
    }
}
