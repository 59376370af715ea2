package io.flm.launch.submit;

import io.flm.coordinator.RunView;
import java.nio.file.Path;
import java.util.List;

/** Is told how a run goes on, by the thread that follows it; it returns soon and throws nothing. */
public interface RunListener {
    /**
     * What is about to train.
     *
     * @param parameterCount of the model
     * @param workers one line each, such as {@code local-w1 cpu}
     * @param http {@code host:port} where the run is shown
     * @param firstStep 0, or where the checkpoint ends
     * @param origin where the state came from, such as {@code seed 1}
     */
    record Start(
            String objective,
            long parameterCount,
            List<String> workers,
            String http,
            long firstStep,
            long totalSteps,
            String origin) {}

    /** Training begins. */
    void onStart(Start start);

    /** The run as it stands, a few times a second; also when it has ended. */
    void onProgress(RunView view);

    /** A checkpoint that was asked for is on disk. */
    void onCheckpoint(Path checkpoint, long steps);

    /** A sentence for the user, such as why something takes longer. */
    void onNote(String note);
}
