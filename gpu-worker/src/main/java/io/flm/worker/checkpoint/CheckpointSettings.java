package io.flm.worker.checkpoint;

import com.typesafe.config.Config;

/**
 * {@code flm.checkpoint}: when the state is written and how much of it is kept.
 *
 * @param everySteps steps between checkpoints
 * @param keep newest checkpoints that are kept
 * @param keepEvery checkpoints whose step divides by this are kept for good; 0: none
 */
public record CheckpointSettings(long everySteps, int keep, long keepEvery) {
    public static CheckpointSettings from(Config root) {
        Config section = root.getConfig("flm.checkpoint");
        return new CheckpointSettings(
                section.getLong("every-steps"), section.getInt("keep"), section.getLong("keep-every"));
    }

    /** Whether a checkpoint is due when so many steps are committed. */
    public boolean isDue(long steps) {
        return steps > 0 && steps % everySteps == 0;
    }
}
