package io.flm.coordinator;

import io.flm.coordinator.Membership.Candidate;
import io.flm.coordinator.Membership.Standing;
import io.flm.coordinator.RunView.WorkerView;
import io.flm.worker.AsyncTrainer.Rates;
import io.flm.worker.Generation;
import io.flm.worker.RunPlan;
import io.flm.worker.Worker;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Makes the {@link RunView} of a run in a state. */
final class RunViewer {
    private final Run run;
    private final String state;
    private final boolean trains;
    private final boolean inGeneration;

    RunViewer(Run run, String state) {
        this.run = run;
        this.state = state;
        this.trains = state.equals("training");
        this.inGeneration = trains || state.equals("forming") || state.equals("halting");
    }

    RunView view(String reason) {
        RunPlan plan = run.plan;
        Worker.Progressed p = run.progress;
        return new RunView(
                plan == null ? "" : plan.run(),
                plan == null ? "" : plan.id(),
                state,
                Excerpt.of(reason),
                run.generationNumber(),
                run.committedSteps,
                plan == null ? 0 : plan.totalSteps(),
                run.loss,
                p == null ? List.of() : p.heads(),
                p == null || !trains ? 0 : p.rates().samplesPerSecond(),
                p == null || !trains ? 0 : p.rates().tokensPerSecond(),
                trains ? secondsLeft() : null,
                p == null ? null : p.rates().shares(),
                plan == null ? 0 : plan.minWorkers(),
                plan == null ? 0 : plan.mostMembers(),
                run.weightsSha256,
                run.checkpoint,
                run.notes.texts(),
                workers());
    }

    List<WorkerView> workers() {
        List<Candidate> candidates = run.candidates();
        return candidates.stream().map(c -> view(c, candidates.size())).toList();
    }

    private @Nullable Double secondsLeft() {
        RunPlan plan = run.plan;
        double stepMs = run.pace.stepMs(run.committedSteps);
        if (plan == null || stepMs < 0) {
            return null;
        }
        double leftMs = (double) Math.max(0, plan.totalSteps() - run.committedSteps) * stepMs;
        if (plan.deadline() > 0) {
            leftMs = Math.min(leftMs, (double)
                    Math.max(0, plan.deadline() - run.environment.clock().millis()));
        }
        return leftMs / 1000;
    }

    private WorkerView view(Candidate c, int count) {
        Worker.Described d = c.self();
        Generation g = run.generation;
        int rank = g == null || !inGeneration || c.standing() == Standing.REFUSED ? -1 : g.rankOf(c.name());
        Rates rates = rank < 0 ? null : run.roster.rates(c.name());
        String word = Membership.word(c.standing());
        if (d != null && (c.standing() == Standing.READY || c.standing() == Standing.BUSY)) {
            word = inGeneration && rank < 0 && c.standing() == Standing.READY && g != null && isFull(g)
                    ? "spare"
                    : d.phase().name().toLowerCase(Locale.ROOT);
        }
        return new WorkerView(
                c.name(),
                d == null ? "" : d.node(),
                d == null ? "" : d.device(),
                word,
                rank,
                rank < 0 || g == null ? "" : g.members().get(rank).lanes().toString(),
                d == null ? 0 : d.laneMs(),
                d == null || d.generation() == null ? 0 : d.generation().number(),
                d == null ? 0 : d.steps(),
                word.equals("spare") ? "all places of the generation are taken" : Excerpt.of(c.reason(), count),
                rates == null ? null : rates.shares(),
                rates == null ? null : rates.traffic());
    }

    private boolean isFull(Generation g) {
        return run.plan != null && g.worldSize() >= run.plan.mostMembers();
    }
}
