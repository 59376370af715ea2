package io.flm.launch;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * How a run ended, without a fault: those are thrown.
 *
 * @param steps committed steps, those before a resumption included
 * @param loss of the last committed step; null where none was committed
 * @param samplesPerSecond of this process, over its steps
 * @param weightsSha256 over the flat fp32 parameters in their documented order, little-endian
 * @param checkpoint the newest; null where none was written
 * @param finished whether all steps are committed; else the run was stopped and can be resumed
 * @param reason why it ended
 */
record RunResult(
        long steps,
        @Nullable Double loss,
        double samplesPerSecond,
        String weightsSha256,
        @Nullable Path checkpoint,
        boolean finished,
        String reason) {}
