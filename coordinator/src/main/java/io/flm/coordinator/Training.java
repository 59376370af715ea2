package io.flm.coordinator;

import akka.actor.typed.Behavior;
import io.flm.coordinator.Coordinator.Command;
import io.flm.worker.Generation;
import io.flm.worker.RunPlan.Intent;
import io.flm.worker.Worker;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** The members run step after step on their own. This state hears of it, and stops them only for a reason. */
final class Training extends State {
    private final Members members;
    private long saveAskedAt;

    /** Of a generation that was found. */
    Training(Run run, String reason) {
        this(run, reason, new Members(run));
    }

    Training(Run run, String reason, Members members) {
        super(run, reason);
        this.members = members;
    }

    @Override
    Behavior<Command> onDescribed(Worker.Described d) {
        members.described(d);
        return super.onDescribed(d);
    }

    @Override
    Behavior<Command> onGeneration(Worker.GenerationReport report) {
        return follow(members.reported(report));
    }

    @Override
    Behavior<Command> onWorkersChanged() {
        return follow(members.check());
    }

    @Override
    Behavior<Command> evaluate() {
        Generation g = run.generation();
        if (run.plan().intent() != Intent.RUN) {
            return halt(members, run.plan().intentReason());
        }
        for (Generation.Member m : g.members()) {
            String drained = run.plan().drained().get(m.worker());
            if (drained != null) {
                return halt(members, "worker " + m.worker() + " is drained: " + drained);
            }
        }
        if (run.now() - Math.max(since, run.pace.progressedAt()) >= run.settings.stallTimeoutMs()) {
            return regroup(
                    "no step was committed for " + run.settings.stallTimeoutMs() / 1000
                            + " s (flm.coordinator.stall-timeout)",
                    List.of());
        }
        saveAgain();
        boolean underWay = !members.anyHalted(); // else they stop by themselves
        if (underWay && elapsedMs() >= run.settings.rejoinPauseMs()) {
            List<String> newcomers = Membership.newcomers(run.plan(), run.candidates(), g);
            if (!newcomers.isEmpty()) {
                return halt(members, String.join(", ", newcomers) + (newcomers.size() == 1 ? " joins" : " join"));
            }
        }
        if (underWay && elapsedMs() >= run.settings.redealPauseMs()) {
            double gain = Lanes.gain(
                    g.members().stream().map(Generation.Member::lanes).toList(), run.roster.laneMs(g));
            if (gain >= run.settings.redealGain()) {
                return halt(
                        members,
                        String.format(
                                Locale.ROOT,
                                "lanes are dealt anew by speed: a step gets %.0f %% shorter (flm.coordinator.redeal-gain)",
                                gain * 100));
            }
        }
        return this;
    }

    @Override
    Behavior<Command> onSaveNow(Coordinator.SaveNow m) {
        run.saveWantedAt = run.now();
        askForSave();
        return answer(
                m,
                true,
                "worker " + run.generation().members().get(0).worker() + " writes a checkpoint after the step at hand");
    }

    private void askForSave() {
        saveAskedAt = run.now();
        run.tell(run.generation().members().get(0).worker(), new Worker.Save(run.epoch, run.reports));
    }

    /** An order to save, or the report of it, may have been lost. */
    private void saveAgain() {
        if (run.saveWantedAt == 0) {
            return;
        }
        if (run.now() - run.saveWantedAt >= run.settings.saveTimeoutMs()) {
            run.saveWantedAt = 0;
            run.notes.add(
                    "the checkpoint that was asked for was not written within " + run.settings.saveTimeoutMs() / 1000
                            + " s (flm.coordinator.save-timeout)",
                    Set.of(Notes.CHECKPOINT));
        } else if (run.now() - saveAskedAt >= run.settings.checkIntervalMs()) {
            askForSave();
        }
    }
}
