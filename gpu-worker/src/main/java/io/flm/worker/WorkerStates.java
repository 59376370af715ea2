package io.flm.worker;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.ActorContext;
import io.flm.worker.Worker.Command;
import io.flm.worker.Worker.Phase;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The states of a {@link Worker}, one class each. */
final class WorkerStates {
    /** A member other than rank 0 reports once in this number of progress events of its trainer. */
    private static final int EVENTS_PER_REPORT = 8;

    private WorkerStates() {}

    static Behavior<Command> first(ActorContext<Command> actor, Worker.Identity identity, AsyncTrainer trainer) {
        return new Idle(new WorkerContext(actor, identity, trainer));
    }

    /** Without a run. */
    static final class Idle extends WorkerState {
        Idle(WorkerContext worker) {
            super(worker, Phase.IDLE, "no run yet");
        }

        @Override
        Behavior<Command> onJoin(Worker.Join m) {
            return refuse(m, "no run is prepared");
        }
    }

    /** Model and data are being built. */
    static final class Preparing extends WorkerState {
        Preparing(WorkerContext worker, String reason) {
            super(worker, Phase.PREPARING, reason);
        }

        @Override
        Behavior<Command> onJoin(Worker.Join m) {
            return refuse(m, "the run is being prepared");
        }

        @Override
        Behavior<Command> onPrepared(AsyncTrainer.Event event) {
            if (event instanceof AsyncTrainer.Prepared p) {
                worker.hashes = Map.copyOf(p.hashes());
                return become(new Waiting(worker, "prepared; holds step " + worker.trainer.committedSteps()));
            }
            if (event instanceof AsyncTrainer.Refused r) {
                return become(new Unfit(worker, r.reason()));
            }
            return super.onPrepared(event);
        }
    }

    /** Prepared, without a generation. Keeps its weights: the next generation may begin where the last one ended. */
    static final class Waiting extends WorkerState {
        Waiting(WorkerContext worker, String reason) {
            super(worker, Phase.WAITING, reason);
        }

        @Override
        Behavior<Command> onJoin(Worker.Join m) {
            Generation g = m.generation();
            if (g.number() <= worker.lastGeneration) {
                return refuse(m, "generation " + g.number() + " is over, the last was " + worker.lastGeneration);
            }
            worker.lastGeneration = g.number();
            worker.outcome = null;
            int rank = g.rankOf(worker.name());
            ActorRef<Command> me = worker.actor.getSelf();
            worker.trainer.enter(g, rank, event -> me.tell(new Happened(g.number(), event)));
            return transition(new Entering(
                    worker,
                    g,
                    "generation " + g.number() + ", rank " + rank + " of " + g.worldSize() + ", lanes "
                            + g.members().get(rank).lanes() + " from step " + g.firstStep()));
        }
    }

    /** The states inside of a generation. */
    abstract static class InGeneration extends WorkerState {
        final Generation generation;
        private String haltReason = "the last step";

        InGeneration(WorkerContext worker, Generation generation, Phase phase, String reason) {
            super(worker, phase, reason);
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
            worker.trainer.requestStop(); // this early it is kept for the first step
            return this;
        }

        @Override
        Behavior<Command> onAbandon(Worker.Abandon m) {
            if (m.generation() < generation.number()) {
                return refuse(m, "this is generation " + generation.number());
            }
            worker.trainer.abandon(generation.number(), m.reason());
            return become(new Leaving(worker, generation, m.reason()));
        }

        @Override
        Behavior<Command> onHappened(AsyncTrainer.Event event) {
            long committed = worker.trainer.committedSteps();
            if (event instanceof AsyncTrainer.Ended e) {
                worker.outcome = new Worker.Halted(worker.name(), generation.number(), e.committedSteps(), haltReason);
                worker.report(worker.outcome);
                return become(new Waiting(worker, haltReason));
            }
            if (event instanceof AsyncTrainer.Failed f) {
                worker.outcome = new Worker.Failed(
                        worker.name(), generation.number(), committed, f.kind(), f.cause(), List.copyOf(f.lostNodes()));
                worker.report(worker.outcome);
                return become(
                        f.kind() == FailureKind.BROKEN ? new Unfit(worker, f.cause()) : new Waiting(worker, f.cause()));
            }
            return super.onHappened(event);
        }

        final InGeneration haltedBecause(InGeneration before) {
            haltReason = before.haltReason;
            return this;
        }
    }

    /** Takes up the state of the generation's first step. */
    static final class Entering extends InGeneration {
        Entering(WorkerContext worker, Generation generation, String reason) {
            super(worker, generation, Phase.ENTERING, reason);
        }

        @Override
        Behavior<Command> onJoin(Worker.Join m) {
            return answer(m); // given again
        }

        @Override
        Behavior<Command> onHappened(AsyncTrainer.Event event) {
            if (event instanceof AsyncTrainer.Entered e) {
                worker.report(new Worker.Joined(worker.name(), generation.number()));
                return transition(
                        new Training(worker, generation, "took the state from " + e.how()).haltedBecause(this));
            }
            return super.onHappened(event);
        }
    }

    /** Runs steps; the trainer does so on its own. */
    static final class Training extends InGeneration {
        private int events;
        private @Nullable ActorRef<Worker.Report> shownTo; // knows the samples

        Training(WorkerContext worker, Generation generation, String reason) {
            super(worker, generation, Phase.TRAINING, reason);
        }

        @Override
        Behavior<Command> onJoin(Worker.Join m) {
            if (m.generation().number() == generation.number()) {
                worker.report(new Worker.Joined(worker.name(), generation.number())); // the first one was lost
                return this;
            }
            return refuse(m, "generation " + generation.number() + " is not left yet");
        }

        @Override
        Behavior<Command> onHappened(AsyncTrainer.Event event) {
            if (event instanceof AsyncTrainer.Shown shown) {
                show(shown.samples());
                return this;
            }
            if (!(event instanceof AsyncTrainer.Progressed p)) {
                return super.onHappened(event);
            }
            worker.laneMs = p.rates().laneMs();
            if (generation.rankOf(worker.name()) == 0 || events++ % EVENTS_PER_REPORT == 0) {
                worker.report(new Worker.Progressed(
                        worker.name(),
                        generation.number(),
                        p.result().step(),
                        p.result().loss(),
                        p.heads(),
                        p.rates(),
                        p.steps()));
            }
            return this;
        }

        private void show(ShownSamples shown) {
            if (!Objects.equals(shownTo, worker.receiver)) {
                for (int number = 0; number < shown.samples().size(); number++) {
                    worker.report(new Worker.Showing(
                            worker.name(),
                            generation.number(),
                            number,
                            shown.samples().get(number)));
                }
                shownTo = worker.receiver;
            }
            worker.report(new Worker.Predicted(worker.name(), generation.number(), shown.predictions()));
        }
    }

    /** Has abandoned its generation; ends with the failure that the trainer reports, or the end if it came first. */
    static final class Leaving extends InGeneration {
        Leaving(WorkerContext worker, Generation generation, String reason) {
            super(worker, generation, Phase.LEAVING, reason);
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
            boolean late = event instanceof AsyncTrainer.Entered
                    || event instanceof AsyncTrainer.Progressed
                    || event instanceof AsyncTrainer.Shown;
            return late ? this : super.onHappened(event);
        }
    }

    /** No member of this run any more; another run may be prepared. */
    static final class Unfit extends WorkerState {
        Unfit(WorkerContext worker, String reason) {
            super(worker, Phase.UNFIT, reason);
        }

        @Override
        Behavior<Command> onJoin(Worker.Join m) {
            return refuse(m, "it is unfit");
        }
    }
}
