package io.flm.launch;

import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.Behavior;
import akka.actor.typed.Terminated;
import akka.actor.typed.javadsl.AskPattern;
import akka.actor.typed.javadsl.Behaviors;
import akka.cluster.typed.Cluster;
import akka.cluster.typed.ClusterSingleton;
import akka.cluster.typed.Join;
import akka.cluster.typed.SingletonActor;
import com.typesafe.config.Config;
import io.flm.coordinator.Coordinator;
import io.flm.coordinator.HttpEndpoint;
import io.flm.coordinator.HttpSettings;
import io.flm.coordinator.RunPlan;
import io.flm.coordinator.RunView;
import io.flm.worker.TrainerThread;
import io.flm.worker.Worker;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * One node of the cluster: a JVM with an Akka cluster member, a worker actor for each device, the coordinator singleton and
 * its HTTP endpoint. It joins itself: a run on one machine is a cluster of one.
 */
final class Node implements AutoCloseable {
    private static final Duration SPAWN_TIMEOUT = Duration.ofMinutes(1);
    private static final Duration STOP_TIMEOUT = Duration.ofMinutes(1);

    private final ActorSystem<Command> system;
    private final CompletableFuture<RunView> ended = new CompletableFuture<>();
    private volatile Consumer<String> stopper = reason -> {};

    /** What the guardian actor understands. */
    sealed interface Command {}

    private record SpawnWorker(
            String name, String device, TrainerThread thread, ActorRef<ActorRef<Worker.Command>> replyTo)
            implements Command {}

    private record StartCoordinator(RunPlan plan, ActorRef<ActorRef<Coordinator.Command>> replyTo) implements Command {}

    private record Ended(RunView view) implements Command {}

    /** @param config the effective configuration, with Akka's part */
    Node(Config config) {
        system = ActorSystem.create(guardian(ended), "flm", config);
        Cluster cluster = Cluster.get(system);
        cluster.manager().tell(Join.create(cluster.selfMember().address()));
    }

    ActorSystem<?> system() {
        return system;
    }

    /** Starts a worker actor; it registers itself with whoever coordinates. */
    void spawnWorker(String name, String device, TrainerThread thread) {
        await(AskPattern.<Command, ActorRef<Worker.Command>>ask(
                        system,
                        replyTo -> new SpawnWorker(name, device, thread, replyTo),
                        SPAWN_TIMEOUT,
                        system.scheduler())
                .toCompletableFuture());
    }

    /** Starts the coordinator of a run, and HTTP; returns the port. */
    int coordinate(RunPlan plan, HttpSettings http) {
        ActorRef<Coordinator.Command> coordinator = await(AskPattern.<Command, ActorRef<Coordinator.Command>>ask(
                        system, replyTo -> new StartCoordinator(plan, replyTo), SPAWN_TIMEOUT, system.scheduler())
                .toCompletableFuture());
        stopper = reason -> coordinator.tell(new Coordinator.Stop(reason));
        return await(HttpEndpoint.bind(system, coordinator, http).toCompletableFuture())
                .localAddress()
                .getPort();
    }

    /** Asks for the end of the run after the step at hand. */
    void stop(String reason) {
        stopper.accept(reason);
    }

    /** Waits for the end of the run. */
    RunView awaitEnd() throws InterruptedException {
        try {
            return ended.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    private static <T> T await(CompletableFuture<T> future) {
        try {
            return future.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw e;
        }
    }

    private static Behavior<Command> guardian(CompletableFuture<RunView> ended) {
        return Behaviors.setup(context -> Behaviors.receive(Command.class)
                .onMessage(SpawnWorker.class, m -> {
                    ActorRef<Worker.Command> worker =
                            context.spawn(Worker.create(m.name(), m.device(), m.thread()), m.name());
                    context.watch(worker);
                    m.replyTo().tell(worker);
                    return Behaviors.same();
                })
                .onMessage(StartCoordinator.class, m -> {
                    ActorRef<RunView> end = context.messageAdapter(RunView.class, Ended::new);
                    m.replyTo()
                            .tell(ClusterSingleton.get(context.getSystem())
                                    .init(SingletonActor.of(Coordinator.create(m.plan(), end), "coordinator")));
                    return Behaviors.same();
                })
                .onMessage(Ended.class, m -> {
                    ended.complete(m.view());
                    return Behaviors.same();
                })
                .onSignal(Terminated.class, signal -> {
                    context.getLog().warn("{} ended", signal.getRef().path().name());
                    return Behaviors.same();
                })
                .build());
    }

    @Override
    public void close() {
        system.terminate();
        try {
            system.getWhenTerminated().toCompletableFuture().get(STOP_TIMEOUT.toSeconds(), TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            system.log().warn("the actor system did not end within {} s", STOP_TIMEOUT.toSeconds(), e);
        }
    }
}
