package io.flm.launch;

import io.flm.data.Objective;
import io.flm.exchange.StepTotals;
import io.flm.worker.StepResult;
import java.util.ArrayList;
import java.util.List;

/** Runs that train nothing: they tell of steps that the test chose, or fail as it says. */
final class ScriptedRun implements Pretraining.Starter {
    private final List<RunRequest> requests = new ArrayList<>();
    private final List<Throwable> onStart = new ArrayList<>();
    private final List<Throwable> onAwait = new ArrayList<>();

    /** What was asked for, in order. */
    List<RunRequest> requests() {
        return requests;
    }

    void failOnStart(Throwable failure) {
        onStart.add(failure);
    }

    void failOnAwait(Throwable failure) {
        onAwait.add(failure);
    }

    @Override
    public Pretraining start(RunRequest request, RunListener listener) {
        requests.add(request);
        raise(onStart);
        return new Pretraining() {
            @Override
            public void stop(String reason) {}

            @Override
            public RunResult await() {
                raise(onAwait);
                long steps = request.config().getLong("flm.train.steps");
                listener.onStart(new RunListener.Start(
                        Objective.FLM, 1000, List.of("worker-1 cpu"), "127.0.0.1", 1, 0, steps, "seed 1"));
                for (long step = 0; step < steps; step++) {
                    listener.onStep(step(step));
                }
                return new RunResult(steps, 2.5, 100, "ab", null, true, "all steps are committed");
            }

            @Override
            public void close() {}
        };
    }

    private static StepResult step(long step) {
        StepTotals totals =
                new StepTotals(new long[] {1, 1, 1}, new double[] {2, 2, 2}, new long[] {1, 0, 0}, 10, 4, false);
        return new StepResult(step, 2.5, totals, 1e-3, new StepResult.Times(1, 2, 3, 4, 5));
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
