package io.flm.launch.plan;

import com.fasterxml.jackson.databind.JsonNode;
import com.typesafe.config.Config;
import io.flm.data.FileErrors;
import io.flm.data.PlainText;
import io.flm.data.UserException;
import io.flm.launch.compare.StepCost;
import io.flm.launch.run.LastStatus;
import io.flm.launch.run.MetricsReader;
import io.flm.launch.run.RunFiles;
import io.flm.worker.train.TrainSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** Rates that were measured: of runs, and those that the documents tell. */
public final class Rates {
    private static final String RESULTS = "docs/results.md: ";

    /**
     * An H200: lanes of 128 and 256 samples of the headline model, of 80 GFLOP each, took 164 and 230 ms. So each takes 98 ms, and beside
     * that its operations by this rate. A lane of 512 samples of the mid model took 127 ms; by these figures it takes 105.
     */
    public static final Device H200 = new Device(
            new Rate(
                    128 * 80e9 / 0.066, RESULTS + "one H200, bf16, the headline model with 128 and 256 samples a lane"),
            new Rate(0.098, RESULTS + "what both took beside that: the start of kernels"));

    /** Gradients that the memory of a node adds up, in bytes a second: of both workers in what the exchange of a step took. */
    public static final Rate NODE_MEMORY =
            new Rate(2 * 1.4e9 / 0.476, RESULTS + "two workers on one H200, 1.4 GB each in 476 ms");

    private Rates() {}

    /**
     * How fast a device computes.
     *
     * @param flops operations a second
     * @param laneSeconds that each lane takes beside them, whatever its size
     */
    public record Device(Rate flops, Rate laneSeconds) {
        /** Of a rate in which all is. */
        public static Device of(Rate flops) {
            return new Device(flops, new Rate(0, "none beside that rate"));
        }
    }

    /**
     * What a worker of a run computes.
     *
     * @param device with all that a step of the run computes in its rate: forward, backward and optimizer
     * @param tokens of a text
     */
    public record OfRun(Device device, Rate tokens) {}

    /**
     * Reads the metrics of a run.
     *
     * @param config the run's own
     * @throws UserException where it has done no step, or it is not known how many workers did them
     */
    public static OfRun of(Path run, Config config) {
        List<JsonNode> steps = steps(run);
        StepCost cost = StepCost.of(steps, config);
        double seconds = StepCost.computeSeconds(steps);
        int workers = LastStatus.members(run);
        if (workers == 0) {
            throw new UserException(run + ": its status.json does not tell how many workers trained it;"
                    + " give --tflops in place of --from, or another run");
        }
        double texts = cost.samples() * TrainSettings.from(config).objective().rowsPerText();
        String source = String.format(
                Locale.ROOT,
                "measured: the steps of %s, %d worker%s",
                PlainText.of(String.valueOf(run.getFileName())),
                workers,
                workers == 1 ? "" : "s");
        if (!(cost.flop() > 0 && seconds > 0 && cost.tokens() > 0)) {
            throw new UserException(
                    run + ": its metrics tell no rate; give a run that has done some steps, or --tflops");
        }
        return new OfRun(
                Device.of(new Rate(cost.flop() / seconds / workers, source)), new Rate(cost.tokens() / texts, source));
    }

    private static List<JsonNode> steps(Path run) {
        Path file = RunFiles.metricsOf(run);
        try {
            return MetricsReader.steps(file);
        } catch (IOException e) {
            throw new UserException(
                    file + ": cannot be read (" + FileErrors.reason(e) + "); give a run that has done some steps", e);
        }
    }
}
