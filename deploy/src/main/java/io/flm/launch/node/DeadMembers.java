package io.flm.launch.node;

import akka.actor.Address;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.cluster.ClusterEvent.UnreachableMember;
import akka.cluster.typed.Cluster;
import akka.cluster.typed.Down;
import akka.cluster.typed.Subscribe;
import io.flm.launch.config.NodeSettings;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Tells dead members from those that are cut off: where a member's host answers and refuses connections to the member's port,
 * its process is gone, and it is removed at once, however many of its like there are. About a silent host nothing is known;
 * that is for the split brain resolver.
 */
public final class DeadMembers {
    private static final int CONNECT_TIMEOUT_MS = 1000;

    /** What is known of a member's process. */
    enum Verdict {
        /** It accepts connections. */
        ALIVE,
        /** Its host refuses them. */
        DEAD,
        /** Nobody answers: it may be cut off. */
        UNKNOWN
    }

    /** What the actor understands. */
    sealed interface Command {}

    private record Unreachable(Address address) implements Command {}

    private record Probed(Address address, Verdict verdict) implements Command {}

    private DeadMembers() {}

    static Behavior<Command> create() {
        return Behaviors.setup(context -> {
            Cluster cluster = Cluster.get(context.getSystem());
            cluster.subscriptions()
                    .tell(Subscribe.create(
                            context.messageAdapter(
                                    UnreachableMember.class,
                                    event -> new Unreachable(event.member().address())),
                            UnreachableMember.class));
            return Behaviors.receive(Command.class)
                    .onMessage(Unreachable.class, m -> {
                        probe(context, m.address());
                        return Behaviors.same();
                    })
                    .onMessage(Probed.class, m -> {
                        context.getLog().info("{} is unreachable; its process: {}", m.address(), m.verdict());
                        if (m.verdict() == Verdict.DEAD) {
                            cluster.manager().tell(Down.apply(m.address()));
                        }
                        return Behaviors.same();
                    })
                    .build();
        });
    }

    private static void probe(ActorContext<Command> context, Address address) {
        NodeSettings.Address where = new NodeSettings.Address(
                address.getHost().orElse(""), address.getPort().orElse(0));
        CompletionStage<Verdict> verdict = CompletableFuture.supplyAsync(() -> probe(where));
        context.pipeToSelf(verdict, (found, failure) -> new Probed(address, failure == null ? found : Verdict.UNKNOWN));
    }

    /** Connects and closes again. Blocks for a second at most. */
    static Verdict probe(NodeSettings.Address address) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(address.host(), address.port()), CONNECT_TIMEOUT_MS);
            return Verdict.ALIVE;
        } catch (ConnectException e) {
            return String.valueOf(e.getMessage()).contains("refused") ? Verdict.DEAD : Verdict.UNKNOWN;
        } catch (IOException e) {
            return Verdict.UNKNOWN;
        }
    }
}
