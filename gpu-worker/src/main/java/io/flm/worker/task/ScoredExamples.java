package io.flm.worker.task;

import io.flm.data.Examples;

/** Examples with all that their annotations say: what a task is scored on. Annotations are read once, {@link Task#scored}. */
public interface ScoredExamples {
    /** What the model is asked about. */
    Examples examples();

    /** Scores a fine-tuned model. */
    TaskReport score(TaskModel model, ScoringProgress progress);
}
