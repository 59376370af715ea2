package io.flm.simulation;

import akka.actor.typed.ActorRef;
import io.flm.coordinator.Coordinator;
import io.flm.coordinator.RunView;
import io.flm.coordinator.RunView.WorkerView;
import io.flm.worker.RunPlan;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Looks at the run every second; submits it where there is none, as {@code flm pretrain} does, and asks for what the scenario
 * wants of it at that time, until it is so.
 */
final class Operator {
    private static final double LOOK_MS = 1000;
    private static final Set<String> UNDER_WAY = Set.of("forming", "training", "regrouping");
    private static final String WHY = "the scenario wants it";

    private final World world;
    private final Consumer<String> story;
    private @Nullable RunView last;
    private String told = "";
    private int submissions;

    Operator(World world, Consumer<String> story) {
        this.world = world;
        this.story = story;
    }

    /** The run as it was last seen; null: not yet. */
    @Nullable RunView last() {
        return last;
    }

    boolean ended() {
        return last != null && last.ended();
    }

    void look() {
        ActorRef<Coordinator.Command> coordinator = world.cluster.coordinator();
        if (coordinator != null) {
            RunView view = world.actors.ask(coordinator, Coordinator.GetRun::new);
            last = view;
            world.watch.view(view, world.nowMs());
            tell(view);
            if (view.state().equals("idle")) {
                submit(coordinator);
            } else if (!view.state().equals("discovering")) { // orders are answered later there
                order(coordinator, view);
            }
        }
        world.after(LOOK_MS, this::look);
    }

    private void submit(ActorRef<Coordinator.Command> coordinator) {
        Scenario s = world.scenario;
        submissions++;
        RunPlan plan = RunPlan.of("run", "run-" + submissions, "", "1", s.lanes(), s.totalSteps())
                .withWorkers(s.minWorkers(), 0)
                .resuming(submissions > 1);
        ask(coordinator, to -> new Coordinator.Submit(plan, to));
    }

    private void order(ActorRef<Coordinator.Command> coordinator, RunView view) {
        if (world.pauses > 0 && UNDER_WAY.contains(view.state())) {
            ask(coordinator, to -> new Coordinator.Pause(WHY, to));
        } else if (world.pauses == 0 && view.state().equals("paused")) {
            ask(coordinator, Coordinator.Continue::new);
        }
        if (world.saveWanted) {
            world.saveWanted = false; // refused where the run cannot save now: then it is not asked again
            ask(coordinator, Coordinator.SaveNow::new);
        }
        for (Node node : world.nodes) {
            String state = view.workers().stream()
                    .filter(worker -> worker.name().equals(node.worker))
                    .map(WorkerView::state)
                    .findFirst()
                    .orElse("unknown");
            if (node.drains == 0 && state.equals("drained")) {
                ask(coordinator, to -> new Coordinator.Admit(node.worker, to));
            } else if (node.drains > 0 && !state.equals("drained") && !state.equals("unknown")) {
                ask(coordinator, to -> new Coordinator.Drain(node.worker, WHY, to));
            }
        }
    }

    private void ask(
            ActorRef<Coordinator.Command> coordinator,
            Function<ActorRef<Coordinator.Answer>, Coordinator.Command> order) {
        world.actors.ask(coordinator, order);
    }

    private void tell(RunView view) {
        String now = view.state() + ", generation " + view.generation() + ": " + view.reason();
        if (!now.equals(told)) {
            told = now;
            story.accept(String.format(Locale.ROOT, "%9.3f s  step %d, %s", world.nowMs() / 1e3, view.step(), now));
        }
    }
}
