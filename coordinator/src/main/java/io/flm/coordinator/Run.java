package io.flm.coordinator;

import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.ActorContext;
import io.flm.coordinator.Membership.Candidate;
import io.flm.coordinator.Membership.Standing;
import io.flm.coordinator.RunView.CheckpointView;
import io.flm.coordinator.RunView.WorkerView;
import io.flm.worker.Generation;
import io.flm.worker.RunPlan;
import io.flm.worker.Worker;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What outlives a state of the coordinator: the plan, the workers, the newest generation and what is known of the training. */
final class Run {
    private static final int NOTES = 20;

    /** What notes are about, beside workers: a checkpoint that was asked for. */
    static final String CHECKPOINT = "(checkpoint)";

    /**
     * Told until it is over.
     *
     * @param about whose fault it tells; empty: what it tells stays true
     */
    private record Note(String text, Set<String> about) {}

    private static final int WAITERS = 100;

    final ActorContext<Coordinator.Command> context;
    final CoordinatorSettings settings;
    final CoordinatorEnvironment world;
    final ActorRef<Worker.Report> reports;
    final Roster roster = new Roster();
    final History history = new History();
    private final Deque<Note> notes = new ArrayDeque<>();
    private final Deque<Coordinator.AwaitEnd> waiters = new ArrayDeque<>();

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

    /** When the newest generation's first report came, and of which step; then when the newest did. 0: none has. */
    private long pacedSince;

    private long pacedFrom;
    private long pacedAt;

    /** Of the newest generation, for each node the nodes that it did not hear. */
    private final Map<String, Set<String>> unheard = new TreeMap<>();

    /** Of the newest generation, the nodes whose own exchange failed, and how. */
    private final Map<String, String> broken = new TreeMap<>();

    /** Since when each node's own exchange fails, without a step of a generation with it meanwhile. */
    private final Map<String, Long> brokenSince = new TreeMap<>();

    final Attempts attempts;
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
            CoordinatorEnvironment world,
            ActorRef<Worker.Report> reports) {
        this.context = context;
        this.settings = settings;
        this.world = world;
        this.reports = reports;
        this.attempts = new Attempts(settings.retryPauseMs());
    }

    long now() {
        return world.nowMs();
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
        unheard.clear();
        broken.clear();
        brokenSince.clear();
        attempts.forget();
        drained.clear();
        notes.clear();
        history.clear();
        roster.forgetSpeeds();
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
        unheard.clear();
        broken.clear();
        fresh = false;
        if (g.firstStep() < committedSteps) {
            note("nobody holds step " + committedSteps + " any more: steps from " + g.firstStep() + " are done again");
        }
        committedSteps = g.firstStep();
        pacedSince = 0;
        history.add(g, world.clock().instant(), why, causedAt);
    }

    /** Rank 0 has told of a step. */
    void progressed(Worker.Progressed p) {
        committedSteps = p.step() + 1;
        progress = p;
        loss = p.loss();
        attempts.forget();
        pacedAt = now();
        if (pacedSince == 0) {
            pacedSince = pacedAt;
            pacedFrom = committedSteps;
            over(members.keySet()); // they commit steps again
        }
        history.committed(p.generation(), pacedAt);
    }

    /** Notes whom a member of the newest generation did not hear; or that it names itself, since its own exchange failed. */
    void hear(Worker.Failed f) {
        Generation g = generation();
        String node = g.members().get(g.rankOf(f.worker())).node();
        if (f.lostNodes().contains(node)) {
            broken.putIfAbsent(node, f.cause());
        } else if (!f.lostNodes().isEmpty()) {
            unheard.computeIfAbsent(node, by -> new TreeSet<>()).addAll(f.lostNodes());
        }
    }

    /** Whether a node's exchange has failed for so long that nobody waits any more for what it holds. */
    boolean isGivenUp(String node) {
        Long since = brokenSince.get(node);
        return since != null && now() - since >= settings.holderTimeoutMs();
    }

    /**
     * The newest generation is over. Where it committed no step, those are set aside with whom the next one would end likewise: whose
     * own exchange failed, and who was not heard.
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
        List<Worker.Described> members =
                free.stream().filter(d -> g.rankOf(d.worker()) >= 0).toList();
        long held = Membership.topStep(members);
        if (Math.max(committedSteps, held) > g.firstStep()) {
            g.members().forEach(m -> {
                roster.forgive(m.worker());
                brokenSince.remove(m.node());
            });
            attempts.forget();
            broken.forEach((node, how) -> note("node " + node + ": " + how, Set.copyOf(workersOf(node, free))));
            return;
        }
        attempts.failed(why, this.members.values(), now());
        Set<String> nodes = members.stream().map(Worker.Described::node).collect(Collectors.toCollection(TreeSet::new));
        Set<String> holders = members.stream()
                .filter(d -> d.steps() == held)
                .map(Worker.Described::node)
                .collect(Collectors.toSet());
        broken.keySet().forEach(node -> brokenSince.putIfAbsent(node, now()));
        Set<String> out = Reachability.broken(broken.keySet(), nodes, holders);
        out.forEach(node -> setAside(
                workersOf(node, free),
                "left generation " + g.number() + ", which committed no step: " + broken.get(node)));
        unheard.keySet().removeAll(broken.keySet());
        unheard.values().forEach(others -> others.removeAll(broken.keySet()));
        nodes.removeAll(out);
        Reachability.leftOut(unheard, nodes, holders).forEach((node, others) -> {
            setAside(
                    workersOf(node, free),
                    "did not hear " + String.join(", ", others) + ", or was not heard there, in generation "
                            + g.number() + ", which committed no step; let UDP pass between them (flm.exchange.port)");
        });
        unheard.clear();
    }

    private static List<String> workersOf(String node, List<Worker.Described> free) {
        return free.stream()
                .filter(d -> d.node().equals(node))
                .map(Worker.Described::worker)
                .toList();
    }

    /** Leaves workers out for a while. */
    void setAside(List<String> workers, String why) {
        workers.forEach(name -> roster.setAside(name, now(), settings.setAsideMs(), why));
        note(String.join(", ", workers) + " " + why, Set.copyOf(workers));
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
    void admitRestarted(Worker.Described d) {
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

    void note(String note) {
        note(note, Set.of());
    }

    void note(String note, Set<String> about) {
        context.getLog().warn("run {}: {}", name(), note);
        notes.addLast(new Note(Excerpt.of(note), about));
        if (notes.size() > NOTES) {
            notes.removeFirst();
        }
    }

    void noteOnce(String note, String about) {
        if (notes.stream().noneMatch(known -> known.text().equals(Excerpt.of(note)))) {
            note(note, Set.of(about));
        }
    }

    /** Or a checkpoint that a worker could not write: another's success does not mend its disk. */
    static String checkpointOf(String worker) {
        return "(checkpoint of " + worker + ")";
    }

    /** What was noted about these is over, of a note of several about all of them. */
    void over(Set<String> about) {
        notes.removeIf(note -> !note.about().isEmpty() && about.containsAll(note.about()));
    }

    void await(Coordinator.AwaitEnd m) {
        waiters.addLast(m);
        if (waiters.size() > WAITERS) {
            waiters.removeFirst(); // it asks again
        }
    }

    /** Tells those that await the end of this run. */
    void ended(RunView last) {
        waiters.removeIf(w -> {
            boolean its = w.id().equals(last.id());
            if (its) {
                w.replyTo().tell(last);
            }
            return its;
        });
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

    RunView view(String state, String reason) {
        boolean trains = state.equals("training");
        Worker.Progressed p = progress;
        boolean inGeneration = trains || state.equals("forming") || state.equals("halting");
        List<Candidate> candidates = candidates();
        List<WorkerView> views = new ArrayList<>();
        candidates.forEach(c -> views.add(view(c, inGeneration, candidates.size())));
        return new RunView(
                plan == null ? "" : plan.run(),
                plan == null ? "" : plan.id(),
                state,
                Excerpt.of(reason),
                generationNumber(),
                committedSteps,
                plan == null ? 0 : plan.totalSteps(),
                loss,
                p == null ? List.of() : p.heads(),
                p == null || !trains ? 0 : p.rates().samplesPerSecond(),
                p == null || !trains ? 0 : p.rates().tokensPerSecond(),
                trains ? secondsLeft() : null,
                p == null ? null : p.rates().shares(),
                plan == null ? 0 : plan.minWorkers(),
                plan == null ? 0 : plan.mostMembers(),
                weightsSha256,
                checkpoint,
                notes.stream().map(Note::text).toList(),
                views);
    }

    /** By the generation's own steps: others had other members. */
    private @Nullable Double secondsLeft() {
        long done = committedSteps - pacedFrom;
        if (plan == null || pacedSince == 0 || done < 1) {
            return null;
        }
        double stepMs = (double) (pacedAt - pacedSince) / done;
        double leftMs = (double) Math.max(0, plan.totalSteps() - committedSteps) * stepMs;
        if (plan.deadline() > 0) {
            leftMs = Math.min(
                    leftMs, (double) Math.max(0, plan.deadline() - world.clock().millis()));
        }
        return leftMs / 1000;
    }

    private WorkerView view(Candidate c, boolean inGeneration, int count) {
        Worker.Described d = c.self();
        Generation g = generation;
        int rank = g == null || !inGeneration || c.standing() == Standing.REFUSED ? -1 : g.rankOf(c.name());
        String state = Membership.word(c.standing());
        if (d != null && (c.standing() == Standing.READY || c.standing() == Standing.BUSY)) {
            state = inGeneration && rank < 0 && c.standing() == Standing.READY && g != null && isFull(g)
                    ? "spare"
                    : d.phase().name().toLowerCase(Locale.ROOT);
        }
        return new WorkerView(
                c.name(),
                d == null ? "" : d.node(),
                d == null ? "" : d.device(),
                state,
                rank,
                rank < 0 || g == null ? "" : g.members().get(rank).lanes().toString(),
                d == null ? 0 : d.laneMs(),
                d == null || d.generation() == null ? 0 : d.generation().number(),
                d == null ? 0 : d.steps(),
                state.equals("spare") ? "all places of the generation are taken" : Excerpt.of(c.reason(), count));
    }

    private boolean isFull(Generation g) {
        return plan != null && g.worldSize() >= plan.mostMembers();
    }
}
