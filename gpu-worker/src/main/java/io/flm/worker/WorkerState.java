package io.flm.worker;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.PostStop;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.Receive;
import io.flm.data.BrokenShards;
import io.flm.worker.Worker.Command;
import io.flm.worker.Worker.Phase;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A state of a {@link Worker}, and what all states do alike: answer, refuse old orders, keep plans, and pass on what became of a
 * checkpoint. The states themselves are in {@link WorkerStates}.
 */
abstract class WorkerState extends AbstractBehavior<Command> {
    /** What a worker tells itself. */
    sealed interface Internal extends Command {}

    /** What came of the {@code attempt}-th preparation. */
    private record PreparationEnded(long attempt, AsyncTrainer.Event event) implements Internal {}

    /** What happened in a generation. */
    record Happened(long generation, AsyncTrainer.Event event) implements Internal {}

    /** What came of a save or a hash for a run. */
    private record Finished(String run, AsyncTrainer.Event event) implements Internal {}

    final WorkerContext worker;
    private final Phase phase;
    private final String reason;

    WorkerState(WorkerContext worker, Phase phase, String reason) {
        super(worker.actor);
        this.worker = worker;
        this.phase = phase;
        this.reason = reason;
    }

    @Override
    public final Receive<Command> createReceive() {
        return newReceiveBuilder()
                .onMessage(Worker.Order.class, this::onOrder)
                .onMessage(PreparationEnded.class, m -> m.attempt() == worker.attempt, m -> onPrepared(m.event()))
                .onMessage(Happened.class, this::isCurrent, m -> onHappened(m.event()))
                .onMessage(Finished.class, this::onFinished)
                .onAnyMessage(this::onUnexpected)
                .onSignal(PostStop.class, signal -> {
                    worker.trainer.close();
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
        return onUnexpected(new PreparationEnded(worker.attempt, event));
    }

    Behavior<Command> onHappened(AsyncTrainer.Event event) {
        return onUnexpected(new Happened(worker.lastGeneration, event));
    }

    private Behavior<Command> onOrder(Worker.Order m) {
        boolean newcomer = m instanceof Worker.Describe && m.epoch() == 0;
        if (m.epoch() < worker.epoch && !newcomer) {
            if (m instanceof Worker.Describe d) {
                m.replyTo().tell(described(d.withPlan()));
                return this;
            }
            return refuse(m, "of epoch " + m.epoch() + ", but " + worker.epoch + " has begun");
        }
        worker.epoch = Math.max(worker.epoch, m.epoch());
        worker.receiver = m.replyTo();
        if (m instanceof Worker.Describe) {
            return answer(m);
        }
        if (m instanceof Worker.Prepare p) {
            return onPrepare(p);
        }
        if (m instanceof Worker.Join j) {
            boolean known =
                    j.generation().run().equals(worker.run()) && j.generation().rankOf(worker.name()) >= 0;
            return known ? onJoin(j) : refuse(m, "it is not for this worker and its run");
        }
        if (m instanceof Worker.Halt h) {
            return onHalt(h);
        }
        if (m instanceof Worker.Abandon a) {
            // A join that was overtaken by this must not be obeyed when it comes.
            worker.lastGeneration = Math.max(worker.lastGeneration, a.generation());
            return onAbandon(a);
        }
        if (m instanceof Worker.Save) {
            return onSave();
        }
        return onHash(m);
    }

    /** A run that was begun is given up for another one in the phases between generations only. */
    private Behavior<Command> onPrepare(Worker.Prepare m) {
        RunPlan plan = worker.plan;
        if (plan != null && plan.id().equals(m.plan().id())) {
            if (m.plan().revision() > plan.revision()) {
                worker.plan = m.plan();
            }
            return answer(m);
        }
        if (generation() != null) {
            return refuse(m, "generation " + worker.lastGeneration + " is not left yet");
        }
        worker.plan = m.plan();
        worker.hashes = Map.of();
        worker.outcome = null;
        worker.laneMs = 0;
        worker.saving = false;
        long attempt = ++worker.attempt;
        ActorRef<Command> me = worker.actor.getSelf();
        worker.trainer.prepare(m.plan(), event -> me.tell(new PreparationEnded(attempt, event)));
        WorkerState next = new WorkerStates.Preparing(
                worker, "builds model and data of run " + m.plan().run());
        worker.report(next.described(false));
        return transition(next);
    }

    private Behavior<Command> onSave() {
        if (phase != Phase.WAITING && phase != Phase.ENTERING && phase != Phase.TRAINING) {
            worker.report(new Worker.SaveFailed(
                    worker.name(), "worker " + worker.name() + " is " + word(phase) + ": there is nothing to save"));
        } else if (!worker.saving) { // else the answer is on its way
            worker.saving = true;
            worker.trainer.save(finished());
        }
        return this;
    }

    private Behavior<Command> onHash(Worker.Order m) {
        if (phase != Phase.WAITING) {
            return refuse(m, "the weights change");
        }
        worker.trainer.hash(finished());
        return this;
    }

    private Consumer<AsyncTrainer.Event> finished() {
        String run = worker.run();
        ActorRef<Command> me = worker.actor.getSelf();
        return event -> me.tell(new Finished(run, event));
    }

    private Behavior<Command> onFinished(Finished m) {
        if (!m.run().equals(worker.run())) {
            return onUnexpected(m);
        }
        if (m.event() instanceof AsyncTrainer.Saved s) {
            worker.saving = false;
            worker.report(new Worker.Saved(worker.name(), s.step(), s.where()));
        } else if (m.event() instanceof AsyncTrainer.SaveFailed f) {
            worker.saving = false;
            worker.report(new Worker.SaveFailed(worker.name(), f.reason()));
        } else if (m.event() instanceof AsyncTrainer.Hashed h) {
            worker.report(new Worker.Hashed(worker.name(), h.step(), h.weightsSha256()));
        } else if (m.event() instanceof AsyncTrainer.Failed f && generation() == null) {
            return become(new WorkerStates.Unfit(worker, f.cause()));
        } else {
            return onUnexpected(m);
        }
        return this;
    }

    private boolean isPrepared() {
        return phase != Phase.IDLE && phase != Phase.PREPARING;
    }

    final Worker.Described described(boolean withPlan) {
        RunPlan plan = worker.plan;
        return new Worker.Described(
                worker.name(),
                worker.actor.getSelf(),
                worker.identity.node(),
                worker.identity.device(),
                worker.identity.endpoint(),
                worker.identity.version(),
                worker.epoch,
                phase,
                worker.run(),
                plan == null ? 0 : plan.revision(),
                withPlan ? plan : null,
                worker.hashes,
                generation(),
                worker.lastGeneration,
                isPrepared() ? worker.trainer.committedSteps() : 0,
                isPrepared() ? worker.trainer.brokenShards() : BrokenShards.NONE,
                worker.laneMs,
                reason);
    }

    /** Says where this stands, and again how the last generation ended: the first report may have been lost. */
    final Behavior<Command> answer(Worker.Order m) {
        if (worker.outcome != null && generation() == null) {
            m.replyTo().tell(worker.outcome); // first, since it may decide what the answer leads to
        }
        m.replyTo().tell(described(m instanceof Worker.Describe d && d.withPlan()));
        return this;
    }

    final Behavior<Command> refuse(Worker.Order m, String why) {
        worker.actor
                .getLog()
                .warn(
                        "worker {}, {}: refused {}: {}",
                        worker.name(),
                        word(phase),
                        m.getClass().getSimpleName(),
                        why);
        return answer(m);
    }

    /** Nothing is dropped silently. */
    final Behavior<Command> onUnexpected(Command m) {
        worker.actor.getLog().warn("worker {}, {}: unexpected {}", worker.name(), word(phase), m);
        return this;
    }

    final Behavior<Command> transition(WorkerState next) {
        worker.actor
                .getLog()
                .info("worker {}: {} -> {}: {}", worker.name(), word(phase), word(next.phase), next.reason);
        return next;
    }

    /** Goes on to a state that the coordinator must hear of. */
    final Behavior<Command> become(WorkerState next) {
        worker.report(next.described(false));
        return transition(next);
    }

    private static String word(Phase phase) {
        return phase.name().toLowerCase(Locale.ROOT);
    }
}
