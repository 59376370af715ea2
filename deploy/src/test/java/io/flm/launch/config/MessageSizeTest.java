package io.flm.launch.config;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.Adapter;
import akka.actor.typed.javadsl.Behaviors;
import akka.serialization.Serialization;
import akka.serialization.SerializationExtension;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.flm.coordinator.Coordinator;
import io.flm.coordinator.CoordinatorEnvironment;
import io.flm.coordinator.CoordinatorSettings;
import io.flm.coordinator.GenerationsView;
import io.flm.coordinator.MetricsView;
import io.flm.coordinator.RunEvent;
import io.flm.coordinator.RunEvents;
import io.flm.coordinator.RunView;
import io.flm.coordinator.SamplesView;
import io.flm.coordinator.http.Submission;
import io.flm.data.BrokenShards;
import io.flm.launch.command.TestEnvironment;
import io.flm.launch.console.Version;
import io.flm.launch.node.RunPlanner;
import io.flm.launch.node.RunPlannerTest;
import io.flm.virtual.VirtualActors;
import io.flm.worker.AsyncTrainer;
import io.flm.worker.FailureKind;
import io.flm.worker.Generation;
import io.flm.worker.RunPlan;
import io.flm.worker.ShownSamples;
import io.flm.worker.WireMessage;
import io.flm.worker.Worker;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The largest messages between nodes: one that does not fit into a frame is dropped, and whoever waits for it waits in vain. */
public class MessageSizeTest {
    private static final int WORKERS = 512;
    private static final int LOSSES = 15;
    private static final int ROUND_A_MESSAGE = 4096;
    private static final String TEXT = "a cause that takes many words to tell; ".repeat(50);

    private int losses;

    /** Loses a member as soon as a generation begins, as long as there are losses left. */
    private final class Losing implements AsyncTrainer {
        private Consumer<Event> told = event -> {};

        @Override
        public void prepare(RunPlan plan, Consumer<Event> listener) {
            listener.accept(new Prepared(Map.of("data", "1".repeat(64), "tokenizer", "2".repeat(64))));
        }

        @Override
        public void enter(Generation generation, int rank, Consumer<Event> listener) {
            told = listener;
            listener.accept(new Entered("the seed"));
            if (rank == 0 && losses < LOSSES) {
                losses++;
                listener.accept(new Failed(FailureKind.MEMBER_LOST, TEXT, List.of()));
            }
        }

        @Override
        public void requestStop() {}

        @Override
        public void abandon(long generation, String reason) {
            told.accept(new Failed(FailureKind.MEMBER_LOST, reason, List.of()));
        }

        @Override
        public void save(Consumer<Event> listener) {}

        @Override
        public void hash(Consumer<Event> listener) {}

        @Override
        public long committedSteps() {
            return 0;
        }

        @Override
        public BrokenShards brokenShards() {
            return BrokenShards.NONE;
        }

        @Override
        public void close() {}
    }

    /** As long as {@code flm.node.name} allows. */
    private static String node(int index) {
        String number = String.valueOf(index);
        return "gpu-" + "0".repeat(57 - number.length()) + number;
    }

    private static Worker.Identity identity(int index) {
        String node = node(index);
        return new Worker.Identity(node + "-w1", node, "cuda:0", node + ".cluster.example.org:41234", Version.number());
    }

    /** A configuration that names so many shards. */
    public static String config(int shards, int lanes) {
        return "flm.train.lanes = " + lanes + "\nflm.data { tokenizer = /data/t.json, paths = ["
                + IntStream.range(0, shards)
                        .mapToObj(i -> "\"/data/pictures/of-a-large-collection/shard-%06d.tar\"".formatted(i))
                        .collect(Collectors.joining(","))
                + "] }";
    }

    /** As large as it gets. */
    private static MetricsView metrics() {
        List<Float> values = Collections.nCopies(MetricsView.MOST_POINTS, 1.2345678f);
        Map<String, MetricsView.Figure> figures = new TreeMap<>();
        for (int figure = 0; figure < 40; figure++) {
            figures.put(
                    "heldOut.aHeadOfALongName" + figure + "Accuracy", new MetricsView.Figure(values, values, values));
        }
        return new MetricsView(
                "r",
                0,
                1L << 40,
                1 << 30,
                Collections.nCopies(MetricsView.MOST_POINTS, 1L << 40),
                Collections.nCopies(MetricsView.MOST_POINTS, 1 << 30),
                figures);
    }

    /** Likewise, with letters of three bytes. */
    private static SamplesView samples() {
        int n = ShownSamples.MOST_TOKENS;
        String text = "字".repeat(ShownSamples.LONGEST + 1);
        String piece = "字".repeat(41);
        ShownSamples.View view = new ShownSamples.View("reconstructor", Collections.nCopies(n, "b".repeat(n)));
        SamplesView.Shown shown = new SamplesView.Shown(
                ShownSamples.MOST - 1,
                text,
                text,
                Collections.nCopies(n, piece),
                "span rate 0.3",
                Collections.nCopies(3, view),
                new ShownSamples.Prediction(
                        text, 2.5, Collections.nCopies(n, new ShownSamples.Guess(n - 1, piece, false, 0.123456789))));
        return new SamplesView(
                "r", Collections.nCopies(64, 1L << 40), 1L << 40, Collections.nCopies(ShownSamples.MOST, shown));
    }

    @Test
    void whatFiveHundredWorkersAndTheirCoordinatorTellEachOtherFitsIntoAFrame() {
        Config config = ConfigFactory.parseString("flm.coordinator.retry-pause = 1 ms")
                .withFallback(Configuration.builder().build().config());
        CoordinatorSettings settings = CoordinatorSettings.from(config);
        RunPlan plan = new RunPlanner(TestEnvironment.ROOT, true, RunPlannerTest.everywhere())
                .plan(new Submission("r", config(4500, WORKERS), WORKERS, 0, false));
        assertThat(plan.config().length()).as("near the limit").isGreaterThan(240 * 1024);
        try (VirtualActors actors = new VirtualActors()) {
            ActorRef<Coordinator.Command> coordinator = actors.spawn(
                    Coordinator.withoutReceptionist(
                            settings,
                            new CoordinatorEnvironment(
                                    () -> Instant.ofEpochSecond(1_700_000_000).plusNanos(actors.nanoTime()),
                                    actors::nanoTime,
                                    () -> "k".repeat(44))),
                    "coordinator");
            Set<ActorRef<Worker.Command>> workers = new HashSet<>();
            for (int i = 0; i < WORKERS; i++) {
                workers.add(actors.spawn(Worker.unlisted(identity(i), new Losing()), node(i) + "-w1"));
            }
            coordinator.tell(new Coordinator.Listed(workers));
            actors.pass(Duration.ofMillis(settings.discoverSettleMs() + settings.tickMs()));
            actors.ask(coordinator, (ActorRef<Coordinator.Answer> to) -> new Coordinator.Submit(plan, to));
            actors.pass(Duration.ofSeconds(3));

            RunView run = actors.ask(coordinator, Coordinator.GetRun::new);
            assertThat(run.state()).as(run.reason()).isEqualTo("training");
            assertThat(run.generation()).isEqualTo(LOSSES + 1);
            assertThat(run.workers())
                    .hasSize(WORKERS)
                    .allSatisfy(w -> assertThat(w.reason()).startsWith("a cause that"));
            GenerationsView generations = actors.ask(coordinator, Coordinator.GetGenerations::new);
            assertThat(generations.generations())
                    .last()
                    .satisfies(g -> assertThat(g.number()).isEqualTo(LOSSES + 1))
                    .satisfies(g -> assertThat(g.members()).hasSize(WORKERS));
            Worker.Report described = actors.ask(
                    workers.iterator().next(), (ActorRef<Worker.Report> to) -> new Worker.Describe(0, true, to));
            assertThat(described).isInstanceOf(Worker.Described.class);
            Generation generation = Objects.requireNonNull(((Worker.Described) described).generation());

            ActorRef<Worker.Report> reports = actors.spawn(Behaviors.ignore(), "reports");
            ActorRef<Coordinator.Answer> answers = actors.spawn(Behaviors.ignore(), "answers");
            Serialization serialization = SerializationExtension.get(Adapter.toClassic(actors.system()));
            long frame = config.getBytes("akka.remote.artery.advanced.maximum-frame-size");
            RunEvents asItStands =
                    actors.ask(coordinator, (ActorRef<RunEvents> to) -> new Coordinator.Subscribe("", 0, to));
            RunEvents events = actors.ask(
                    coordinator,
                    (ActorRef<RunEvents> to) ->
                            new Coordinator.Subscribe(asItStands.source(), asItStands.last() - 3, to));
            assertThat(asItStands.run()).isEqualTo(run);
            assertThat(events.events()).isNotEmpty();
            RunEvent everybody = new RunEvent.WorkersChanged(run.workers(), List.of());
            for (WireMessage message : List.of(
                    run,
                    metrics(),
                    samples(),
                    generations,
                    asItStands,
                    events,
                    new RunEvents("source", 1, null, List.of(new RunEvents.Numbered(1, 1, everybody))),
                    described,
                    new Coordinator.Submit(plan, answers),
                    new Worker.Prepare(1, plan, reports),
                    new Worker.Join(1, generation, reports))) {
                assertThat(serialization.serialize(message).get().length)
                        .as(message.getClass().getSimpleName())
                        .isLessThan((int) frame - ROUND_A_MESSAGE);
            }
        }
    }
}
