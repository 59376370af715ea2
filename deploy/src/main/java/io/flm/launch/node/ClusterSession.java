package io.flm.launch.node;

import akka.Done;
import akka.actor.Actor;
import akka.actor.Address;
import akka.actor.CoordinatedShutdown;
import akka.actor.PoisonPill;
import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.Behavior;
import akka.actor.typed.Terminated;
import akka.actor.typed.javadsl.Adapter;
import akka.actor.typed.javadsl.Behaviors;
import akka.cluster.ClusterEvent.MemberRemoved;
import akka.cluster.ClusterEvent.MemberUp;
import akka.cluster.Member;
import akka.cluster.typed.Cluster;
import akka.cluster.typed.ClusterSingleton;
import akka.cluster.typed.Down;
import akka.cluster.typed.Join;
import akka.cluster.typed.JoinSeedNodes;
import akka.cluster.typed.SelfUp;
import akka.cluster.typed.SingletonActor;
import akka.cluster.typed.Subscribe;
import akka.io.Tcp;
import akka.remote.RemoteTransportException;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigValueFactory;
import io.flm.coordinator.Coordinator;
import io.flm.coordinator.CoordinatorEnvironment;
import io.flm.coordinator.CoordinatorSettings;
import io.flm.coordinator.PastSteps;
import io.flm.coordinator.http.HttpEndpoint;
import io.flm.coordinator.http.HttpSettings;
import io.flm.coordinator.http.KeptRuns;
import io.flm.coordinator.http.NodeRecords;
import io.flm.coordinator.http.Submission;
import io.flm.data.UserException;
import io.flm.exchange.GroupSpec;
import io.flm.launch.config.NodeSettings;
import io.flm.launch.console.Version;
import io.flm.worker.Worker;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.jdk.javaapi.CollectionConverters;

/**
 * A node from joining a cluster to losing it: one actor system with the node's workers, the coordinator or a proxy of it, and
 * HTTP. A member that the others have removed ends its system; the {@link Node} then begins another session.
 */
final class ClusterSession {
    private static final Logger LOG = LoggerFactory.getLogger(ClusterSession.class);
    private static final String SYSTEM = "flm";
    private static final Duration START_TIMEOUT = Duration.ofMinutes(2); // on a machine that is busy with tensors
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5); // what is left to say takes one
    private static final Duration STOP_TIMEOUT = Duration.ofMinutes(1);

    private final String id = UUID.randomUUID().toString();
    private final NodeSettings settings;
    private final List<WorkerSlot> slots;
    private final PastSteps past;
    private final ActorSystem<Member> system;
    private final Set<NodeSettings.Address> seen = ConcurrentHashMap.newKeySet();
    private final CompletableFuture<Void> up = new CompletableFuture<>();
    private final CompletableFuture<Done> ending = new CompletableFuture<>();
    private final CompletableFuture<ActorRef<Coordinator.Command>> coordinator = new CompletableFuture<>();
    private final int httpPort;

    /**
     * Begins; the node is a member once {@link #awaitUp} says so.
     *
     * @param settings with the port that an earlier session had
     * @param config of this node, whole
     * @param http likewise with the earlier port
     * @param metrics what the node counts
     * @param runs that the node keeps
     * @param records what the node remembers beside
     * @param past steps of runs, as this node keeps them
     * @throws UserException where a port cannot be had
     */
    ClusterSession(
            NodeSettings settings,
            Config config,
            HttpSettings http,
            List<WorkerSlot> slots,
            Submission.Planner planner,
            PrometheusRegistry metrics,
            KeptRuns runs,
            NodeRecords records,
            PastSteps past) {
        this.settings = settings;
        this.slots = slots;
        this.past = past;
        system = start(config);
        CoordinatedShutdown.get(system).addTask(CoordinatedShutdown.PhaseActorSystemTerminate(), "ending", () -> {
            ending.complete(Done.getInstance());
            return CompletableFuture.completedFuture(Done.getInstance());
        });
        try {
            ActorRef<Coordinator.Command> proxy = coordinator
                    .orTimeout(START_TIMEOUT.toSeconds(), TimeUnit.SECONDS)
                    .join();
            httpPort = HttpEndpoint.bind(system, proxy, http, planner, metrics, runs, records, Clock.systemUTC())
                    .toCompletableFuture()
                    .join()
                    .localAddress()
                    .getPort();
        } catch (CompletionException e) {
            end();
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw e;
        }
    }

    private ActorSystem<Member> start(Config config) {
        Config akka = config.withValue(
                        "akka.remote.artery.canonical.hostname", ConfigValueFactory.fromAnyRef(settings.host()))
                .withValue("akka.remote.artery.canonical.port", ConfigValueFactory.fromAnyRef(settings.port()));
        akka = JoinCheck.of(id, settings.cluster(), Version.number()).withFallback(akka);
        if (!settings.keyStore().isEmpty()) {
            akka = ClusterKey.akka(settings.keyStore()).withFallback(akka);
        }
        try {
            return ActorSystem.create(guardian(CoordinatorSettings.from(config)), SYSTEM, akka);
        } catch (RuntimeException e) {
            for (Throwable cause = e; cause != null; cause = cause.getCause()) {
                if (cause instanceof RemoteTransportException || cause instanceof java.net.BindException) {
                    throw new UserException(
                            settings.host() + ":" + settings.port() + " cannot be had for control messages (in use, or"
                                    + " not an address of this machine); give another flm.node.port, 0 for any free one",
                            e);
                }
            }
            throw e;
        }
    }

    private Behavior<Member> guardian(CoordinatorSettings coordinating) {
        return Behaviors.setup(context -> {
            Cluster cluster = Cluster.get(context.getSystem());
            cluster.subscriptions()
                    .tell(Subscribe.create(
                            context.messageAdapter(SelfUp.class, event -> cluster.selfMember()), SelfUp.class));
            cluster.subscriptions()
                    .tell(Subscribe.create(context.messageAdapter(MemberUp.class, MemberUp::member), MemberUp.class));
            cluster.subscriptions()
                    .tell(Subscribe.create(
                            context.messageAdapter(MemberRemoved.class, MemberRemoved::member), MemberRemoved.class));
            context.spawn(DeadMembers.create(), "dead-members");
            for (WorkerSlot slot : slots) {
                ActorRef<Worker.Command> worker =
                        context.spawn(Worker.create(slot.identity(), slot.take(context.getSystem())), slot.name());
                context.watch(worker);
            }
            coordinator.complete(ClusterSingleton.get(context.getSystem())
                    .init(SingletonActor.of(
                            Coordinator.create(
                                    coordinating,
                                    new CoordinatorEnvironment(
                                            Clock.systemUTC(), System::nanoTime, ClusterSession::newKey, past)),
                            "coordinator")));
            return Behaviors.receive(Member.class)
                    .onMessage(Member.class, member -> {
                        onMember(cluster, member);
                        return Behaviors.same();
                    })
                    .onSignal(Terminated.class, signal -> {
                        context.getLog().warn("{} ended", signal.getRef().path().name());
                        return Behaviors.same();
                    })
                    .build();
        });
    }

    /** Of the frames of one generation. */
    private static String newKey() {
        byte[] key = new byte[GroupSpec.KEY_BYTES];
        new SecureRandom().nextBytes(key);
        return Base64.getEncoder().encodeToString(key);
    }

    private void onMember(Cluster cluster, Member member) {
        NodeSettings.Address address = of(member.address());
        if (member.equals(cluster.selfMember())) {
            JoinCheck.joined(id);
            up.complete(null);
        } else if (seen.add(address)) {
            LOG.info("node {} is a member", address);
        } else {
            LOG.info("node {}: {}", address, member.status());
        }
    }

    private static NodeSettings.Address of(Address address) {
        return new NodeSettings.Address(
                address.getHost().orElse(""), address.getPort().orElse(0));
    }

    /** Where other nodes join. */
    NodeSettings.Address address() {
        return of(Cluster.get(system).selfMember().address());
    }

    int httpPort() {
        return httpPort;
    }

    /** All other nodes that have been members with this one. */
    Set<NodeSettings.Address> seen() {
        return Set.copyOf(seen);
    }

    /** Begins a cluster of its own. */
    void joinNobody() {
        Cluster cluster = Cluster.get(system);
        cluster.manager().tell(Join.create(cluster.selfMember().address()));
    }

    void remove(NodeSettings.Address member) {
        Cluster.get(system).manager().tell(Down.apply(new Address("akka", SYSTEM, member.host(), member.port())));
    }

    /** Joins whoever of these answers; where the first is this node and none of the others is a member, begins a cluster. */
    void join(List<NodeSettings.Address> addresses) {
        List<Address> seeds = addresses.stream()
                .map(address -> new Address("akka", SYSTEM, address.host(), address.port()))
                .toList();
        Cluster.get(system)
                .manager()
                .tell(JoinSeedNodes.apply(CollectionConverters.asScala(seeds).toSeq()));
    }

    /** Waits until the node is a member, or its system ended; says which. */
    boolean awaitUp() throws InterruptedException {
        try {
            CompletableFuture.anyOf(up, ended()).get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
        return up.isDone();
    }

    /** Waits until the system ends, by {@link #leave} or since the others removed this member; {@link #end} waits for the rest. */
    void awaitEnd() throws InterruptedException {
        try {
            CompletableFuture.anyOf(ending, ended()).get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    private CompletableFuture<Done> ended() {
        return system.getWhenTerminated().toCompletableFuture();
    }

    /** Why the cluster would not have this node; null: nobody refused it. */
    @Nullable String refusal() {
        return JoinCheck.refusal(id);
    }

    /** Leaves the cluster, so that the others need not find out; returns at once. */
    void leave() {
        CoordinatedShutdown.get(system).runAll(CoordinatedShutdown.unknownReason());
    }

    /**
     * Ends the system and waits until the workers' threads are free.
     *
     * <p>With TLS, Akka's transport may wait for the other side of a connection to close it too, for ever where that node cannot
     * be reached: a control stream that has completed, not failed, leaves its connection open, and which of both happens is a
     * race in Akka 2.8 (SystemMessageDelivery, InboundControlJunction). So after a while connections are cut.
     */
    void end() {
        leave();
        try {
            awaitEnd();
            if (!endsWithin(CLOSE_TIMEOUT)) {
                LOG.info("others do not close their connections: they are cut");
                Tcp.get(Adapter.toClassic(system)).manager().tell(PoisonPill.getInstance(), Actor.noSender());
                if (!endsWithin(STOP_TIMEOUT)) {
                    LOG.warn("the actor system did not end within {} s", STOP_TIMEOUT.toSeconds());
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        slots.forEach(WorkerSlot::leave);
        JoinCheck.forget(id);
    }

    private boolean endsWithin(Duration time) throws InterruptedException {
        try {
            ended().get(time.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        } catch (TimeoutException e) {
            return false;
        }
    }
}
