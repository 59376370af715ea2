package io.flm.coordinator;

import akka.actor.typed.Behavior;
import io.flm.coordinator.Coordinator.Command;
import io.flm.worker.Generation;
import io.flm.worker.Worker;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** The states with a generation under way: its members train, or are about to, or are to stop. */
abstract class Active extends UnderWay {
    /** What is known of the members, by name; goes from state to state with the generation. */
    record Members(Set<String> joined, Map<String, Long> halted, Map<String, Long> strayed) {
        Members() {
            this(new HashSet<>(), new TreeMap<>(), new HashMap<>());
        }
    }

    final Members members;

    Active(Run run, String reason, Members members) {
        super(run, reason);
        this.members = members;
    }

    @Override
    Behavior<Command> onWorkersChanged() {
        List<String> gone = run.goneMembers();
        return gone.isEmpty()
                ? this
                : regroup("lost " + String.join(", ", gone) + ": ended or cannot be reached", gone);
    }

    @Override
    Behavior<Command> onDescribed(Worker.Described d) {
        Generation g = run.generation();
        if (g.rankOf(d.worker()) >= 0 && run.member(d.worker()).isPresent()) {
            if (d.phase() == Worker.Phase.TRAINING && isIn(g, d)) {
                members.joined().add(d.worker());
            }
            if (d.lastGeneration() >= g.number() && !(isIn(g, d) && d.phase() != Worker.Phase.LEAVING)) {
                // How it ended was said, or is said now. Otherwise it will never join.
                members.strayed().putIfAbsent(d.worker(), run.now());
            }
        }
        expelStranger(g, d);
        return super.onDescribed(d);
    }

    /** One that could not be reached when this generation was formed may still be in another one. */
    private void expelStranger(Generation g, Worker.Described d) {
        Generation other = d.generation();
        boolean inside = other != null && d.phase() != Worker.Phase.LEAVING;
        if (other != null && inside && !(isIn(g, d) && g.rankOf(d.worker()) >= 0)) {
            String why = "generation " + g.number() + " has begun without it";
            d.self().tell(new Worker.Abandon(run.epoch, other.number(), why, run.reports));
        }
    }

    private static boolean isIn(Generation g, Worker.Described d) {
        return d.generation() != null && d.generation().number() == g.number();
    }

    @Override
    Behavior<Command> onGeneration(Worker.GenerationReport report) {
        if (report instanceof Worker.Joined j) {
            members.joined().add(j.worker());
        } else if (report instanceof Worker.Progressed p) {
            members.joined().add(p.worker());
            onProgress(p);
        } else if (report instanceof Worker.Failed f) {
            return onFailed(f);
        } else if (report instanceof Worker.Halted h) {
            members.joined().add(h.worker());
            members.halted().put(h.worker(), h.committedSteps());
            run.committedSteps = Math.max(run.committedSteps, h.committedSteps());
            run.history.committed(h.generation(), run.now());
            if (members.halted().size() == run.generation().worldSize()) {
                return regroup(
                        "all members stopped after step " + run.committedSteps + ": " + haltReason(h), List.of());
            }
        }
        return evaluate();
    }

    /** Why the members stopped. */
    String haltReason(Worker.Halted h) {
        return h.reason();
    }

    private void onProgress(Worker.Progressed p) {
        run.roster.measured(p.worker(), p.rates().laneMs());
        long committed = p.step() + 1;
        if (run.generation().rankOf(p.worker()) == 0 && committed >= run.committedSteps) { // not one that was overtaken
            run.progressed(p);
            progressed();
        }
    }

    void progressed() {}

    private Behavior<Command> onFailed(Worker.Failed f) {
        run.committedSteps = Math.max(run.committedSteps, f.committedSteps());
        return switch (f.kind()) {
            case USER -> fail(f.cause());
            case BROKEN -> {
                run.noteOnce("worker " + f.worker() + " is left out: " + f.cause(), f.worker());
                yield regroup("worker " + f.worker() + " broke: " + f.cause(), List.of());
            }
            case MEMBER_LOST ->
                regroup(
                        f.cause(),
                        run.generation().members().stream()
                                .filter(m -> f.lostNodes().contains(m.node()))
                                .map(Generation.Member::worker)
                                .toList());
        };
    }

    @Override
    Behavior<Command> onTick() {
        Behavior<Command> next = super.onTick();
        if (next != this) {
            return next;
        }
        for (Map.Entry<String, Long> stray : members.strayed().entrySet()) {
            boolean ended = members.halted().containsKey(stray.getKey());
            if (!ended && run.now() - stray.getValue() >= run.settings.answerTimeoutMs()) {
                return regroup(
                        "worker " + stray.getKey() + " is not in generation " + run.generationNumber() + " any more",
                        List.of());
            }
        }
        return evaluate();
    }

    /** Something is known that was not before, or time has passed. */
    abstract Behavior<Command> evaluate();

    /** Members that have not joined, as far as is known. */
    final List<String> missing() {
        return run.generation().members().stream()
                .map(Generation.Member::worker)
                .filter(name -> !members.joined().contains(name))
                .toList();
    }

    /** Gives the order to join again to those of whom nothing was heard. */
    final void joinAgain() {
        Generation g = run.generation();
        missing().forEach(name -> run.tell(name, new Worker.Join(run.epoch, g, run.reports)));
    }

    /** Asks the members to stop after the same step. */
    final Behavior<Command> halt(String why) {
        run.causedAt = run.now();
        run.tellMembers(new Worker.Halt(run.epoch, run.generationNumber(), why, run.reports));
        return transition(new Halting(run, why, members));
    }
}
