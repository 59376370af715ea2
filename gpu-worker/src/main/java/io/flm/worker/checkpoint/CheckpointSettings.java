package io.flm.worker.checkpoint;

import com.typesafe.config.Config;
import io.flm.data.UserException;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * {@code flm.checkpoint}: when the state is written and how much of it is kept.
 *
 * @param everySteps steps between checkpoints
 * @param keep newest checkpoints that are kept
 * @param keepEvery checkpoints whose step divides by this are kept for good; 0: none
 * @param keepAt steps whose checkpoints are written whatever the others say, and kept for good
 */
public record CheckpointSettings(long everySteps, int keep, long keepEvery, Set<Long> keepAt) {
    public CheckpointSettings {
        keepAt = Set.copyOf(keepAt);
    }

    public static CheckpointSettings from(Config root) {
        Config section = root.getConfig("flm.checkpoint");
        return new CheckpointSettings(
                section.getLong("every-steps"),
                section.getInt("keep"),
                section.getLong("keep-every"),
                section.getStringList("keep-at").stream()
                        .map(CheckpointSettings::step)
                        .collect(Collectors.toSet()));
    }

    private static long step(String text) {
        try {
            long step = Long.parseLong(text.strip());
            if (step > 0) {
                return step;
            }
        } catch (NumberFormatException e) {
            // told below
        }
        throw new UserException(
                "flm.checkpoint.keep-at: \"" + text + "\" is no step; give numbers from 1, such as [100, 1000]");
    }

    /** Whether a checkpoint is due when so many steps are committed. */
    public boolean isDue(long steps) {
        return steps > 0 && (steps % everySteps == 0 || keepAt.contains(steps));
    }

    /** Whether the checkpoint of a step is never deleted. */
    public boolean isKeptForGood(long step) {
        return keepAt.contains(step) || (keepEvery > 0 && step % keepEvery == 0);
    }
}
