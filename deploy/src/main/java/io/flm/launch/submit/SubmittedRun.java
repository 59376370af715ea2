package io.flm.launch.submit;

import io.flm.coordinator.Coordinator.Answer;
import io.flm.coordinator.GenerationsView.GenerationView;
import io.flm.coordinator.RunView;
import io.flm.coordinator.RunView.WorkerView;
import io.flm.coordinator.http.HttpEndpoint.Submitted;
import io.flm.coordinator.http.Submission;
import io.flm.data.UserException;
import io.flm.launch.console.Json;
import io.flm.launch.console.Program;
import io.flm.launch.console.Waiting;
import io.flm.launch.run.LastStatus;
import io.flm.worker.model.ModelSettings;
import io.flm.worker.train.TrainSettings;
import io.flm.worker.weights.WeightSource;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A run that is submitted to nodes and followed over HTTP: to a node in this process, to child processes, or to a cluster. As long
 * as one node answers, or a replacement comes up, the run goes on.
 */
public final class SubmittedRun implements Pretraining {
    private static final Logger LOG = LoggerFactory.getLogger(SubmittedRun.class);
    private static final Duration PERIOD = Duration.ofMillis(150);
    private static final Duration SILENCE_TIMEOUT = Duration.ofMinutes(2);
    /** What is prepared within this needs no words. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /** The run's state is kept in its folder at each change of it, and this often. */
    private static final Duration KEEP_PERIOD = Duration.ofSeconds(5);

    private static final Set<String> CALM = Set.of("training", "forming", "idle", "discovering", "finished", "saving");

    private final RunRequest request;
    private final RunListener listener;
    private final Nodes nodes;
    private final Duration silenceTimeout;
    private final ControlClient client;
    private final RunFeed feed;
    private final TrainSettings train;
    private final Set<String> notesTold = new HashSet<>();
    private volatile String id = ""; // empty: not submitted yet
    private volatile String stopReason = ""; // empty: it is to go on
    private boolean resume;
    private String submissionKey = ""; // of the submission at hand, however often it has to be sent; empty: none
    private String submissionBody = ""; // of the same: with another body it would be another run
    private String told = "";
    private long firstStep = -1;
    private long startedAt;
    private long lastStep;
    private long lastStepAt;
    private @Nullable RunView last;
    private long keptAt;
    private long answeredAt = System.nanoTime();
    private String lastSilence = ""; // why nobody answered

    public static Pretraining start(RunRequest request, RunListener listener) {
        Launcher launcher = request.launcher();
        try (Waiting waiting = new Waiting(listener::onNote, "starting")) {
            waiting.on(launcher.starting());
            Nodes nodes = launcher.start(request, System::nanoTime, listener::onNote);
            return new SubmittedRun(request, listener, nodes, SILENCE_TIMEOUT);
        }
    }

    /** @param silenceTimeout a run is given up where no node has answered for so long */
    SubmittedRun(RunRequest request, RunListener listener, Nodes nodes, Duration silenceTimeout) {
        this.request = request;
        this.listener = listener;
        this.nodes = nodes;
        this.silenceTimeout = silenceTimeout;
        this.client = new ControlClient(nodes::targets);
        this.feed = new RunFeed(client, System::nanoTime);
        this.train = TrainSettings.from(request.config());
        this.resume = request.resume();
        LastStatus.write(
                request.run(),
                LastStatus.starting(request.run(), request.name(), train.steps()),
                request.launcher().processes());
    }

    @Override
    public boolean begin() throws InterruptedException {
        try (Waiting waiting = new Waiting(listener::onNote, "waiting for workers")) {
            if (!awaitWorkers(waiting)) {
                return false;
            }
            waiting.on("opening the data, building the model");
            submitFirst();
            awaitBegin();
            return true;
        }
    }

    @Override
    public Optional<String> page() {
        return client.page();
    }

    /**
     * Submits it. Nodes of this command's own are asked until one answers: the one that coordinated may just have been killed, and
     * another is started in its place. Who asks for a cluster of others is told at once that it does not answer.
     */
    private void submitFirst() throws InterruptedException {
        long deadline = System.nanoTime() + nodes.startTimeout().toNanos();
        while (id.isEmpty()) {
            try {
                submit();
            } catch (ControlClient.Unavailable e) {
                if (request.launcher().isExternal() || System.nanoTime() > deadline) {
                    throw new UserException(
                            e.what()
                                    + request.launcher()
                                            .command("status")
                                            .map(command -> "; " + command + " says whether the run was submitted")
                                            .orElse(""),
                            e);
                }
                LOG.info("not submitted yet: {}", e.getMessage());
                awaitAnswer(deadline);
            }
        }
    }

    /** Until a coordinator says how it stands. If it knows the run, the submission came through and its answer was lost. */
    private void awaitAnswer(long deadline) throws InterruptedException {
        while (System.nanoTime() < deadline) {
            nodes.tend(false);
            RunView view = look();
            if (view != null && isSubmitted(view)) {
                known(view.id());
            }
            if (view != null && !view.state().equals("discovering")) {
                return;
            }
            Thread.sleep(PERIOD.toMillis());
        }
    }

    /** So that the first generation has everybody: late ones would interrupt it. False: the run is to stop. */
    private boolean awaitWorkers(Waiting waiting) throws InterruptedException {
        long deadline = System.nanoTime() + nodes.startTimeout().toNanos();
        int wanted = nodes.expectedWorkers();
        while (stopReason.isEmpty()) {
            nodes.tend(false);
            RunView view = look();
            if (view != null) {
                waiting.on("waiting for workers, of which " + view.workers().size() + " of " + wanted + " are up");
            }
            if (view != null && view.workers().size() >= wanted && !view.state().equals("discovering")) {
                return stopReason.isEmpty();
            }
            if (System.nanoTime() > deadline) {
                throw new UserException((view == null
                                ? lastSilence
                                : view.workers().size() + " of " + wanted + " workers came up within "
                                        + nodes.startTimeout().toSeconds() + " s")
                        + "; "
                        + request.launcher().advice(request.run()));
            }
            Thread.sleep(PERIOD.toMillis());
        }
        return false;
    }

    /** The run as it stands; null: nobody answers at present. */
    private @Nullable RunView look() {
        try {
            RunView view = feed.look();
            answeredAt = System.nanoTime();
            return view;
        } catch (ControlClient.Unavailable e) {
            lastSilence = e.what();
            return null;
        }
    }

    /** Whether the nodes have this run: the answer to its submission may have been lost. */
    private boolean isSubmitted(RunView view) {
        return view.run().equals(request.name()) && !view.id().isEmpty();
    }

    private boolean isSilent() {
        return System.nanoTime() - answeredAt > silenceTimeout.toNanos();
    }

    private void submit() {
        if (submissionKey.isEmpty()) {
            int least = request.minWorkers() > 0 ? request.minWorkers() : nodes.leastWorkers();
            submissionBody = Json.line(
                    new Submission(request.name(), request.configuration().portable(request.home()), least, 0, resume));
            submissionKey = UUID.randomUUID().toString();
        }
        feed.askAnew();
        known(client.postOnce("/run", submissionBody, submissionKey, Submitted.class)
                .id());
    }

    /** The nodes know the run by this id from now on. */
    private void known(String newId) {
        id = newId;
        submissionKey = ""; // a further submission is another one
        if (!stopReason.isEmpty()) {
            orderStop(); // asked for meanwhile, or before the nodes were lost that knew of it
        }
    }

    /** Waits for the first steps, or for the reason why there will be none. */
    private void awaitBegin() throws InterruptedException {
        long submittedAt = System.nanoTime();
        while (!isSilent()) {
            nodes.tend(false);
            RunView view = look();
            if (view != null && !view.id().equals(id) && !view.state().equals("discovering")) {
                return; // these nodes do not know the run
            }
            if (view != null && view.id().equals(id)) {
                if (view.state().equals("failed")) {
                    LastStatus.write(request.run(), view, request.launcher().processes());
                    throw new UserException(view.reason());
                }
                if (view.state().equals("waiting")) {
                    requireSomebodyFit(view);
                    if (System.nanoTime() - submittedAt > PATIENCE.toNanos()) {
                        tellChange(view);
                    }
                }
                if (hasBegun(view)) {
                    announce(view);
                    return;
                }
            }
            Thread.sleep(PERIOD.toMillis());
        }
    }

    private static boolean hasBegun(RunView view) {
        return view.state().equals("training") || view.step() > 0 || view.ended();
    }

    /** Where every worker was refused, nobody will come: the first reason is the run's. */
    private void requireSomebodyFit(RunView view) {
        List<WorkerView> unfit = view.workers().stream()
                .filter(worker ->
                        worker.state().equals("unfit") || worker.state().equals("refused"))
                .toList();
        if (!unfit.isEmpty() && unfit.size() == view.workers().size()) {
            stop("no worker is fit");
            throw new UserException(unfit.get(0).reason());
        }
    }

    private void announce(RunView view) {
        firstStep = firstStep(view);
        startedAt = System.nanoTime();
        lastStep = firstStep;
        lastStepAt = startedAt;
        listener.onStart(new RunListener.Start(
                train.objective().key(),
                ModelSettings.from(request.config())
                        .parameterCount(train.objective().parts()),
                view.workers().stream()
                        .map(worker -> worker.name() + " " + worker.device())
                        .toList(),
                nodes.targets().isEmpty() ? "-" : nodes.targets().get(0).address(),
                firstStep,
                view.totalSteps(),
                origin()));
    }

    private String origin() {
        if (firstStep > 0) {
            return "the checkpoint of step " + firstStep;
        }
        String from = request.config().getString("flm.checkpoint.from");
        if (!from.isEmpty()) {
            return "the weights of " + from;
        }
        List<WeightSource> sources = WeightSource.from(request.config());
        return sources.isEmpty()
                ? "seed " + train.seed()
                : "the weights of "
                        + sources.stream()
                                .map(source -> source.path().toString())
                                .collect(Collectors.joining(" and "))
                        + ", else seed " + train.seed();
    }

    private long firstStep(RunView view) {
        try {
            GenerationView[] generations = client.get("/generations", GenerationView[].class);
            GenerationView newest = generations.length == 0 ? null : generations[generations.length - 1];
            // One of before, where this start of the run needed none: all its steps were done.
            return newest == null || newest.number() != view.generation() ? view.step() : newest.firstStep();
        } catch (ControlClient.Unavailable e) {
            return view.step();
        }
    }

    @Override
    public void stop(String reason) {
        stopReason = reason;
        if (!id.isEmpty()) { // else it is not submitted, or told when it is
            orderStop();
        }
    }

    private void orderStop() {
        try {
            client.post("/run/stop", Json.line(Map.of("reason", stopReason)), Answer.class);
        } catch (ControlClient.Unavailable e) {
            notStopped(e.what());
        } catch (UserException e) {
            notStopped(String.valueOf(e.getMessage()));
        }
    }

    private void notStopped(String why) {
        listener.onNote("the run cannot be stopped at present: " + why
                + request.launcher()
                        .command("stop")
                        .map(command -> "; if it goes on there, " + command + " ends it")
                        .orElse(""));
    }

    @Override
    public RunResult await() throws InterruptedException {
        while (true) {
            nodes.tend(true);
            RunView view = look();
            if (view != null) {
                if (view.id().equals(id)) {
                    follow(view, System.nanoTime());
                    if (view.ended()) {
                        return result(view);
                    }
                } else if (!submissionKey.isEmpty() && isSubmitted(view)) {
                    known(view.id()); // it was submitted again, and the answer was lost
                } else if (view.state().equals("idle")) {
                    submitAgain();
                } else if (!view.id().isEmpty()) {
                    throw new UserException(
                            "another run, " + view.run() + ", has taken the place of this one; go on later with "
                                    + Program.hint(request.resumption()));
                }
            } else if (isSilent()) {
                throw new UserException("the nodes have not answered for " + silenceTimeout.toSeconds() + " s ("
                        + lastSilence + "); "
                        + request.launcher()
                                .command("status")
                                .map(command -> command + " says whether the run goes on there; if it does not, ")
                                .orElse("")
                        + "go on with " + Program.hint(request.resumption()));
            }
            Thread.sleep(PERIOD.toMillis());
        }
    }

    /** All nodes that knew the run are gone: those that came after them go on from the newest checkpoint. */
    private void submitAgain() {
        listener.onNote("no node is left that knows the run: it goes on from its newest checkpoint");
        resume = true;
        try {
            submit();
        } catch (ControlClient.Unavailable e) {
            LOG.info("not submitted again yet: {}", e.getMessage());
        }
    }

    private void follow(RunView view, long now) {
        RunView before = last;
        last = view;
        boolean changed = before == null || !before.state().equals(view.state());
        if (changed || view.ended() || now - keptAt > KEEP_PERIOD.toNanos()) {
            LastStatus.write(request.run(), view, request.launcher().processes());
            keptAt = now;
        }
        if (firstStep < 0 && hasBegun(view)) {
            announce(view);
        }
        if (view.step() != lastStep) {
            lastStep = view.step();
            lastStepAt = now;
        }
        for (String note : view.notes()) {
            if (notesTold.add(note)) {
                listener.onNote(note);
            }
        }
        tellChange(view);
        RunView.CheckpointView checkpoint = view.checkpoint();
        if (checkpoint != null && (before == null || !checkpoint.equals(before.checkpoint()))) {
            listener.onCheckpoint(Path.of(checkpoint.path()), checkpoint.step());
        }
        if (firstStep >= 0) {
            listener.onProgress(view);
        }
    }

    /** That a run waits, halts or regroups is told, with the reason; that it trains is seen. */
    private void tellChange(RunView view) {
        String change = view.state() + ": " + view.reason();
        boolean atEnd = view.ended() || view.step() >= view.totalSteps(); // halting there is no news
        if (!CALM.contains(view.state()) && !atEnd && !change.equals(told)) {
            listener.onNote(change);
        }
        told = change;
    }

    private RunResult result(RunView view) {
        if (view.state().equals("failed")) {
            throw new UserException(view.reason());
        }
        double seconds = Math.max(1, lastStepAt - startedAt) / 1e9;
        RunView.CheckpointView checkpoint = view.checkpoint();
        return new RunResult(
                view.step(),
                view.loss(),
                view.heads(),
                (view.step() - firstStep) * train.globalBatch() / seconds,
                view.weightsSha256() == null ? "" : view.weightsSha256(),
                checkpoint == null ? null : Path.of(checkpoint.path()),
                !view.endedEarly(),
                view.reason());
    }

    @Override
    public void close() {
        feed.close();
        nodes.close();
    }
}
