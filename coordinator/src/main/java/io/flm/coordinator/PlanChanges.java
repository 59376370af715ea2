package io.flm.coordinator;

import io.flm.coordinator.Membership.Candidate;
import io.flm.worker.RunPlan;
import io.flm.worker.RunPlan.Intent;
import java.util.stream.Collectors;

/** What the operator asks for, as changes of the plan. States act on the plan as it is then. */
final class PlanChanges {
    static final String TIME_LIMIT = "the time limit is reached";

    /**
     * What became of a request.
     *
     * @param changed whether the plan is another one
     * @param reason why it was accepted or not
     */
    record Outcome(boolean accepted, boolean changed, String reason) {
        private static Outcome declined(String reason) {
            return new Outcome(false, false, reason);
        }
    }

    private PlanChanges() {}

    /** @param state the run's, for the answer */
    static Outcome apply(Run run, String state, Coordinator.Change change) {
        if (change instanceof Coordinator.Pause m) {
            return pause(run, m.reason());
        }
        if (change instanceof Coordinator.Continue) {
            return goOn(run, state);
        }
        if (change instanceof Coordinator.Stop m) {
            return stop(run, m.reason());
        }
        if (change instanceof Coordinator.Drain m) {
            return drain(run, m.worker(), m.reason());
        }
        if (change instanceof Coordinator.Admit m) {
            return admit(run, m.worker());
        }
        throw new IllegalArgumentException(change + " does not change a plan");
    }

    /** Whether the run's time has just come to its end, so that it is to stop. */
    static boolean stopAtTimeLimit(Run run) {
        RunPlan plan = run.plan;
        return plan != null
                && plan.deadline() > 0
                && run.environment.clock().millis() >= plan.deadline()
                && plan.intent() == Intent.RUN
                && intend(run, Intent.STOP, TIME_LIMIT);
    }

    private static Outcome pause(Run run, String why) {
        if (!run.isUnderWay()) {
            return Outcome.declined("there is no run to pause");
        }
        if (run.plan().intent() == Intent.STOP) {
            return Outcome.declined(
                    "run " + run.name() + " is being stopped: " + run.plan().intentReason());
        }
        return new Outcome(
                true,
                intend(run, Intent.PAUSE, why),
                "run " + run.name() + " pauses after the step at hand, with a checkpoint");
    }

    private static Outcome goOn(Run run, String state) {
        if (!run.isUnderWay()) {
            return Outcome.declined("there is no run that was paused");
        }
        if (run.plan().intent() != Intent.PAUSE) {
            return Outcome.declined("run " + run.name() + " is not paused, but " + state);
        }
        return new Outcome(true, intend(run, Intent.RUN, "continued"), "run " + run.name() + " goes on");
    }

    private static Outcome stop(Run run, String why) {
        return run.isUnderWay()
                ? new Outcome(
                        true,
                        intend(run, Intent.STOP, why),
                        "run " + run.name() + " ends after the step at hand, with a checkpoint")
                : Outcome.declined("there is no run to stop");
    }

    private static boolean intend(Run run, Intent intent, String why) {
        if (run.plan().intent() == intent) {
            return false;
        }
        run.causedAt = run.now();
        run.revise(run.plan().withIntent(intent, orAsked(why)));
        return true;
    }

    private static Outcome drain(Run run, String worker, String why) {
        if (!run.isUnderWay()) {
            return Outcome.declined("there is no run to drain " + worker + " from");
        }
        if (run.roster.of(worker).isEmpty()) {
            String known = run.candidates().stream().map(Candidate::name).collect(Collectors.joining(", "));
            return Outcome.declined("there is no worker " + worker + "; there are: " + known);
        }
        boolean changed = !run.plan().drained().containsKey(worker);
        if (changed) {
            run.causedAt = run.now();
            String reason = Excerpt.of(orAsked(why), run.candidates().size());
            run.revise(run.plan().withDrained(worker, reason));
        }
        return new Outcome(true, changed, "worker " + worker + " is left out from the next generation on");
    }

    private static Outcome admit(Run run, String worker) {
        if (!run.isUnderWay()) {
            return Outcome.declined("there is no run to take " + worker + " into");
        }
        if (!run.plan().drained().containsKey(worker)) {
            return Outcome.declined("worker " + worker + " is not drained");
        }
        run.revise(run.plan().withoutDrained(worker));
        return new Outcome(true, true, "worker " + worker + " is taken in with the next generation");
    }

    private static String orAsked(String why) {
        return why.isBlank() ? "the operator asked" : why;
    }
}
