package io.flm.benchmark;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.flm.worker.model.ModelParts.Classifier;
import io.flm.worker.model.ModelSettings;
import io.flm.worker.model.StepFlops;
import java.io.File;
import java.util.List;

/**
 * Prints what {@link StepFlops} says of a model, for {@code tests/benchmark/flops.py}:
 *
 * <pre>
 *   CONFIG three|one ROWS LENGTH PREDICTIONS   arguments; three: both streams and the reconstructor
 *   wide|plain JOINED OUTPUTS CLASSROWS        and where a classifier reads class vectors
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
                        Double.parseDouble(arguments[4]),
                        classifiers(arguments),
                        arguments.length > 5 ? Double.parseDouble(arguments[8]) : 0)));
    }

    private static List<Classifier> classifiers(String[] arguments) {
        return arguments.length > 5
                ? List.of(new Classifier(
                        "",
                        arguments[5].equals("wide"),
                        Integer.parseInt(arguments[6]),
                        Integer.parseInt(arguments[7])))
                : List.of();
    }
}
