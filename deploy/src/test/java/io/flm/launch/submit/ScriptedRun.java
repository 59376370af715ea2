package io.flm.launch.submit;

import io.flm.coordinator.RunView;
import io.flm.worker.AsyncTrainer.Head;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Runs that train nothing: they tell of steps that the test chose, or fail as it says. */
public final class ScriptedRun implements Pretraining.Starter {
    private final List<RunRequest> requests = new ArrayList<>();
    private final List<Throwable> onStart = new ArrayList<>();
    private final List<Throwable> onBegin = new ArrayList<>();
    private final List<Throwable> onAwait = new ArrayList<>();
    private @Nullable Path checkpoint;
    private boolean stopped;
    private boolean late;
    private int open;

    /** What was asked for, in order. */
    public List<RunRequest> requests() {
        return requests;
    }

    public void failOnStart(Throwable failure) {
        onStart.add(failure);
    }

    public void failOnBegin(Throwable failure) {
        onBegin.add(failure);
    }

    public void failOnAwait(Throwable failure) {
        onAwait.add(failure);
    }

    /** What the runs name as theirs, from now on. */
    public void endWith(Path newCheckpoint) {
        checkpoint = newCheckpoint;
    }

    /** From now on runs end before their last step. */
    public void endStopped() {
        stopped = true;
    }

    /** From now on the time limit comes before the first step. */
    public void endBeforeTheFirstStep() {
        late = true;
    }

    /** How many runs were started and not closed. */
    public int open() {
        return open;
    }

    @Override
    public Pretraining start(RunRequest request, RunListener listener) {
        requests.add(request);
        raise(onStart);
        open++;
        return new Pretraining() {
            @Override
            public boolean begin() {
                raise(onBegin);
                return true;
            }

            @Override
            public void stop(String reason) {}

            @Override
            public RunResult await() {
                raise(onAwait);
                if (late) {
                    return new RunResult(0, null, List.of(), 0, "", null, true, "the time limit is reached");
                }
                long steps = request.config().getLong("flm.train.steps");
                listener.onStart(
                        new RunListener.Start("flm", 1000, List.of("local-w1 cpu"), "127.0.0.1:1", 0, steps, "seed 1"));
                for (long step = 1; step <= steps; step++) {
                    listener.onProgress(view(step, steps));
                }
                return new RunResult(
                        steps,
                        2.5,
                        view(steps, steps).heads(),
                        100,
                        "ab",
                        checkpoint,
                        !stopped,
                        "all steps are committed");
            }

            @Override
            public void close() {
                open--;
            }
        };
    }

    /** A run after so many steps. */
    public static RunView view(long step, long total) {
        return new RunView(
                "r",
                "id",
                step < total ? "training" : "finished",
                "all members joined",
                1,
                step,
                total,
                2.5,
                List.of(
                        new Head("rec", 2, 0.5, 1.0, 0.3),
                        new Head("l2r", 3, 0.5, 0.9, 0.5),
                        new Head("r2l", 2, 0.5, 0.9, 0.5)),
                32,
                100,
                null,
                null,
                1,
                0,
                null,
                null,
                List.of(),
                List.of());
    }

    /** What a node says before a run is submitted to it. */
    public static RunView idle() {
        return new RunView(
                "",
                "",
                "idle",
                "no run was submitted yet",
                0,
                0,
                0,
                null,
                List.of(),
                0,
                0,
                null,
                null,
                0,
                0,
                null,
                null,
                List.of(),
                List.of());
    }

    private static void raise(List<Throwable> failures) {
        if (failures.isEmpty()) {
            return;
        }
        Throwable failure = failures.remove(0);
        if (failure instanceof Error error) {
            throw error;
        }
        throw (RuntimeException) failure;
    }
}
