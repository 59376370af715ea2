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
import io.flm.coordinator.RunView;
import io.flm.data.UserException;
import io.flm.worker.RunPlan;
import io.flm.worker.Trainee;
import io.flm.worker.Worker;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * One node of the cluster: a JVM with an Akka cluster member, a worker actor for each device, the coordinator singleton and
 * its HTTP endpoint. It joins itself: a run on one machine is a cluster of one.
 */
final class Node implements AutoCloseable {
    private static final Duration SPAWN_TIMEOUT = Duration.ofMinutes(1);
    /** How long one question for the end of a run waits; then it is asked again, in case the coordinator has moved. */
    private static final Duration END_TIMEOUT = Duration.ofSeconds(30);

    private static final Duration STOP_TIMEOUT = Duration.ofMinutes(1);

    private final ActorSystem<Command> system;
    private @Nullable ActorRef<Coordinator.Command> coordinator;

    /** What the guardian actor understands. */
    sealed interface Command {}

    private record SpawnWorker(Worker.Identity identity, Trainee trainee, ActorRef<ActorRef<Worker.Command>> replyTo)
            implements Command {}

    private record StartCoordinator(ActorRef<ActorRef<Coordinator.Command>> replyTo) implements Command {}

    /** @param config the effective configuration, with Akka's part */
    Node(Config config) {
        system = ActorSystem.create(guardian(), "flm", config);
        Cluster cluster = Cluster.get(system);
        cluster.manager().tell(Join.create(cluster.selfMember().address()));
    }

    ActorSystem<?> system() {
        return system;
    }

    /** Starts a worker actor; it registers itself with whoever coordinates. The trainee is closed with it. */
    void spawnWorker(Worker.Identity identity, Trainee trainee) {
        await(AskPattern.<Command, ActorRef<Worker.Command>>ask(
                        system,
                        replyTo -> new SpawnWorker(identity, trainee, replyTo),
                        SPAWN_TIMEOUT,
                        system.scheduler())
                .toCompletableFuture());
    }

    /** Starts the coordinator, and HTTP; returns the port. */
    int coordinate(HttpSettings http) {
        ActorRef<Coordinator.Command> singleton = await(AskPattern.<Command, ActorRef<Coordinator.Command>>ask(
                        system, StartCoordinator::new, SPAWN_TIMEOUT, system.scheduler())
                .toCompletableFuture());
        coordinator = singleton;
        return await(HttpEndpoint.bind(system, singleton, http).toCompletableFuture())
                .localAddress()
                .getPort();
    }

    /** Begins a run; the coordinator gives it to the workers. */
    void submit(RunPlan plan) {
        Coordinator.Answer answer = await(AskPattern.<Coordinator.Command, Coordinator.Answer>ask(
                        coordinator(),
                        replyTo -> new Coordinator.Submit(plan, replyTo),
                        SPAWN_TIMEOUT,
                        system.scheduler())
                .toCompletableFuture());
        if (!answer.accepted()) {
            throw new UserException(answer.reason());
        }
    }

    /** Asks for the end of the run after the step at hand. */
    void stop(String reason) {
        coordinator().tell(new Coordinator.Stop(reason, system.ignoreRef()));
    }

    /** Waits for the end of a run. */
    RunView awaitEnd(RunPlan plan) throws InterruptedException {
        while (true) {
            try {
                return AskPattern.<Coordinator.Command, RunView>ask(
                                coordinator(),
                                replyTo -> new Coordinator.AwaitEnd(plan.id(), replyTo),
                                END_TIMEOUT,
                                system.scheduler())
                        .toCompletableFuture()
                        .get();
            } catch (ExecutionException e) {
                if (!(e.getCause() instanceof TimeoutException)) {
                    throw new IllegalStateException(e.getCause());
                }
            }
        }
    }

    private ActorRef<Coordinator.Command> coordinator() {
        if (coordinator == null) {
            throw new IllegalStateException("no coordinator was started");
        }
        return coordinator;
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

    private static Behavior<Command> guardian() {
        return Behaviors.setup(context -> Behaviors.receive(Command.class)
                .onMessage(SpawnWorker.class, m -> {
                    ActorRef<Worker.Command> worker = context.spawn(
                            Worker.create(m.identity(), m.trainee()),
                            m.identity().name());
                    context.watch(worker);
                    m.replyTo().tell(worker);
                    return Behaviors.same();
                })
                .onMessage(StartCoordinator.class, m -> {
                    m.replyTo()
                            .tell(ClusterSingleton.get(context.getSystem())
                                    .init(SingletonActor.of(Coordinator.create(Clock.systemUTC()), "coordinator")));
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
