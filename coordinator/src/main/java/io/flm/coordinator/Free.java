package io.flm.coordinator;

import akka.actor.typed.Behavior;
import io.flm.coordinator.Coordinator.Command;
import io.flm.worker.RunPlan;
import io.flm.worker.Worker;

/** The states without a run under way: one may be submitted. */
abstract class Free extends State {
    Free(Run run, String reason) {
        super(run, reason);
    }

    @Override
    final Behavior<Command> onSubmit(Coordinator.Submit m) {
        RunPlan plan = m.plan();
        if (run.plan != null && run.plan.id().equals(plan.id())) {
            return super.onSubmit(m);
        }
        if (plan.minWorkers() > plan.mostMembers()) {
            return decline(
                    m.replyTo(),
                    "run " + plan.run() + " wants at least " + plan.minWorkers() + " workers, but at most "
                            + plan.mostMembers() + " have a lane; give more lanes, or fewer workers");
        }
        run.begin(plan);
        run.fresh = true;
        accept(m.replyTo(), "run " + plan.run() + " is submitted");
        return transition(new Waiting(run, "submitted"));
    }

    /** Orders that were lost are given again: the end of a run must reach all of its workers. */
    @Override
    Behavior<Command> onDescribed(Worker.Described d) {
        RunPlan plan = run.plan;
        if (plan != null && d.run().equals(plan.id())) {
            run.bringUpToDate(d);
            if (d.generation() != null) {
                d.self().tell(new Worker.Abandon(run.epoch, d.generation().number(), reason, run.reports));
            }
        }
        return this;
    }
}
