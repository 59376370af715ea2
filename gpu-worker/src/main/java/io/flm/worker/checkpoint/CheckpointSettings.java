package io.flm.worker.checkpoint;

import com.typesafe.config.Config;
import io.flm.data.UserException;

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
                atLeast("every-steps", section.getLong("every-steps"), 1),
                Math.toIntExact(Math.min(Integer.MAX_VALUE, atLeast("keep", section.getLong("keep"), 1))),
                atLeast("keep-every", section.getLong("keep-every"), 0));
    }

    /** Whether a checkpoint is due when so many steps are committed. */
    public boolean isDue(long steps) {
        return steps > 0 && steps % everySteps == 0;
    }

    private static long atLeast(String key, long value, long least) {
        if (value < least) {
            throw new UserException("flm.checkpoint." + key + " = " + value + ": give at least " + least);
        }
        return value;
    }
}
