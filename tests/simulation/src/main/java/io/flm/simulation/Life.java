package io.flm.simulation;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.BehaviorInterceptor;
import akka.actor.typed.TypedActorContext;
import akka.actor.typed.javadsl.Behaviors;
import io.flm.coordinator.Coordinator;
import io.flm.coordinator.CoordinatorEnvironment;
import io.flm.coordinator.CoordinatorSettings;
import io.flm.worker.Worker;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** A node from joining the cluster to its end: the actor system, its worker, and the coordinator where it is here. */
final class Life {
    /** What the network has brought. */
    private record Arrived(Object message) {}

    final Node node;
    final ActorRef<Worker.Command> worker;
    final SimulatedTrainer trainer;
    final long beganAt;
    private final int number;

    @Nullable ActorRef<Coordinator.Command> coordinator;

    boolean over;
    long overAt;

    /** Of the cluster, as the others see it. */
    boolean member;

    /** By the others, for good; it may not know. */
    boolean removed;

    /** Since when the greater part of the cluster does not reach it, -1: it does. */
    long awaySince = -1;

    /** Since when the coordinator's node does not reach it, -1: it does. */
    long unseenSince = -1;

    Life(Node node) {
        this.node = node;
        this.beganAt = node.world.nanoTime();
        this.number = node.world.nextLife();
        this.trainer = new SimulatedTrainer(this);
        Worker.Identity identity =
                new Worker.Identity(node.worker, node.name, "simulated", node.name + ":" + number, "1");
        this.worker = node.world
                .actors
                .spawn(received(Worker.unlisted(identity, trainer)), node.worker + "-" + number)
                .narrow();
    }

    void startCoordinator(CoordinatorSettings settings) {
        World world = node.world;
        CoordinatorEnvironment environment = new CoordinatorEnvironment(
                () -> Instant.ofEpochSecond(0, world.nanoTime()), world::nanoTime, () -> "no key");
        ActorRef<Object> started = world.actors.spawn(
                received(Coordinator.withoutReceptionist(settings, environment)),
                "coordinator-" + node.index + "-" + number);
        coordinator = started.narrow();
    }

    /** Does it, unless this life is over by then: later, where the process is stopped. */
    void run(Runnable task) {
        node.run(() -> {
            if (!over) {
                task.run();
            }
        });
    }

    void after(double ms, Runnable task) {
        node.world.after(ms, () -> run(task));
    }

    void end() {
        over = true;
        overAt = node.world.nanoTime();
        node.world.actors.stop(worker);
        if (coordinator != null) {
            node.world.actors.stop(coordinator);
            coordinator = null;
        }
    }

    /** Puts the network before an actor: what another actor sent arrives later, twice, or never. */
    private <M> Behavior<Object> received(Behavior<M> actor) {
        return Behaviors.intercept(
                () -> new BehaviorInterceptor<Object, M>(Object.class) {
                    @Override
                    @SuppressWarnings("unchecked")
                    public Behavior<M> aroundReceive(
                            TypedActorContext<Object> context, Object m, ReceiveTarget<M> target) {
                        if (m instanceof Arrived a) {
                            return target.apply(context, (M) a.message());
                        }
                        Node sender = sender(m);
                        if (sender != null) {
                            ActorRef<Object> me = context.asJava().getSelf();
                            node.world.carry(sender, Life.this, () -> me.tell(new Arrived(m)));
                            return Behaviors.same();
                        }
                        // Its own timer; a process that is stopped does not hear it.
                        return node.frozen ? Behaviors.same() : target.apply(context, (M) m);
                    }
                },
                actor);
    }

    /** The node that a message comes from; null: this one. */
    private @Nullable Node sender(Object m) {
        if (m instanceof Worker.Order order) { // .../coordinator-INDEX-NUMBER/...
            String path = order.replyTo().path().toString();
            int at = path.indexOf("coordinator-") + "coordinator-".length();
            return node.world.nodes.get(Integer.parseInt(path.substring(at, path.indexOf('-', at))));
        }
        return m instanceof Coordinator.Reported r
                ? node.world.nodeOf(r.report().worker())
                : null;
    }
}
