package io.flm.coordinator;

import akka.actor.typed.ActorRef;
import akka.actor.typed.DispatcherSelector;
import akka.actor.typed.javadsl.ActorContext;
import io.flm.coordinator.GenerationsView.GenerationView;
import io.flm.coordinator.Membership.Candidate;
import io.flm.coordinator.Membership.Standing;
import io.flm.coordinator.RunView.CheckpointView;
import io.flm.worker.Generation;
import io.flm.worker.RunPlan;
import io.flm.worker.StepMetrics;
import io.flm.worker.Worker;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/** What outlives a state of the coordinator: the plan, the workers, the newest generation and what is known of the training. */
final class Run {
    final ActorContext<Coordinator.Command> context;
    final CoordinatorSettings settings;
    final CoordinatorEnvironment environment;
    final ActorRef<Worker.Report> reports;
    final Roster roster = new Roster();
    final EventLog events;
    final History history;
    final Notes notes;
    final ExchangeFailures failures = new ExchangeFailures();
    final Pace pace = new Pace();

    /** Of this coordinator: one more than the last one's; 0 until that is known. */
    long epoch;

    @Nullable RunPlan plan;

    /** The newest; of the run at hand. */
    @Nullable Generation generation;

    /** The members' addresses, by name: a process that was started again is another worker. */
    Map<String, ActorRef<Worker.Command>> members = Map.of();

    Worker.@Nullable Progressed progress;

    /** Of the last step that was reported. */
    @Nullable Double loss;

    @Nullable CheckpointView checkpoint;

    @Nullable String weightsSha256;

    long committedSteps;

    MetricsHistory metrics = new MetricsHistory();

    SampleHistory samples = new SampleHistory();

    final Attempts attempts;
    private final WorkerWatch watch = new WorkerWatch();
    private CompletableFuture<Void> keeping = CompletableFuture.completedFuture(null);
    private long judged;

    private final Map<String, ActorRef<Worker.Command>> drained = new TreeMap<>();

    /** Submitted here, and no generation was formed yet. */
    boolean fresh;

    /** When the newest change of membership was caused. */
    long causedAt;

    /** When a checkpoint was asked for that is not there yet; 0: none is wanted. */
    long saveWantedAt;

    Run(
            ActorContext<Coordinator.Command> context,
            CoordinatorSettings settings,
            CoordinatorEnvironment environment,
            ActorRef<Worker.Report> reports) {
        this.context = context;
        this.settings = settings;
        this.environment = environment;
        this.reports = reports;
        this.attempts = new Attempts(settings.retryPauseMs());
        this.events = new EventLog(environment.clock());
        this.history = new History(events, this::keep);
        this.notes = new Notes(text -> context.getLog().warn("run {}: {}", name(), text), events);
    }

    long now() {
        return environment.nowMs();
    }

    String name() {
        return plan == null ? "(none)" : plan.run();
    }

    RunPlan plan() {
        if (plan == null) {
            throw new IllegalStateException("there is no run");
        }
        return plan;
    }

    Generation generation() {
        if (generation == null) {
            throw new IllegalStateException("there is no generation");
        }
        return generation;
    }

    long generationNumber() {
        return generation == null ? 0 : generation.number();
    }

    /** Forgets the run before. */
    void begin(RunPlan next) {
        plan = next;
        generation = null;
        members = Map.of();
        progress = null;
        loss = null;
        checkpoint = null;
        weightsSha256 = null;
        committedSteps = 0;
        causedAt = now();
        saveWantedAt = 0;
        fresh = false;
        failures.clear();
        attempts.forget();
        drained.clear();
        notes.clear();
        history.clear();
        roster.forgetSpeeds();
        events.forget();
        metrics = new MetricsHistory();
        samples = new SampleHistory();
        readPast();
    }

    /** Of a generation's members, by name, as far as they are listed. */
    Map<String, ActorRef<Worker.Command>> addresses(Generation g) {
        Map<String, ActorRef<Worker.Command>> refs = new TreeMap<>();
        g.members().forEach(m -> roster.of(m.worker()).ifPresent(e -> refs.put(m.worker(), e.ref)));
        return refs;
    }

    /** Takes up a generation that was made here, or found. */
    void take(Generation g, String why) {
        members = addresses(g);
        generation = g;
        failures.nextGeneration();
        fresh = false;
        if (g.firstStep() < committedSteps) {
            notes.add("nobody holds step " + committedSteps + " any more: steps from " + g.firstStep()
                    + " are done again");
        }
        committedSteps = g.firstStep();
        pace.restart();
        history.add(g, environment.clock().instant(), why, causedAt);
    }

    /** Rank 0 has told of a step. */
    void progressed(Worker.Progressed p) {
        committedSteps = p.step() + 1;
        progress = p;
        loss = p.loss();
        attempts.forget();
        if (pace.progressed(committedSteps, now())) {
            notes.over(members.keySet()); // they commit steps again
        }
        history.committed(p.generation(), now());
        p.steps().forEach(metrics::add);
        StepMetrics last = p.steps().isEmpty() ? null : p.steps().get(p.steps().size() - 1);
        events.add(new RunEvent.Stepped(
                p.generation(),
                p.step(),
                p.loss(),
                p.heads(),
                p.rates(),
                last == null ? null : finite(last.learningRate()),
                last == null ? null : finite(last.gradientNorm())));
    }

    /** Rank 0 has told what weights say of held-out samples. */
    void predicted(Worker.Predicted p) {
        samples.add(p.predictions());
        events.add(new RunEvent.Sampled(p.predictions().step()));
    }

    /** JSON has no other numbers. */
    private static @Nullable Double finite(double value) {
        return Double.isFinite(value) ? value : null;
    }

    /** A run is taken up that has trained before: what this node keeps of its steps is read, beside the work of the coordinator. */
    private void readPast() {
        RunPlan of = plan;
        PastSteps past = environment.past();
        if (past == null || of == null || !of.resume()) {
            return;
        }
        context.pipeToSelf(
                CompletableFuture.supplyAsync(
                        () -> {
                            MetricsHistory read = new MetricsHistory();
                            past.read(of, read::add);
                            return new State.PastRead(of.id(), read, past.samples(of), past.generations(of));
                        },
                        blocking()),
                (read, e) -> {
                    if (e != null) {
                        context.getLog().warn("run {}: its past steps cannot be read", of.run(), e);
                    }
                    return read == null
                            ? new State.PastRead(of.id(), new MetricsHistory(), new SampleHistory(), List.of())
                            : read;
                });
    }

    /** Steps that were told meanwhile come after those that were read. */
    void pastRead(State.PastRead m) {
        if (plan != null && plan.id().equals(m.runId())) {
            m.past().append(metrics);
            metrics = m.past();
            samples.prepend(m.samples());
            history.prepend(m.generations());
        }
    }

    /** Keeps a generation in the run's folder, one after the other, beside the work of the coordinator. */
    private void keep(GenerationView made) {
        RunPlan of = plan;
        PastSteps past = environment.past();
        if (past != null && of != null) {
            Logger log = context.getLog();
            keeping = keeping.thenRunAsync(() -> past.keep(of, made), blocking())
                    .exceptionally(e -> {
                        log.warn("run {}: generation {} is not kept", of.run(), made.number(), e);
                        return null;
                    });
        }
    }

    private Executor blocking() {
        return context.getSystem().dispatchers().lookup(DispatcherSelector.blocking());
    }

    /** Whether a node's exchange has failed for longer than what it holds is waited for. */
    boolean isGivenUp(String node) {
        Long failingSince = failures.failingSince(node);
        return failingSince != null && now() - failingSince >= settings.holderTimeoutMs();
    }

    /**
     * The newest generation is over. If it committed no step, workers are set aside with which the next one would end likewise.
     *
     * @param free those that answer the coordinator and are in no generation
     * @param why it is over
     */
    void judge(List<Worker.Described> free, String why) {
        if (generation == null || generation.number() == judged) {
            return;
        }
        Generation g = generation;
        judged = g.number();
        List<Worker.Described> own =
                free.stream().filter(d -> g.rankOf(d.worker()) >= 0).toList();
        long held = Membership.topStep(own);
        // That a shard is left out is worth a generation, too; but not what a member knows whose state is another one.
        boolean wiser = own.stream()
                .anyMatch(d -> Membership.isHolder(d, g.firstStep(), g.broken())
                        && !g.broken().includes(d.broken()));
        if (Math.max(committedSteps, held) > g.firstStep() || wiser) {
            g.members().forEach(m -> roster.forgive(m.worker()));
            failures.forgive(g.nodes());
            attempts.forget();
            failures.broken()
                    .forEach((node, how) -> notes.add("node " + node + ": " + how, Set.copyOf(workersOf(node, free))));
            return;
        }
        attempts.failed(why, members.values(), now());
        Set<String> nodes = own.stream().map(Worker.Described::node).collect(Collectors.toSet());
        Set<String> holders = own.stream()
                .filter(d -> d.steps() == held)
                .map(Worker.Described::node)
                .collect(Collectors.toSet());
        failures.leftOut(g.number(), nodes, holders, now())
                .forEach((node, cause) -> quarantine(workersOf(node, free), cause));
    }

    private static List<String> workersOf(String node, List<Worker.Described> free) {
        return free.stream()
                .filter(d -> d.node().equals(node))
                .map(Worker.Described::worker)
                .toList();
    }

    /** A shard stays broken. */
    void leftOut(Worker.Failed f) {
        notes.addOnce(
                f.cause() + "; its samples are left out from step " + f.committedSteps()
                        + " on, and count as bad (flm.data.bad-sample-rate)",
                f.cause());
    }

    /** Leaves workers out for a while. */
    void quarantine(List<String> workers, String why) {
        workers.forEach(name -> roster.quarantine(name, now(), settings.setAsideMs(), why));
        notes.add(String.join(", ", workers) + " " + why, Set.copyOf(workers));
    }

    /** Changes the plan and tells every worker, each of which keeps it for the next coordinator. */
    void revise(RunPlan next) {
        plan = next;
        roster.entries().forEach(e -> {
            if (e.self != null && e.self.run().equals(next.id())) {
                e.ref.tell(new Worker.Prepare(epoch, next, reports));
            }
        });
    }

    /** A process is drained, not a name: one that was started again is taken in. */
    private void admitRestarted(Worker.Described d) {
        if (plan != null && plan.drained().containsKey(d.worker())) {
            ActorRef<Worker.Command> before = drained.putIfAbsent(d.worker(), d.self());
            if (before != null && !before.equals(d.self())) {
                drained.remove(d.worker());
                revise(plan.withoutDrained(d.worker()));
            }
        } else {
            drained.remove(d.worker());
        }
    }

    List<Candidate> candidates() {
        return roster.candidates(plan, now());
    }

    /** The member of this name, unless its process is gone. */
    Optional<Roster.Entry> member(String worker) {
        ActorRef<Worker.Command> ref = members.get(worker);
        return roster.of(worker).filter(e -> e.ref.equals(ref));
    }

    /** Members whose process is not listed, or not reachable, any more. */
    List<String> goneMembers() {
        return generation().members().stream()
                .map(Generation.Member::worker)
                .filter(name -> {
                    ActorRef<Worker.Command> ref = members.get(name);
                    return ref == null || !roster.isListed(ref);
                })
                .toList();
    }

    void tellMembers(Worker.Order order) {
        generation().members().forEach(m -> tell(m.worker(), order));
    }

    void tell(String member, Worker.Order order) {
        ActorRef<Worker.Command> ref = members.get(member);
        if (ref != null) {
            ref.tell(order);
        }
    }

    void describe(Roster.Entry e, boolean withPlan) {
        e.ref.tell(new Worker.Describe(epoch, withPlan, reports));
    }

    /** Asks those that have been silent for a while. */
    void askSilent(boolean withPlan) {
        roster.due(now(), settings.checkIntervalMs(), settings.resendMs()).forEach(e -> describe(e, withPlan));
    }

    /** Lets a worker that has just answered take up the plan, or its newest revision. */
    void bringUpToDate(Worker.Described d) {
        if (plan == null) {
            return;
        }
        boolean other = !d.run().equals(plan.id());
        if (other && d.generation() != null) {
            d.self().tell(new Worker.Abandon(epoch, d.generation().number(), "run " + name() + " has begun", reports));
        } else if (other ? d.version().equals(plan.version()) : d.revision() < plan.revision()) {
            d.self().tell(new Worker.Prepare(epoch, plan, reports));
        }
    }

    /** What has come of the run so far. */
    RunPlan.Ending ending() {
        return new RunPlan.Ending(
                committedSteps,
                loss,
                weightsSha256,
                checkpoint == null ? null : checkpoint.path(),
                checkpoint == null ? 0 : checkpoint.step(),
                checkpoint == null ? "" : checkpoint.worker());
    }

    /** Takes up what came of a run that another coordinator has finished. */
    void recall(RunPlan.Ending ending) {
        committedSteps = ending.step();
        loss = ending.loss();
        weightsSha256 = ending.weightsSha256();
        String path = ending.checkpoint();
        checkpoint = path == null ? null : new CheckpointView(ending.checkpointStep(), path, ending.worker());
    }

    /** The run as its operator sees it. */
    RunView view(String state, String reason) {
        return new RunViewer(this, state).view(reason);
    }

    /** What orders depend on: the plan with its revision, the generation and the state. */
    String tag(String state) {
        return (plan == null ? "none.0" : plan.id() + "." + plan.revision()) + "." + generationNumber() + "." + state;
    }

    /** Tells of the workers that stand otherwise than was told. */
    void watchWorkers(String state) {
        watch.look(new RunViewer(this, state).workers(), now()).ifPresent(events::add);
    }

    /** Whether a run has not ended. */
    boolean isUnderWay() {
        return plan != null
                && switch (plan.intent()) {
                    case RUN, PAUSE, STOP -> true;
                    case FINISHED, FAILED -> false;
                };
    }

    /** Whether this is the run of a plan. */
    boolean isOf(RunPlan other) {
        return plan != null && plan.id().equals(other.id());
    }

    /** A worker says where it stands; false if it is not listed. */
    boolean described(Worker.Described d) {
        if (!roster.described(d, now())) {
            return false;
        }
        if (epoch > 0 && d.epoch() > epoch) {
            context.getLog().info("worker {} has seen epoch {}: going on as {}", d.worker(), d.epoch(), d.epoch() + 1);
            epoch = d.epoch() + 1;
        }
        admitRestarted(d);
        return true;
    }

    /**
     * What the workers are to a new generation. Only those count as ready that will not enter an older one any more: what they hold
     * cannot change until they are told.
     */
    List<Candidate> fenced() {
        List<Candidate> fenced = new ArrayList<>();
        for (Candidate c : candidates()) {
            boolean behind = c.self() != null && isBehind(c.self());
            boolean free = c.standing() == Standing.READY
                    || c.standing() == Standing.DRAINED
                    || (c.standing() == Standing.QUARANTINED
                            && c.self() != null
                            && c.self().phase() == Worker.Phase.WAITING);
            fenced.add(
                    behind && free
                            ? new Candidate(
                                    c.name(),
                                    c.self(),
                                    Standing.BUSY,
                                    "is asked to leave generation " + generationNumber())
                            : c);
        }
        return fenced;
    }

    private boolean isBehind(Worker.Described d) {
        return d.lastGeneration() < generationNumber() || d.epoch() < epoch;
    }

    /** Between generations: no worker is to enter an older one any more, nor one of an older coordinator. */
    void fence(Worker.Described d, String why) {
        boolean inside = d.generation() != null && d.phase() != Worker.Phase.LEAVING;
        if (inside || isBehind(d)) {
            long number = Math.max(generationNumber(), d.lastGeneration());
            d.self().tell(new Worker.Abandon(epoch, number, why, reports));
        }
    }

    /** Tells a worker that the run has ended, if it does not know. */
    void tellEnd(Worker.Described d, String why) {
        if (plan != null && d.run().equals(plan.id())) {
            bringUpToDate(d);
            if (d.generation() != null) {
                d.self().tell(new Worker.Abandon(epoch, d.generation().number(), why, reports));
            }
        }
    }
}
