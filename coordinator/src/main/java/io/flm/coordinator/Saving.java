package io.flm.coordinator;

import akka.actor.typed.Behavior;
import io.flm.coordinator.Coordinator.Command;
import io.flm.worker.Generation;
import io.flm.worker.RunPlan;
import io.flm.worker.RunPlan.Intent;
import io.flm.worker.Worker;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Nothing trains. The weights of all workers that hold the last step are compared, and one of them writes a checkpoint. If it cannot,
 * another one is asked.
 */
final class Saving extends State {
    private final long step;
    private final Map<String, String> hashes = new TreeMap<>();
    private final Map<String, String> failures = new TreeMap<>();
    private final Map<String, Long> savers = new TreeMap<>(); // since when each is asked
    private boolean saved;
    private long askedAt = Long.MIN_VALUE / 2;
    private long lostAt = -1; // since when nobody can be reached that holds the step; -1: somebody can

    /** @param step what is to be saved; 0: nothing */
    Saving(Run run, String reason, long step) {
        super(run, reason);
        this.step = step;
    }

    @Override
    String status() {
        return mayComeBack()
                ? reason + "; nobody that holds step " + step + " can be reached, waits up to "
                        + run.settings.holderTimeoutMs() / 1000 + " s (flm.coordinator.holder-timeout)"
                : reason;
    }

    @Override
    Behavior<Command> begin() {
        run.committedSteps = Math.max(run.committedSteps, step);
        return evaluate();
    }

    @Override
    Behavior<Command> onDescribed(Worker.Described d) {
        run.fence(d, reason);
        return super.onDescribed(d);
    }

    @Override
    Behavior<Command> onPlanChanged() {
        return this; // looked at when all is saved
    }

    @Override
    Behavior<Command> onOther(Worker.Report report) {
        if (report instanceof Worker.Hashed h && h.step() == step) {
            hashes.put(h.worker(), h.weightsSha256());
        } else if (report instanceof Worker.Saved s && s.step() == step) {
            saved = true;
            super.onOther(s);
        } else if (report instanceof Worker.SaveFailed f && savers.containsKey(f.worker())) {
            failures.putIfAbsent(f.worker(), f.reason()); // told once it is known whether another worker can
        } else {
            super.onOther(report);
        }
        return evaluate();
    }

    @Override
    Behavior<Command> evaluate() {
        List<String> holders = Membership.holders(run.plan(), run.fenced()).stream()
                .filter(d -> d.steps() == step)
                .map(Worker.Described::worker)
                .toList();
        lostAt = !holders.isEmpty() ? -1 : lostAt < 0 ? run.now() : lostAt;
        if (mayComeBack()) {
            return this;
        }
        boolean late = elapsedMs() >= run.settings.saveTimeoutMs();
        boolean hashed = late || hashes.keySet().containsAll(holders);
        boolean anybody = holders.stream().anyMatch(name -> !failures.containsKey(name));
        if (step == 0 || (hashed && (saved || !anybody))) {
            return conclude(holders);
        }
        if (run.now() - askedAt >= run.settings.resendMs()) {
            askedAt = run.now();
            holders.stream()
                    .filter(name -> !hashes.containsKey(name))
                    .forEach(name -> tell(name, new Worker.Hash(run.epoch, run.reports)));
            holders.stream()
                    .filter(name -> !saved && !failures.containsKey(name))
                    .findFirst()
                    .ifPresent(this::save);
        }
        return this;
    }

    /** A run does not end without a checkpoint while those that hold its state may be unreachable for a moment only. */
    private boolean mayComeBack() {
        return step > 0
                && !saved
                && lostAt >= 0
                && run.now() - lostAt < run.settings.holderTimeoutMs()
                && run.plan().intent() == Intent.STOP;
    }

    private void save(String worker) {
        long since = savers.computeIfAbsent(worker, name -> run.now());
        if (run.now() - since >= run.settings.saveTimeoutMs()) {
            failures.put(
                    worker,
                    "worker " + worker + " wrote no checkpoint within " + run.settings.saveTimeoutMs() / 1000
                            + " s (flm.coordinator.save-timeout)");
            askedAt = Long.MIN_VALUE / 2; // the next one at once
        } else {
            tell(worker, new Worker.Save(run.epoch, run.reports));
        }
    }

    private void tell(String worker, Worker.Order order) {
        run.roster.of(worker).ifPresent(e -> e.ref.tell(order));
    }

    private Behavior<Command> conclude(List<String> holders) {
        if (new HashSet<>(hashes.values()).size() > 1) {
            return fail(
                    "the weights of step " + step + " differ: " + named(hashes) + "; this is a fault of the program or"
                            + " of a device: resume the run from an older checkpoint without the worker that is alone");
        }
        hashes.values().stream().findFirst().ifPresent(hash -> {
            run.weightsSha256 = hash;
            run.events.add(new RunEvent.Compared(hash));
        });
        RunPlan plan = run.plan();
        boolean lost = holders.isEmpty() && !saved;
        if (plan.intent() == Intent.RUN
                && (lost || step < plan.totalSteps())) { // the operator wants to go on after all
            return regroup(lost ? "all that held step " + step + " are lost" : "continued", List.of());
        }
        long newest = run.committedSteps; // more than step, where all that held it are lost
        if (saved && !failures.isEmpty()) {
            run.notes.add(whyUnsaved() + "; another worker has written it");
        }
        if (saved && step < newest) {
            run.notes.add("nobody holds step " + newest + " any more: the checkpoint is of step " + step);
        }
        boolean unsaved = newest > 0 && !saved;
        if (unsaved && plan.intent() == Intent.PAUSE) {
            run.notes.add("paused without a checkpoint of step " + newest + ": " + whyUnsaved());
        }
        if (plan.intent() == Intent.PAUSE) {
            return transition(new Paused(run, plan.intentReason()));
        }
        if (unsaved) {
            return fail("step " + newest + " could not be saved: " + whyUnsaved());
        }
        return finish(step >= plan.totalSteps() ? "all " + plan.totalSteps() + " steps are committed" : reason);
    }

    private String whyUnsaved() {
        return failures.isEmpty()
                ? "nobody holds it any more"
                : String.join("; ", new LinkedHashSet<>(failures.values()));
    }

    /** Each with its rank, if it was a member. */
    private String named(Map<String, String> byWorker) {
        Generation g = run.generation;
        StringBuilder text = new StringBuilder();
        byWorker.forEach((worker, hash) -> text.append(text.isEmpty() ? "" : ", ")
                .append(g == null || g.rankOf(worker) < 0 ? "" : "rank " + g.rankOf(worker) + " ")
                .append("(" + worker + ") " + hash));
        return text.toString();
    }
}
