package io.flm.launch.submit;

import io.flm.worker.AsyncTrainer.Head;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How a run ended, without a fault: those are thrown.
 *
 * @param steps committed steps, those before a resumption included
 * @param loss of the last committed step; null where none was committed
 * @param heads at that step, with the rates that were measured; empty where none was committed
 * @param samplesPerSecond of this process, over its steps
 * @param weightsSha256 over the flat fp32 parameters in their documented order, little-endian
 * @param checkpoint the newest; null where none was written
 * @param finished whether all steps are committed; else the run was stopped and can be resumed
 * @param reason why it ended
 */
public record RunResult(
        long steps,
        @Nullable Double loss,
        List<Head> heads,
        double samplesPerSecond,
        String weightsSha256,
        @Nullable Path checkpoint,
        boolean finished,
        String reason) {
    public RunResult {
        heads = List.copyOf(heads);
    }

    /** For {@code --json}; the evaluation's figures are put in where there is one. */
    public Map<String, @Nullable Object> toMap(Path run) {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("steps", steps);
        map.put("loss", loss);
        map.put("heads", heads);
        map.put("samplesPerSecond", samplesPerSecond);
        map.put("weightsSha256", weightsSha256);
        map.put("run", run.toString());
        map.put("checkpoint", checkpoint == null ? null : checkpoint.toString());
        map.put("heldOut", null);
        return map;
    }
}
