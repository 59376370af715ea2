package io.flm.launch;

import io.flm.data.Objective;
import io.flm.worker.StepResult;
import java.nio.file.Path;
import java.util.List;

/** Is told how a run goes on, by whatever thread made it so; it returns soon and throws nothing. */
interface RunListener {
    /**
     * What is about to train.
     *
     * @param parameterCount of the model
     * @param workers one line each, such as {@code worker-1 cpu}
     * @param httpPort where the run is shown
     * @param firstStep 0, or where the checkpoint ends
     * @param origin where the state came from, such as {@code seed 1} or the checkpoint's path
     */
    record Start(
            Objective objective,
            long parameterCount,
            List<String> workers,
            String httpHost,
            int httpPort,
            long firstStep,
            long totalSteps,
            String origin) {}

    /** Training begins. */
    void onStart(Start start);

    /** A step was committed; called in the order of steps, on the trainer thread of rank 0. */
    void onStep(StepResult result);

    /** A checkpoint is on disk. */
    void onCheckpoint(Path checkpoint, long steps);

    /** A sentence for the user, such as why something takes longer. */
    void onNote(String note);
}
