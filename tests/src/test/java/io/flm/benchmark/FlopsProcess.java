package io.flm.benchmark;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.flm.worker.model.ModelSettings;
import io.flm.worker.model.StepFlops;
import java.io.File;

/**
 * Prints what {@link StepFlops} says of a model, for {@code tests/benchmark/flops.py}:
 *
 * <pre>
 *   CONFIG three|one ROWS LENGTH PREDICTIONS   arguments; three: both streams and the reconstructor
 * </pre>
 */
public final class FlopsProcess {
    private FlopsProcess() {}

    public static void main(String[] arguments) {
        Config config = ConfigFactory.parseFile(new File(arguments[0]))
                .withFallback(ConfigFactory.defaultReference())
                .resolve();
        double rows = Double.parseDouble(arguments[2]);
        System.out.println(StepFlops.of(
                ModelSettings.from(config),
                new StepFlops.Work(
                        arguments[1].equals("three"),
                        rows,
                        rows,
                        Double.parseDouble(arguments[3]),
                        Double.parseDouble(arguments[4]))));
    }
}
