package io.flm.virtual;

import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.Behavior;
import akka.actor.typed.DispatcherSelector;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Actors on a dispatcher without threads: the thread that calls takes their turns, in the order in which messages were sent.
 * Their timers run in virtual time, which passes by {@link #pass} only.
 */
public final class VirtualActors implements AutoCloseable {
    static final String NAME = "flm-virtual.actors";
    private static final String DISPATCHER = "flm-virtual.dispatcher";
    private static final int MOST_TURNS = 10_000_000;
    private static final AtomicLong LAST = new AtomicLong();
    private static final Map<String, VirtualActors> OPEN = new ConcurrentHashMap<>();

    /** What the parent of all of them is to do; it is one of them, so that nothing happens beside their turns. */
    private interface Task extends Consumer<ActorContext<Task>> {}

    final Turns turns = new Turns();
    final Timetable timetable = new Timetable();
    private final String name = "virtual-" + LAST.incrementAndGet();
    private final ActorSystem<Task> system;

    public VirtualActors() {
        OPEN.put(name, this);
        Behavior<Task> parent = Behaviors.setup(context -> Behaviors.receiveMessage(task -> {
            task.accept(context);
            return Behaviors.same();
        }));
        system = ActorSystem.create(parent, "virtual", config(name), DispatcherSelector.fromConfig(DISPATCHER));
        CompletableFuture<Void> started = new CompletableFuture<>();
        system.tell(context -> started.complete(null));
        takeUntil(started);
    }

    /** One message a turn: no actor gets ahead of another. */
    private static Config config(String name) {
        return ConfigFactory.parseString(NAME + " = " + name + "\n" + DISPATCHER
                        + " { type = Dispatcher, throughput = 1, executor = \"" + Turns.Configurator.class.getName()
                        + "\", actors = " + name + " }\n"
                        + "akka.scheduler.implementation = \"" + Timetable.Scheduler.class.getName() + "\"\n"
                        + "akka.actor.provider = local, akka.coordinated-shutdown.exit-jvm = off")
                .withFallback(ConfigFactory.load());
    }

    static VirtualActors named(String name) {
        VirtualActors actors = OPEN.get(name);
        if (actors == null) {
            throw new IllegalStateException(name + " are closed");
        }
        return actors;
    }

    public ActorSystem<?> system() {
        return system;
    }

    /** Nanoseconds that have passed. */
    public long nanoTime() {
        return timetable.nanoTime();
    }

    /** A new actor, which has had its first turn. */
    public <T> ActorRef<T> spawn(Behavior<T> behavior, String actorName) {
        List<ActorRef<T>> spawned = new ArrayList<>();
        system.tell(context -> spawned.add(context.spawn(behavior, actorName, DispatcherSelector.sameAsParent())));
        settle();
        return spawned.get(0);
    }

    /** Ends an actor: it takes no more messages. */
    public void stop(ActorRef<?> actor) {
        system.tell(context -> context.stop(actor));
        settle();
    }

    /** Ends all actors and forgets what was to happen. */
    public void clear() {
        system.tell(context -> context.getChildren().forEach(context::stop));
        settle();
        timetable.clear();
    }

    /** The answer to a question; everything that led to it, and that it led to, has happened. */
    public <M, A> A ask(ActorRef<M> whom, Function<ActorRef<A>, M> question) {
        List<A> answers = new ArrayList<>();
        system.tell(context -> {
            Behavior<A> asker = Behaviors.receiveMessage(answer -> {
                answers.add(answer);
                return Behaviors.stopped();
            });
            whom.tell(question.apply(context.spawnAnonymous(asker, DispatcherSelector.sameAsParent())));
        });
        settle();
        if (answers.isEmpty()) {
            throw new IllegalStateException(whom.path().name() + " does not answer");
        }
        return answers.get(0);
    }

    /** Takes turns until nobody has one left. */
    public void settle() {
        for (int turn = 0; turns.take(); turn++) {
            if (turn == MOST_TURNS) {
                throw new IllegalStateException(
                        "actors have talked for " + MOST_TURNS + " turns and no time has passed");
            }
        }
    }

    /** Does something after so long, between turns. */
    public void after(long delayNs, Runnable task) {
        timetable.enter(delayNs, task);
    }

    /** Time passes; what is due meanwhile is done at its time, and what follows from it. */
    public void pass(Duration duration) {
        long until = nanoTime() + duration.toNanos();
        settle();
        for (Runnable next = timetable.next(until); next != null; next = timetable.next(until)) {
            next.run();
            settle();
        }
    }

    @Override
    public void close() {
        system.terminate();
        takeUntil(system.getWhenTerminated().toCompletableFuture());
        OPEN.remove(name);
    }

    /** What the actor system does when it starts and ends, other threads do in part. */
    private void takeUntil(CompletableFuture<?> done) {
        try {
            while (!done.isDone()) {
                turns.await(5);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
