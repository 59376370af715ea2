package io.flm.worker;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.PostStop;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Receive;
import io.flm.worker.Worker.Command;
import io.flm.worker.Worker.Phase;
import io.flm.worker.Worker.Report;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The states of a {@link Worker}, one class each; {@link Books} is what outlives a state. */
final class WorkerStates {
    /** Every so many progress events of its trainer, a member other than rank 0 reports. */
    private static final int EVENTS_PER_REPORT = 8;

    /** What a worker tells itself. */
    sealed interface Internal extends Command {}

    /** What came of the {@code attempt}-th preparation. */
    private record PreparationEnded(long attempt, AsyncTrainer.Event event) implements Internal {}

    /** What happened in a generation. */
    private record Happened(long generation, AsyncTrainer.Event event) implements Internal {}

    /** What came of a save or a hash for a run. */
    private record Finished(String run, AsyncTrainer.Event event) implements Internal {}

    private WorkerStates() {}

    static Behavior<Command> first(ActorContext<Command> context, Worker.Identity identity, AsyncTrainer trainer) {
        return new Idle(new Books(context, identity, trainer));
    }

    private static final class Books {
        final ActorContext<Command> context;
        final Worker.Identity identity;
        final AsyncTrainer trainer;
        long epoch;
        long lastGeneration;
        long attempt;
        double laneMs;
        boolean saving;

        @Nullable ActorRef<Report> receiver; // of the newest order

        @Nullable RunPlan plan;

        Map<String, String> hashes = Map.of();

        @Nullable Report outcome; // of the newest generation, once it has ended here

        Books(ActorContext<Command> context, Worker.Identity identity, AsyncTrainer trainer) {
            this.context = context;
            this.identity = identity;
            this.trainer = trainer;
        }

        String name() {
            return identity.name();
        }

        String run() {
            return plan == null ? "" : plan.id();
        }

        void report(Report report) {
            if (receiver != null) {
                receiver.tell(report);
            }
        }
    }

    /** What all states do alike: they answer, fence off old orders, keep plans, and pass on what became of a checkpoint. */
    private abstract static class State extends AbstractBehavior<Command> {
        final Books books;
        private final Phase phase;
        private final String reason;

        State(Books books, Phase phase, String reason) {
            super(books.context);
            this.books = books;
            this.phase = phase;
            this.reason = reason;
        }

        @Override
        public final Receive<Command> createReceive() {
            return newReceiveBuilder()
                    .onMessage(Worker.Order.class, this::onOrder)
                    .onMessage(PreparationEnded.class, m -> m.attempt() == books.attempt, m -> onPrepared(m.event()))
                    .onMessage(Happened.class, this::isCurrent, m -> onHappened(m.event()))
                    .onMessage(Finished.class, this::onFinished)
                    .onAnyMessage(this::onUnexpected)
                    .onSignal(PostStop.class, signal -> {
                        books.trainer.close();
                        return this;
                    })
                    .build();
        }

        @Nullable Generation generation() {
            return null;
        }

        private boolean isCurrent(Happened m) {
            Generation g = generation();
            return g != null && g.number() == m.generation();
        }

        abstract Behavior<Command> onJoin(Worker.Join m);

        Behavior<Command> onHalt(Worker.Halt m) {
            return answer(m);
        }

        Behavior<Command> onAbandon(Worker.Abandon m) {
            return answer(m);
        }

        Behavior<Command> onPrepared(AsyncTrainer.Event event) {
            return onUnexpected(new PreparationEnded(books.attempt, event));
        }

        Behavior<Command> onHappened(AsyncTrainer.Event event) {
            return onUnexpected(new Happened(books.lastGeneration, event));
        }

        private Behavior<Command> onOrder(Worker.Order m) {
            boolean newcomer = m instanceof Worker.Describe && m.epoch() == 0;
            if (m.epoch() < books.epoch && !newcomer) {
                if (m instanceof Worker.Describe d) {
                    m.replyTo().tell(described(d.withPlan()));
                    return this;
                }
                return refuse(m, "of epoch " + m.epoch() + ", but " + books.epoch + " has begun");
            }
            books.epoch = Math.max(books.epoch, m.epoch());
            books.receiver = m.replyTo();
            if (m instanceof Worker.Describe) {
                return answer(m);
            }
            if (m instanceof Worker.Prepare p) {
                return onPrepare(p);
            }
            if (m instanceof Worker.Join j) {
                boolean known = j.generation().run().equals(books.run())
                        && j.generation().rankOf(books.name()) >= 0;
                return known ? onJoin(j) : refuse(m, "it is not for this worker and its run");
            }
            if (m instanceof Worker.Halt h) {
                return onHalt(h);
            }
            if (m instanceof Worker.Abandon a) {
                // A join that was overtaken by this must not be obeyed when it comes.
                books.lastGeneration = Math.max(books.lastGeneration, a.generation());
                return onAbandon(a);
            }
            if (m instanceof Worker.Save) {
                return onSave();
            }
            return onHash(m);
        }

        /** A run that was begun is given up for another one in the phases between generations only. */
        private Behavior<Command> onPrepare(Worker.Prepare m) {
            RunPlan plan = books.plan;
            if (plan != null && plan.id().equals(m.plan().id())) {
                if (m.plan().revision() > plan.revision()) {
                    books.plan = m.plan();
                }
                return answer(m);
            }
            if (generation() != null) {
                return refuse(m, "generation " + books.lastGeneration + " is not left yet");
            }
            books.plan = m.plan();
            books.hashes = Map.of();
            books.outcome = null;
            books.laneMs = 0;
            books.saving = false;
            long attempt = ++books.attempt;
            ActorRef<Command> me = books.context.getSelf();
            books.trainer.prepare(m.plan(), event -> me.tell(new PreparationEnded(attempt, event)));
            Preparing next = new Preparing(
                    books, "builds model and data of run " + m.plan().run());
            books.report(next.described(false));
            return transition(next);
        }

        private Behavior<Command> onSave() {
            if (phase != Phase.WAITING && phase != Phase.ENTERING && phase != Phase.TRAINING) {
                books.report(new Worker.SaveFailed(
                        books.name(), "worker " + books.name() + " is " + word(phase) + ": there is nothing to save"));
            } else if (!books.saving) { // else the answer is on its way
                books.saving = true;
                books.trainer.save(finished());
            }
            return this;
        }

        private Behavior<Command> onHash(Worker.Order m) {
            if (phase != Phase.WAITING) {
                return refuse(m, "the weights change");
            }
            books.trainer.hash(finished());
            return this;
        }

        private Consumer<AsyncTrainer.Event> finished() {
            String run = books.run();
            ActorRef<Command> me = books.context.getSelf();
            return event -> me.tell(new Finished(run, event));
        }

        private Behavior<Command> onFinished(Finished m) {
            if (!m.run().equals(books.run())) {
                return onUnexpected(m);
            }
            if (m.event() instanceof AsyncTrainer.Saved s) {
                books.saving = false;
                books.report(new Worker.Saved(books.name(), s.step(), s.where()));
            } else if (m.event() instanceof AsyncTrainer.SaveFailed f) {
                books.saving = false;
                books.report(new Worker.SaveFailed(books.name(), f.reason()));
            } else if (m.event() instanceof AsyncTrainer.Hashed h) {
                books.report(new Worker.Hashed(books.name(), h.step(), h.weightsSha256()));
            } else if (m.event() instanceof AsyncTrainer.Failed f && generation() == null) {
                return become(new Unfit(books, f.cause()));
            } else {
                return onUnexpected(m);
            }
            return this;
        }

        final Worker.Described described(boolean withPlan) {
            RunPlan plan = books.plan;
            return new Worker.Described(
                    books.name(),
                    books.context.getSelf(),
                    books.identity.node(),
                    books.identity.device(),
                    books.identity.endpoint(),
                    books.identity.version(),
                    books.epoch,
                    phase,
                    books.run(),
                    plan == null ? 0 : plan.revision(),
                    withPlan ? plan : null,
                    books.hashes,
                    generation(),
                    books.lastGeneration,
                    phase == Phase.IDLE || phase == Phase.PREPARING ? 0 : books.trainer.committedSteps(),
                    books.laneMs,
                    reason);
        }

        /** Says where this stands, and again how the last generation ended: the first report may have been lost. */
        final Behavior<Command> answer(Worker.Order m) {
            if (books.outcome != null && generation() == null) {
                m.replyTo().tell(books.outcome); // first, since it may decide what the answer leads to
            }
            m.replyTo().tell(described(m instanceof Worker.Describe d && d.withPlan()));
            return this;
        }

        final Behavior<Command> refuse(Worker.Order m, String why) {
            books.context
                    .getLog()
                    .warn(
                            "worker {}, {}: refused {}: {}",
                            books.name(),
                            word(phase),
                            m.getClass().getSimpleName(),
                            why);
            return answer(m);
        }

        /** Nothing is dropped silently. */
        final Behavior<Command> onUnexpected(Command m) {
            books.context.getLog().warn("worker {}, {}: unexpected {}", books.name(), word(phase), m);
            return this;
        }

        final Behavior<Command> transition(State next) {
            books.context
                    .getLog()
                    .info("worker {}: {} -> {}: {}", books.name(), word(phase), word(next.phase), next.reason);
            return next;
        }

        /** Goes on to a state that the coordinator must hear of. */
        final Behavior<Command> become(State next) {
            books.report(next.described(false));
            return transition(next);
        }
    }

    private static String word(Phase phase) {
        return phase.name().toLowerCase(Locale.ROOT);
    }

    /** Without a run. */
    private static final class Idle extends State {
        Idle(Books books) {
            super(books, Phase.IDLE, "no run yet");
        }

        @Override
        Behavior<Command> onJoin(Worker.Join m) {
            return refuse(m, "no run is prepared");
        }
    }

    /** Model and data are being built. */
    private static final class Preparing extends State {
        Preparing(Books books, String reason) {
            super(books, Phase.PREPARING, reason);
        }

        @Override
        Behavior<Command> onJoin(Worker.Join m) {
            return refuse(m, "the run is being prepared");
        }

        @Override
        Behavior<Command> onPrepared(AsyncTrainer.Event event) {
            if (event instanceof AsyncTrainer.Prepared p) {
                books.hashes = Map.copyOf(p.hashes());
                return become(new Waiting(books, "prepared; holds step " + books.trainer.committedSteps()));
            }
            if (event instanceof AsyncTrainer.Refused r) {
                return become(new Unfit(books, r.reason()));
            }
            return super.onPrepared(event);
        }
    }

    /** Prepared, without a generation. Keeps its weights: the next generation may begin where the last one ended. */
    private static final class Waiting extends State {
        Waiting(Books books, String reason) {
            super(books, Phase.WAITING, reason);
        }

        @Override
        Behavior<Command> onJoin(Worker.Join m) {
            Generation g = m.generation();
            if (g.number() <= books.lastGeneration) {
                return refuse(m, "generation " + g.number() + " is over, the last was " + books.lastGeneration);
            }
            books.lastGeneration = g.number();
            books.outcome = null;
            int rank = g.rankOf(books.name());
            ActorRef<Command> me = books.context.getSelf();
            books.trainer.enter(g, rank, event -> me.tell(new Happened(g.number(), event)));
            return transition(new Entering(
                    books,
                    g,
                    "generation " + g.number() + ", rank " + rank + " of " + g.worldSize() + ", lanes "
                            + g.members().get(rank).lanes() + " from step " + g.firstStep()));
        }
    }

    /** The states inside of a generation. */
    private abstract static class Member extends State {
        final Generation generation;
        private String haltReason = "the last step";

        Member(Books books, Generation generation, Phase phase, String reason) {
            super(books, phase, reason);
            this.generation = generation;
        }

        @Override
        final @Nullable Generation generation() {
            return generation;
        }

        @Override
        Behavior<Command> onHalt(Worker.Halt m) {
            if (m.generation() != generation.number()) {
                return refuse(m, "this is generation " + generation.number());
            }
            haltReason = m.reason();
            books.trainer.requestStop(); // this early it is kept for the first step
            return this;
        }

        @Override
        Behavior<Command> onAbandon(Worker.Abandon m) {
            if (m.generation() < generation.number()) {
                return refuse(m, "this is generation " + generation.number());
            }
            books.trainer.abandon(generation.number(), m.reason());
            return become(new Leaving(books, generation, m.reason()));
        }

        @Override
        Behavior<Command> onHappened(AsyncTrainer.Event event) {
            long committed = books.trainer.committedSteps();
            if (event instanceof AsyncTrainer.Ended e) {
                books.outcome = new Worker.Halted(books.name(), generation.number(), e.committedSteps(), haltReason);
                books.report(books.outcome);
                return become(new Waiting(books, haltReason));
            }
            if (event instanceof AsyncTrainer.Failed f) {
                books.outcome = new Worker.Failed(
                        books.name(), generation.number(), committed, f.kind(), f.cause(), List.copyOf(f.lostNodes()));
                books.report(books.outcome);
                return become(
                        f.kind() == FailureKind.BROKEN ? new Unfit(books, f.cause()) : new Waiting(books, f.cause()));
            }
            return super.onHappened(event);
        }

        final Member haltedBecause(Member before) {
            haltReason = before.haltReason;
            return this;
        }
    }

    /** Takes up the state of the generation's first step. */
    private static final class Entering extends Member {
        Entering(Books books, Generation generation, String reason) {
            super(books, generation, Phase.ENTERING, reason);
        }

        @Override
        Behavior<Command> onJoin(Worker.Join m) {
            return answer(m); // given again
        }

        @Override
        Behavior<Command> onHappened(AsyncTrainer.Event event) {
            if (event instanceof AsyncTrainer.Entered e) {
                books.report(new Worker.Joined(books.name(), generation.number()));
                return transition(
                        new Training(books, generation, "took the state from " + e.how()).haltedBecause(this));
            }
            return super.onHappened(event);
        }
    }

    /** Runs steps; the trainer does so on its own. */
    private static final class Training extends Member {
        private int events;

        Training(Books books, Generation generation, String reason) {
            super(books, generation, Phase.TRAINING, reason);
        }

        @Override
        Behavior<Command> onJoin(Worker.Join m) {
            if (m.generation().number() == generation.number()) {
                books.report(new Worker.Joined(books.name(), generation.number())); // the first one was lost
                return this;
            }
            return refuse(m, "generation " + generation.number() + " is not left yet");
        }

        @Override
        Behavior<Command> onHappened(AsyncTrainer.Event event) {
            if (!(event instanceof AsyncTrainer.Progressed p)) {
                return super.onHappened(event);
            }
            books.laneMs = p.rates().laneMs();
            if (generation.rankOf(books.name()) == 0 || events++ % EVENTS_PER_REPORT == 0) {
                books.report(new Worker.Progressed(
                        books.name(),
                        generation.number(),
                        p.result().step(),
                        p.result().loss(),
                        p.heads(),
                        p.rates()));
            }
            return this;
        }
    }

    /** Has abandoned its generation; ends with the failure that the trainer reports, or the end if it came first. */
    private static final class Leaving extends Member {
        Leaving(Books books, Generation generation, String reason) {
            super(books, generation, Phase.LEAVING, reason);
        }

        @Override
        Behavior<Command> onJoin(Worker.Join m) {
            return refuse(m, "generation " + generation.number() + " is not left yet");
        }

        @Override
        Behavior<Command> onAbandon(Worker.Abandon m) {
            return answer(m); // given again
        }

        @Override
        Behavior<Command> onHappened(AsyncTrainer.Event event) {
            boolean late = event instanceof AsyncTrainer.Entered || event instanceof AsyncTrainer.Progressed;
            return late ? this : super.onHappened(event);
        }
    }

    /** No member of this run any more; another run may be prepared. */
    private static final class Unfit extends State {
        Unfit(Books books, String reason) {
            super(books, Phase.UNFIT, reason);
        }

        @Override
        Behavior<Command> onJoin(Worker.Join m) {
            return refuse(m, "it is unfit");
        }
    }
}
