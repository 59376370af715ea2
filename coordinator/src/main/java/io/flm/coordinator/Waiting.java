package io.flm.coordinator;

import akka.actor.typed.Behavior;
import io.flm.coordinator.Coordinator.Command;
import io.flm.coordinator.Membership.Candidate;
import io.flm.coordinator.Membership.Standing;
import io.flm.worker.Generation;
import io.flm.worker.RunPlan;
import io.flm.worker.RunPlan.Intent;
import io.flm.worker.Worker;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Nothing trains: workers are prepared until there are enough for a generation. Left at once if there are. */
final class Waiting extends State {
    private String status;

    Waiting(Run run, String reason) {
        super(run, reason);
        this.status = reason;
    }

    @Override
    String status() {
        return status;
    }

    @Override
    Behavior<Command> begin() {
        run.roster.entries().forEach(e -> {
            if (e.self != null && e.answered) {
                run.bringUpToDate(e.self);
            }
        });
        return evaluate();
    }

    @Override
    Behavior<Command> onDescribed(Worker.Described d) {
        run.fence(d, reason);
        return super.onDescribed(d);
    }

    @Override
    Behavior<Command> evaluate() {
        List<Candidate> candidates = run.fenced();
        List<Worker.Described> ready = Membership.ready(candidates);
        agreeOnHashes(ready);
        RunPlan plan = run.plan();
        long held = Membership.topStep(Membership.holders(plan, candidates));
        Optional<String> missing = missingHolders(candidates, held);
        if (missing.isPresent()) {
            status = missing.get();
            return this;
        }
        if (plan.intent() != Intent.RUN) {
            return transition(new Saving(run, plan.intentReason(), held));
        }
        if (held > 0 && held >= plan.totalSteps()) {
            return transition(new Saving(run, "all " + plan.totalSteps() + " steps are committed", held));
        }
        // One step less is done again: members differ by at most one step after a loss.
        long within = Membership.topStep(Membership.holders(plan, candidates).stream()
                .filter(d -> !run.isGivenUp(d.node()))
                .toList());
        boolean lacking = Membership.topStep(ready) < within - 1;
        if (lacking && run.roster.takeBack(within, run.now())) {
            return evaluate();
        }
        long last = Math.max(run.generationNumber(), run.roster.lastGeneration());
        if (lacking) {
            Optional<Generation> handOver = Membership.handOver(plan, candidates, last);
            if (handOver.isPresent()) {
                return tryWith(
                        handOver.get(),
                        "step " + held + " is held by drained workers only: the others take it over"
                                + Membership.others(candidates));
            }
            status = "step " + held + " is held by drained workers only: admit one until others have taken over,"
                    + " or stop the run" + Membership.others(candidates);
            return this;
        }
        Optional<String> hopeless = hopeless(candidates);
        if (hopeless.isPresent()) {
            return fail(hopeless.get());
        }
        Membership.Decision decision = Membership.decide(plan, candidates, last);
        if (decision.next().isPresent()) {
            Generation g = decision.next().get();
            Optional<String> wait = comers(candidates, g);
            if (wait.isPresent()) {
                status = wait.get();
                return this;
            }
            return tryWith(g, reason.equals(decision.reason()) ? reason : reason + ": " + decision.reason());
        }
        // Where nothing trains meanwhile, another try with them costs nothing.
        if (elapsedMs() >= run.settings.setAsideMs() && run.roster.takeBack(0, run.now())) {
            return evaluate();
        }
        status = decision.reason();
        run.attempts.lacking(run.now());
        return isOverLimit()
                ? fail("too few workers for " + limitS() + " s (flm.coordinator.wait-limit): " + status
                        + "; start more, or lower the least number of workers, and resume the run")
                : this;
    }

    /** Forms the generation; after some that came to nothing, waits before it does, or gives up. */
    private Behavior<Command> tryWith(Generation g, String why) {
        if (run.attempts.isFailing() && isOverLimit()) {
            return fail("no generation committed a step for " + limitS()
                    + " s (flm.coordinator.wait-limit), the last one: " + reason + "; mend that, and resume the run");
        }
        Optional<String> pause = run.attempts.pause(run.addresses(g).values(), run.now());
        if (pause.isPresent()) {
            status = pause.get();
            return this;
        }
        return form(g, why);
    }

    /** Counted over generations without a step too: a worker that is tried again and again is as good as missing. */
    private boolean isOverLimit() {
        long limitMs = run.settings.waitLimitMs();
        return limitMs > 0 && run.attempts.failingMs(run.now()) >= limitMs;
    }

    private long limitS() {
        return run.settings.waitLimitMs() / 1000;
    }

    /** If the submitter did not say, data and tokenizer are those of the first worker that is prepared. */
    private void agreeOnHashes(List<Worker.Described> ready) {
        if (run.plan().hashes().isEmpty()) {
            ready.stream()
                    .map(Worker.Described::hashes)
                    .filter(h -> !h.isEmpty())
                    .findFirst()
                    .map(Map::copyOf)
                    .ifPresent(h -> run.revise(run.plan().withHashes(h)));
        }
    }

    /** Where enough workers have come, and not one of all can ever be a member, waiting leads nowhere. */
    private Optional<String> hopeless(List<Candidate> candidates) {
        boolean enough = candidates.size() >= run.plan().minWorkers();
        boolean hope = candidates.stream().anyMatch(c -> c.mayCome() || c.standing() == Standing.DRAINED);
        return enough && !hope ? candidates.stream().map(Candidate::reason).findFirst() : Optional.empty();
    }

    /** What a silent member holds is not done again before it had its time to answer. */
    private Optional<String> missingHolders(List<Candidate> candidates, long step) {
        Generation last = run.generation;
        if (last == null || step >= run.committedSteps || elapsedMs() >= run.settings.holderTimeoutMs()) {
            return Optional.empty();
        }
        List<String> holders = candidates.stream()
                .filter(c -> c.standing() == Standing.SILENT || c.standing() == Standing.BUSY)
                .map(Candidate::name)
                .filter(name -> last.rankOf(name) >= 0 && run.member(name).isPresent())
                .toList();
        return holders.isEmpty()
                ? Optional.empty()
                : Optional.of("the others hold step " + step + " at most; waits up to "
                        + run.settings.holderTimeoutMs() / 1000 + " s for " + String.join(", ", holders)
                        + ", which may hold step " + run.committedSteps);
    }

    /** Before the first step, those that are nearly ready are worth some time. */
    private Optional<String> comers(List<Candidate> candidates, Generation g) {
        if (!run.fresh || g.worldSize() >= run.plan().mostMembers() || elapsedMs() >= run.settings.gatherTimeoutMs()) {
            return Optional.empty();
        }
        List<String> coming = candidates.stream()
                .filter(c -> c.standing() == Standing.PREPARING || c.standing() == Standing.SILENT)
                .map(Candidate::name)
                .toList();
        return coming.isEmpty()
                ? Optional.empty()
                : Optional.of(Membership.counted(g.worldSize(), "worker") + " ready; waits up to "
                        + run.settings.gatherTimeoutMs() / 1000 + " s for " + String.join(", ", coming));
    }
}
