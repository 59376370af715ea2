package io.flm.worker;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.PostStop;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.receptionist.Receptionist;
import akka.actor.typed.receptionist.ServiceKey;
import io.flm.worker.TrainerThread.Event;

/**
 * Drives one device through the steps of a generation:
 *
 * <pre>
 * Waiting --Join--> Entering --entered--> Training --last step--> Waiting
 *                      |                     |
 *                      +----- failed --------+--> Waiting, and the failure is reported
 * </pre>
 *
 * <p>The steps run on a {@link TrainerThread}; this actor only starts them, passes on what they report and asks for their end.
 * It registers with the receptionist and answers whoever gives it orders.
 */
public final class Worker {
    /** Under which workers register. */
    public static final ServiceKey<Command> KEY = ServiceKey.create(Command.class, "flm-worker");

    /** What a worker understands. */
    public sealed interface Command {}

    /** Asks who this is and where it stands. */
    public record Describe(ActorRef<Report> replyTo) implements Command, WireMessage {}

    /** Enters {@code generation}; reports go to {@code replyTo} until the generation ends. */
    public record Join(Generation generation, ActorRef<Report> replyTo) implements Command, WireMessage {}

    /** Asks that all members stop after the same step, soon. The request rides on the reduction of a step. */
    public record Halt(long generation, String reason) implements Command, WireMessage {}

    /** What happened on the trainer thread. */
    private record Happened(long generation, Event event) implements Command {}

    /** What a worker tells the one that gave it orders. */
    public sealed interface Report extends WireMessage {
        String worker();
    }

    /** The answer to {@link Describe}: state, generation (0: none) and committed steps. */
    public record Described(String worker, String device, String state, long generation, long committedSteps)
            implements Report {}

    /** The state of the generation's first step is taken up and training starts. */
    public record Joined(String worker, long generation) implements Report {}

    /** The last committed step; sent a few times a second by rank 0 only. */
    public record Progressed(String worker, long generation, long step, double loss, double samplesPerSecond)
            implements Report {}

    /** All members stopped after the same step, and rank 0 has written its checkpoint. */
    public record Halted(String worker, long generation, long committedSteps, String reason) implements Report {}

    /** The worker cannot go on in this generation. {@code cause} says what, where and what to do. */
    public record Failed(String worker, long generation, long committedSteps, String cause, FailureKind kind)
            implements Report {}

    private Worker() {}

    /**
     * @param name unique in the cluster
     * @param device shown to users
     * @param thread runs the steps; closed with the actor
     */
    public static Behavior<Command> create(String name, String device, TrainerThread thread) {
        return Behaviors.setup(context -> {
            context.getSystem().receptionist().tell(Receptionist.register(KEY, context.getSelf()));
            return new Waiting(new Self(context, name, device, thread), 0);
        });
    }

    /** What every state needs. */
    private record Self(ActorContext<Command> context, String name, String device, TrainerThread thread) {
        Behavior<Command> transition(String from, Behavior<Command> to, String reason) {
            context.getLog()
                    .info("worker {}: {} -> {}: {}", name, from, to.getClass().getSimpleName(), reason);
            return to;
        }
    }

    /** Handlers that no state differs in. */
    private abstract static class State extends AbstractBehavior<Command> {
        final Self self;

        State(Self self) {
            super(self.context());
            this.self = self;
        }

        abstract long generation();

        Behavior<Command> onDescribe(Describe m) {
            m.replyTo()
                    .tell(new Described(
                            self.name(),
                            self.device(),
                            getClass().getSimpleName(),
                            generation(),
                            self.thread().committedSteps()));
            return this;
        }

        /** Nothing is dropped silently. */
        Behavior<Command> onUnexpected(Command m) {
            self.context()
                    .getLog()
                    .warn(
                            "worker {}, {} in generation {}: unexpected {}",
                            self.name(),
                            getClass().getSimpleName(),
                            generation(),
                            m);
            return this;
        }

        Behavior<Command> onPostStop(PostStop signal) {
            self.thread().close();
            return this;
        }
    }

    /** Without a generation. Keeps its weights: the next generation may begin where the last one ended. */
    private static final class Waiting extends State {
        private final long lastGeneration;

        Waiting(Self self, long lastGeneration) {
            super(self);
            this.lastGeneration = lastGeneration;
        }

        @Override
        long generation() {
            return 0;
        }

        @Override
        public Receive<Command> createReceive() {
            return newReceiveBuilder()
                    .onMessage(Describe.class, this::onDescribe)
                    .onMessage(Join.class, this::onJoin)
                    .onAnyMessage(this::onUnexpected)
                    .onSignal(PostStop.class, this::onPostStop)
                    .build();
        }

        private Behavior<Command> onJoin(Join m) {
            Generation g = m.generation();
            int rank = g.rankOf(self.name());
            if (g.number() <= lastGeneration || rank < 0) {
                return onUnexpected(m); // an order that was overtaken by a newer one, or meant for another worker
            }
            ActorRef<Command> me = self.context().getSelf();
            self.thread().enter(g, rank, event -> me.tell(new Happened(g.number(), event)));
            return self.transition(
                    "Waiting",
                    new Entering(self, g, rank, m.replyTo()),
                    "generation " + g.number() + ", rank " + rank + " of " + g.worldSize() + ", lanes "
                            + g.members().get(rank).lanes());
        }
    }

    /** Takes up the state of the generation's first step. A halt that comes this early is kept for the first step. */
    private static final class Entering extends State {
        private final Generation generation;
        private final int rank;
        private final ActorRef<Report> replyTo;

        Entering(Self self, Generation generation, int rank, ActorRef<Report> replyTo) {
            super(self);
            this.generation = generation;
            this.rank = rank;
            this.replyTo = replyTo;
        }

        @Override
        long generation() {
            return generation.number();
        }

        @Override
        public Receive<Command> createReceive() {
            return newReceiveBuilder()
                    .onMessage(Describe.class, this::onDescribe)
                    .onMessage(
                            Happened.class,
                            m -> m.generation() == generation() && m.event() instanceof Event.Entered,
                            m -> onEntered((Event.Entered) m.event()))
                    .onMessage(
                            Happened.class,
                            m -> m.generation() == generation() && m.event() instanceof Event.Failed,
                            m -> failed(this, generation, replyTo, (Event.Failed) m.event()))
                    .onMessage(Halt.class, m -> m.generation() == generation(), m -> {
                        self.thread().requestStop();
                        return this;
                    })
                    .onAnyMessage(this::onUnexpected)
                    .onSignal(PostStop.class, this::onPostStop)
                    .build();
        }

        private Behavior<Command> onEntered(Event.Entered e) {
            replyTo.tell(new Joined(self.name(), generation()));
            return self.transition("Entering", new Training(self, generation, rank, replyTo), e.how());
        }
    }

    /** Holds only what exists while a generation trains. */
    private static final class Training extends State {
        private final Generation generation;
        private final int rank;
        private final ActorRef<Report> replyTo;
        private String haltReason = "the last step";

        Training(Self self, Generation generation, int rank, ActorRef<Report> replyTo) {
            super(self);
            this.generation = generation;
            this.rank = rank;
            this.replyTo = replyTo;
        }

        @Override
        long generation() {
            return generation.number();
        }

        @Override
        public Receive<Command> createReceive() {
            return newReceiveBuilder()
                    .onMessage(Describe.class, this::onDescribe)
                    .onMessage(Happened.class, m -> m.generation() == generation(), m -> onEvent(m.event()))
                    .onMessage(Halt.class, m -> m.generation() == generation(), this::onHalt)
                    .onAnyMessage(this::onUnexpected)
                    .onSignal(PostStop.class, this::onPostStop)
                    .build();
        }

        private Behavior<Command> onHalt(Halt m) {
            haltReason = m.reason();
            self.thread().requestStop();
            return this;
        }

        private Behavior<Command> onEvent(Event event) {
            if (event instanceof Event.Progressed p) {
                if (rank == 0) {
                    replyTo.tell(new Progressed(
                            self.name(),
                            generation(),
                            p.result().step(),
                            p.result().loss(),
                            p.samplesPerSecond()));
                }
                return this;
            }
            if (event instanceof Event.Failed f) {
                return failed(this, generation, replyTo, f);
            }
            if (event instanceof Event.Ended e) {
                String reason = e.reason().isEmpty() ? haltReason : e.reason();
                replyTo.tell(new Halted(self.name(), generation(), e.committedSteps(), reason));
                return self.transition("Training", new Waiting(self, generation()), reason);
            }
            return onUnexpected(new Happened(generation(), event));
        }
    }

    private static Behavior<Command> failed(
            State state, Generation generation, ActorRef<Report> replyTo, Event.Failed failure) {
        Self self = state.self;
        long committed = self.thread().committedSteps();
        replyTo.tell(new Failed(self.name(), generation.number(), committed, failure.cause(), failure.kind()));
        return self.transition(
                state.getClass().getSimpleName(), new Waiting(self, generation.number()), failure.cause());
    }
}
