package io.flm.coordinator.http;

import akka.NotUsed;
import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import akka.stream.BoundedSourceQueue;
import akka.stream.QueueOfferResult;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import io.flm.coordinator.Coordinator;
import io.flm.coordinator.RunEvents;
import io.flm.coordinator.RunEvents.Numbered;
import io.flm.coordinator.RunView;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands a run's events to all who listen on this node. However many they are, the coordinator is asked once; each listener has a queue,
 * and one that reads too slowly is let go when that is full. It may come back with the number of the last event that it saw.
 */
final class EventHub extends AbstractBehavior<EventHub.Message> {
    private static final Logger LOG = LoggerFactory.getLogger(EventHub.class);

    /** Events that wait for one listener. */
    static final int MOST_QUEUED = 256;

    /** Events that are kept for those who come back. */
    static final int MOST_KEPT = 1000;

    /** Bytes of them, as they are sent; one event may have more. */
    static final int MOST_KEPT_BYTES = 4 << 20;

    private static final Duration ASK_TIMEOUT = Duration.ofSeconds(5);
    private static final Duration RETRY = Duration.ofSeconds(1);
    private static final Duration HEARTBEAT_PAUSE = Duration.ofSeconds(2);

    private static final ByteString HEARTBEAT = ByteString.fromString(":\n\n");
    private static final ByteString AVAILABLE = ByteString.fromString("event: available\ndata: {}\n\n");
    private static final ByteString UNAVAILABLE = ByteString.fromString("event: unavailable\ndata: "
            + HttpAnswers.json(Map.of("reason", "no coordinator answers at present; it may be moving to another node"))
            + "\n\n");

    sealed interface Message {}

    private record Joined(Listener listener) implements Message {}

    private record Left(Listener listener) implements Message {}

    /** An answer of the coordinator. */
    private record Told(RunEvents answer) implements Message {}

    /** The same, to a question for the run as it stands. */
    private record ToldNew(@Nullable RunEvents answer) implements Message {}

    /** It did not answer in time. */
    private record Silent() implements Message {}

    private record Retry() implements Message {}

    /** A place in the events of one coordinator: what they are called over HTTP. */
    record Position(String source, long number) {
        static final Position NONE = new Position("", 0);

        /** Of {@code Last-Event-ID}; none where it is no position. */
        static Position parse(String id) {
            int dash = id.lastIndexOf('-');
            try {
                return dash < 1 ? NONE : new Position(id.substring(0, dash), Long.parseLong(id.substring(dash + 1)));
            } catch (NumberFormatException e) {
                return NONE;
            }
        }

        String id() {
            return source + "-" + number;
        }
    }

    private static final class Listener {
        private final BoundedSourceQueue<ByteString> queue;
        private Position position;
        private boolean ended;
        private boolean waits; // for the run as it stands, before it hears of anything else

        Listener(BoundedSourceQueue<ByteString> queue, Position position) {
            this.queue = queue;
            this.position = position;
        }

        /** Where it is too slow, it hears what is queued, and comes back for the rest. */
        void offer(ByteString event) {
            if (ended) {
                return;
            }
            QueueOfferResult result = queue.offer(event);
            ended = !result.isEnqueued();
            if (result == QueueOfferResult.dropped()) {
                try {
                    queue.complete();
                } catch (IllegalStateException e) { // it has gone just now
                    LOG.debug("a listener is gone", e);
                }
            }
        }
    }

    private record Kept(long number, ByteString event) {}

    private final ActorRef<Coordinator.Command> coordinator;
    private final TimerScheduler<Message> timers;
    private final List<Listener> listeners = new ArrayList<>();
    private final Deque<Kept> kept = new ArrayDeque<>(); // of the source at hand, without a gap
    private long keptBytes;
    private Position position = Position.NONE;
    private boolean asks;
    private boolean asksForRun;
    private boolean answers = true; // the coordinator did when it was asked last

    private EventHub(
            ActorContext<Message> context, ActorRef<Coordinator.Command> coordinator, TimerScheduler<Message> timers) {
        super(context);
        this.coordinator = coordinator;
        this.timers = timers;
    }

    /** @param coordinator or a proxy of it */
    static Behavior<Message> create(ActorRef<Coordinator.Command> coordinator) {
        return Behaviors.setup(context -> Behaviors.withTimers(timers -> new EventHub(context, coordinator, timers)));
    }

    /**
     * The events for one listener as server-sent events (HTML Living Standard, section 9.2): first the run as it stands, or what
     * happened since the last event that it saw.
     *
     * @param lastId of that event; empty: none
     */
    static Source<ByteString, NotUsed> events(ActorRef<Message> hub, String lastId) {
        return Source.<ByteString>queue(MOST_QUEUED)
                .watchTermination((queue, done) -> {
                    Listener listener = new Listener(queue, Position.parse(lastId));
                    hub.tell(new Joined(listener));
                    done.whenComplete((ended, e) -> hub.tell(new Left(listener)));
                    return NotUsed.getInstance();
                })
                .keepAlive(HEARTBEAT_PAUSE, () -> HEARTBEAT);
    }

    @Override
    public Receive<Message> createReceive() {
        return newReceiveBuilder()
                .onMessage(Joined.class, m -> joined(m.listener()))
                .onMessage(Left.class, m -> {
                    listeners.remove(m.listener());
                    return this;
                })
                .onMessage(Told.class, m -> told(m.answer()))
                .onMessage(ToldNew.class, m -> toldNew(m.answer()))
                .onMessage(Silent.class, m -> silent())
                .onMessage(Retry.class, m -> ask())
                .build();
    }

    private Behavior<Message> joined(Listener listener) {
        if (!answers) {
            listener.offer(UNAVAILABLE);
        }
        listeners.add(listener);
        if (!asks) { // nobody listened, and what happened meanwhile is not known here
            forget();
            position = listener.position;
            return ask();
        }
        if (isKnown(listener.position)) {
            catchUp(listener);
        } else {
            listener.waits = true;
            askForRun();
        }
        return this;
    }

    /** Whether all that has happened since is known here. */
    private boolean isKnown(Position other) {
        return other.source().equals(position.source())
                && other.number() <= position.number()
                && other.number() >= position.number() - kept.size();
    }

    private void catchUp(Listener listener) {
        for (Kept each : kept) {
            if (each.number() > listener.position.number()) {
                deliver(listener, each);
            }
        }
    }

    private void deliver(Listener listener, Kept event) {
        listener.offer(event.event());
        listener.position = new Position(position.source(), event.number());
    }

    private Behavior<Message> ask() {
        asks = !listeners.isEmpty();
        if (asks) {
            ask(position, answer -> answer == null ? new Silent() : new Told(answer));
        }
        return this;
    }

    /** @param told makes a message of the answer; of null where none came in time */
    private void ask(Position after, Function<@Nullable RunEvents, Message> told) {
        getContext()
                .ask(
                        RunEvents.class,
                        coordinator,
                        ASK_TIMEOUT,
                        (ActorRef<RunEvents> to) -> new Coordinator.Subscribe(after.source(), after.number(), to),
                        (answer, e) -> told.apply(answer));
    }

    private void askForRun() {
        if (!asksForRun && !position.equals(Position.NONE)) { // else it is what the question under way asks for
            asksForRun = true;
            ask(Position.NONE, ToldNew::new);
        }
    }

    private Behavior<Message> told(RunEvents answer) {
        if (!answers) {
            answers = true;
            listeners.forEach(listener -> listener.offer(AVAILABLE));
        }
        RunView run = answer.run();
        if (run != null) {
            forget();
            position = new Position(answer.source(), answer.last());
            ByteString event = rendered(run, position);
            listeners.forEach(listener -> begin(listener, event, position));
        }
        for (Numbered each : answer.events()) {
            position = new Position(answer.source(), each.number());
            Kept event = new Kept(each.number(), rendered(each));
            keep(event);
            for (Listener listener : listeners) {
                if (!listener.waits && listener.position.number() < each.number()) {
                    deliver(listener, event);
                }
            }
        }
        if (listeners.stream().anyMatch(listener -> listener.waits)) {
            askForRun();
        }
        return ask();
    }

    private void keep(Kept event) {
        kept.addLast(event);
        keptBytes += event.event().length();
        while (kept.size() > 1 && (kept.size() > MOST_KEPT || keptBytes > MOST_KEPT_BYTES)) {
            keptBytes -= kept.removeFirst().event().length();
        }
    }

    private void forget() {
        kept.clear();
        keptBytes = 0;
    }

    private static void begin(Listener listener, ByteString run, Position at) {
        listener.offer(run);
        listener.position = at;
        listener.waits = false;
    }

    /** Those who are new, or were away for too long, get the run, and what has come since from here. */
    private Behavior<Message> toldNew(@Nullable RunEvents answer) {
        asksForRun = false;
        RunView run = answer == null ? null : answer.run();
        if (answer == null || run == null || !answer.source().equals(position.source())) {
            return this; // another coordinator: all are told anew by the answer that is under way
        }
        Position then = new Position(answer.source(), answer.last());
        ByteString event = rendered(run, then);
        for (Listener listener : listeners) {
            if (listener.waits) {
                begin(listener, event, then);
                catchUp(listener);
            }
        }
        return this;
    }

    private Behavior<Message> silent() {
        if (answers) {
            answers = false;
            listeners.forEach(listener -> listener.offer(UNAVAILABLE));
        }
        timers.startSingleTimer(new Retry(), RETRY);
        return this;
    }

    private ByteString rendered(Numbered numbered) {
        return rendered(numbered.event().type(), position, HttpAnswers.event(numbered));
    }

    private static ByteString rendered(RunView run, Position position) {
        return rendered("run", position, HttpAnswers.json(run));
    }

    /** JSON has no end of a line in it. */
    private static ByteString rendered(String type, Position position, String json) {
        return ByteString.fromString("event: " + type + "\nid: " + position.id() + "\ndata: " + json + "\n\n");
    }
}
