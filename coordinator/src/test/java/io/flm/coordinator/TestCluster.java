package io.flm.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.BehaviorInterceptor;
import akka.actor.typed.TypedActorContext;
import akka.actor.typed.javadsl.Behaviors;
import com.typesafe.config.ConfigFactory;
import io.flm.virtual.VirtualActors;
import io.flm.worker.FailureKind;
import io.flm.worker.Generation;
import io.flm.worker.RunPlan;
import io.flm.worker.Worker;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * The real coordinator and real worker actors, with trainers whose steps the test takes, in virtual time. Orders
 * and reports may be lost or doubled on their way.
 */
final class TestCluster implements AutoCloseable {
    /** A worker on a node of its own, called as the worker with an {@code n} before. */
    final class Node {
        final String name;
        final StubTrainer trainer;
        final ActorRef<Worker.Command> ref;

        Node(String name, String version, StubTrainer trainer) {
            this.name = name;
            this.trainer = trainer;
            this.ref = actors.spawn(
                    orders(name, Worker.unlisted(new Worker.Identity(name, "n" + name, "cpu", "", version), trainer)),
                    name);
        }
    }

    private static final Duration STEP = Duration.ofMillis(100);
    static final long BEGAN_AT = 1_000_000;

    final VirtualActors actors = new VirtualActors();
    final CoordinatorSettings settings;
    private final Map<String, Node> nodes = new LinkedHashMap<>();
    private final Set<String> muted = new HashSet<>();
    private Predicate<Worker.Order> losesOrder = order -> false;
    private Predicate<Worker.Report> losesReport = report -> false;
    private boolean doubles;
    private int coordinators;
    private int subscribers;
    private ActorRef<Coordinator.Command> coordinator;

    private TestCluster(String more, String... workers) {
        settings = CoordinatorSettings.from(ConfigFactory.parseString(more)
                .withFallback(ConfigFactory.load())
                .resolve());
        coordinator = start();
        List.of(workers).forEach(this::add);
        pass(settings.discoverSettleMs() + STEP.toMillis());
    }

    /** With some settings other than those of {@code reference.conf}. */
    static TestCluster with(String settings, String... workers) {
        return new TestCluster(settings, workers);
    }

    private ActorRef<Coordinator.Command> start() {
        CoordinatorEnvironment world = new CoordinatorEnvironment(
                () -> Instant.ofEpochMilli(BEGAN_AT).plusNanos(actors.nanoTime()), actors::nanoTime, () -> "secret");
        return actors.spawn(reports(Coordinator.withoutReceptionist(settings, world)), "coordinator-" + ++coordinators);
    }

    static RunPlan plan(int minWorkers, int maxWorkers) {
        return RunPlan.of("r", "r-1", "", "1", 8, 100).withWorkers(minWorkers, maxWorkers);
    }

    Node add(String name) {
        return add(name, "1", new StubTrainer(name));
    }

    Node add(String name, String version, StubTrainer trainer) {
        Node node = new Node(name, version, trainer);
        nodes.put(name, node);
        list();
        return node;
    }

    StubTrainer trainer(String name) {
        return Objects.requireNonNull(nodes.get(name), name).trainer;
    }

    /** The receptionist lists all but these: they cannot be reached. */
    void list(String... unreachable) {
        Set<ActorRef<Worker.Command>> refs = nodes.values().stream()
                .filter(n -> !List.of(unreachable).contains(n.name))
                .map(n -> n.ref)
                .collect(Collectors.toSet());
        coordinator.tell(new Coordinator.Listed(refs));
        actors.settle();
    }

    /** These processes end at once. The exchange of the others notices, as far as they wait for them. */
    void kill(String... names) {
        List<Node> killed = List.of(names).stream().map(nodes::remove).toList();
        killed.forEach(n -> actors.stop(n.ref));
        String[] lost = killed.stream().map(n -> "n" + n.name).toArray(String[]::new);
        for (Node n : nodes.values()) {
            Generation g = n.trainer.generation;
            if (g != null && killed.stream().anyMatch(k -> g.rankOf(k.name) >= 0)) {
                n.trainer.fail(FailureKind.MEMBER_LOST, "lost " + String.join(", ", lost), lost);
            }
        }
        actors.settle();
    }

    /** The same; and the receptionist, which hears of it later than the exchange, tells the coordinator. */
    void killAndNotice(String... names) {
        kill(names);
        list();
    }

    /** The coordinator's node is lost: another one starts. */
    void moveCoordinator() {
        beginMovingCoordinator();
        pass(settings.discoverSettleMs() + STEP.toMillis());
    }

    /** The same, and the new one has not found out yet what there is. */
    void beginMovingCoordinator() {
        actors.stop(coordinator);
        coordinator = start();
        list();
    }

    /** All members of the running generation commit so many steps together, or fewer where one raised the stop flag. */
    void steps(int count) {
        for (int i = 0; i < count; i++) {
            List<StubTrainer> running = nodes.values().stream()
                    .map(n -> n.trainer)
                    .filter(t -> t.running)
                    .toList();
            Generation g = running.isEmpty() ? null : running.get(0).generation;
            if (g == null || running.size() < g.worldSize()) {
                return;
            }
            boolean last = running.stream().anyMatch(t -> t.stopRequested)
                    || running.get(0).committedSteps() + 1 >= 100;
            running.forEach(t -> t.commit(last));
            actors.settle();
        }
    }

    /** Nothing reaches this worker, and nothing of it is heard. */
    void mute(String worker) {
        muted.add(worker);
    }

    void unmute(String worker) {
        muted.remove(worker);
    }

    void lose(Predicate<Worker.Order> orders) {
        losesOrder = orders;
    }

    void loseReports(Predicate<Worker.Report> reports) {
        losesReport = reports;
    }

    void loseNothing() {
        losesOrder = order -> false;
        losesReport = report -> false;
    }

    void doubleAll() {
        doubles = true;
    }

    /** Time passes, tick by tick. */
    void pass(long ms) {
        for (long passed = 0; passed < ms; passed += STEP.toMillis()) {
            actors.pass(STEP);
        }
    }

    RunView view() {
        return actors.ask(coordinator, Coordinator.GetRun::new);
    }

    /** Asks for events, which may be told at once, later, or never. */
    void subscribe(String source, long after, Consumer<RunEvents> told) {
        Behavior<RunEvents> asker = Behaviors.receiveMessage(answer -> {
            told.accept(answer);
            return Behaviors.stopped();
        });
        coordinator.tell(new Coordinator.Subscribe(source, after, actors.spawn(asker, "subscriber-" + ++subscribers)));
        actors.settle();
    }

    RunView.WorkerView worker(String name) {
        return view().workers().stream()
                .filter(w -> w.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    List<GenerationsView.GenerationView> generations() {
        return actors.ask(coordinator, Coordinator.GetGenerations::new).generations();
    }

    MetricsView metrics(long from, long to, int points) {
        return actors.ask(
                coordinator, (ActorRef<MetricsView> replyTo) -> new Coordinator.GetMetrics(from, to, points, replyTo));
    }

    SamplesView samples(long step) {
        return actors.ask(coordinator, (ActorRef<SamplesView> to) -> new Coordinator.GetSamples(step, to));
    }

    PictureView picture(int number) {
        return actors.ask(coordinator, (ActorRef<PictureView> to) -> new Coordinator.GetPicture(number, to));
    }

    GenerationsView.GenerationView generation(long number) {
        return generations().stream()
                .filter(g -> g.number() == number)
                .findFirst()
                .orElseThrow();
    }

    /** By rank. */
    List<String> members(long generation) {
        return generation(generation).members().stream()
                .map(GenerationsView.MemberView::worker)
                .toList();
    }

    Coordinator.Answer ask(Function<ActorRef<Coordinator.Answer>, Coordinator.Command> question) {
        return actors.ask(coordinator, question);
    }

    String tag() {
        return actors.ask(coordinator, Coordinator.GetTagged::new).tag();
    }

    /** An {@link Coordinator.Answer} to the order, or {@link Coordinator.Changed}. */
    Object onlyIf(List<String> tags, Function<ActorRef<Coordinator.Answer>, Coordinator.Change> order) {
        return actors.ask(
                coordinator,
                (ActorRef<Object> to) -> new Coordinator.OnlyIf(tags, order.apply(to.narrow()), to.narrow()));
    }

    Coordinator.Answer pause(String why) {
        return ask(to -> new Coordinator.Pause(why, to));
    }

    Coordinator.Answer goOn() {
        return ask(to -> new Coordinator.Continue(to));
    }

    Coordinator.Answer saveNow() {
        return ask(to -> new Coordinator.SaveNow(to));
    }

    Coordinator.Answer stop(String why) {
        return ask(to -> new Coordinator.Stop(why, to));
    }

    Coordinator.Answer drain(String worker, String why) {
        return ask(to -> new Coordinator.Drain(worker, why, to));
    }

    Coordinator.Answer admit(String worker) {
        return ask(to -> new Coordinator.Admit(worker, to));
    }

    /** A run that one worker may begin, and all may be members of. */
    TestCluster submit() {
        return submit(plan(1, 0));
    }

    TestCluster submit(RunPlan plan) {
        assertThat(ask(to -> new Coordinator.Submit(plan, to)).accepted()).isTrue();
        return this;
    }

    /** A report from somewhere. */
    void report(Worker.Report report) {
        coordinator.tell(new Coordinator.Reported(report));
        actors.settle();
    }

    void expect(String state) {
        RunView view = view();
        assertThat(view.state()).as(view.reason()).isEqualTo(state);
        assertThat(view.reason()).isNotBlank();
        assertThat(view.workers()).allSatisfy(w -> assertThat(w.reason()).isNotBlank());
    }

    /** Time passes; then the run is in this state. */
    void expectAfter(long ms, String state) {
        pass(ms);
        expect(state);
    }

    void expectCheckpoint(long step, String writer) {
        assertThat(view().checkpoint()).isEqualTo(new RunView.CheckpointView(step, "/" + writer + "/" + step, writer));
    }

    private Behavior<Worker.Command> orders(String name, Behavior<Worker.Command> worker) {
        return filtered(
                Worker.Command.class,
                worker,
                (self, m) -> !(m instanceof Worker.Order o && (muted.contains(name) || losesOrder.test(o))));
    }

    private Behavior<Coordinator.Command> reports(Behavior<Coordinator.Command> heard) {
        Set<Coordinator.Command> again = Collections.newSetFromMap(new IdentityHashMap<>());
        return filtered(Coordinator.Command.class, heard, (self, m) -> {
            if (!(m instanceof Coordinator.Reported r)) {
                return true;
            }
            boolean lost = muted.contains(r.report().worker()) || losesReport.test(r.report());
            if (!lost && doubles && again.add(m)) {
                self.tell(m);
            }
            return !lost;
        });
    }

    /** Only messages for which {@code arrives} is true reach {@code behavior}; it may send itself more of them. */
    private static <T> Behavior<T> filtered(Class<T> type, Behavior<T> behavior, BiPredicate<ActorRef<T>, T> arrives) {
        return Behaviors.intercept(
                () -> new BehaviorInterceptor<T, T>(type) {
                    @Override
                    public Behavior<T> aroundReceive(TypedActorContext<T> context, T m, ReceiveTarget<T> target) {
                        return arrives.test(context.asJava().getSelf(), m)
                                ? target.apply(context, m)
                                : Behaviors.same();
                    }
                },
                behavior);
    }

    @Override
    public void close() {
        actors.close();
    }
}
